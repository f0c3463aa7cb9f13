"""The small files of our own run directory, each read again only when it changed.

Every entry falls back on its own: a wrong type costs that entry and says so.

Source: docs/format.md, `tailboard.layout`.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeVar

from tailboard import layout
from tailboard_tui.files.follow import LineFollower
from tailboard_tui.files.opening import SMALL_FILE_LIMIT_BYTES, read_small
from tailboard_tui.formats.base import Alert, Finish, Git, MetricDef, Problem, Value
from tailboard_tui.formats.flat import flatten
from tailboard_tui.formats.jsonlines import SPECIAL, read_object

ALERTS_KEPT = 1000
PINS_KEPT = 10_000
PROBLEMS_KEPT = 50
"""Of one file: a run that repeats itself for days must not fill the memory."""

_JOURNAL_BYTES = 4 * 1024 * 1024
"""Read of one journal per look; the rest follows at the next."""

_LARGEST = 1e300
"""Of a number that is no mistake; integers beyond floats end here too."""

_LEVELS: dict[str | None, Literal["info", "warning", "error"]] = {"warning": "warning", "error": "error"}
_GOALS: dict[str | None, Literal["minimize", "maximize"]] = {"minimize": "minimize", "maximize": "maximize"}
_STATUSES: dict[str | None, Literal["finished", "failed", "killed"]] = {
    layout.FINISHED: "finished",
    layout.FAILED: "failed",
    layout.KILLED: "killed",
}

T = TypeVar("T")


class Stamp(NamedTuple):
    """What tells that a file changed."""

    inode: int
    size_bytes: int
    modified_ns: int


class Entry:
    """Typed access to one JSON object, noting what has the wrong type."""

    def __init__(
        self, data: Mapping[str, object], file: str, line: int | None, problems: list[Problem]
    ) -> None:
        self._data, self._file, self._line, self._problems = data, file, line, problems

    def text(self, key: str) -> str | None:
        """Text under `key`, or None."""
        return self._get(key, str, "text")

    def number(self, key: str) -> float | None:
        """A finite number under `key`, or None."""
        value = self._data.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST:
            return float(value)
        if value is not None:
            self._wrong(key, "a number")
        return None

    def integer(self, key: str) -> int | None:
        """An integer of at most 64 bits under `key`, or None."""
        value = self.number(key)
        return int(value) if value is not None and abs(value) < 2**63 else None

    def truth(self, key: str) -> bool | None:
        """True or false under `key`, or None."""
        return self._get(key, bool, "true or false")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts under `key`, or one text; else empty."""
        value = self._data.get(key)
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list):
            return tuple(str(item) for item in value if isinstance(item, str | int | float))
        if value is not None:
            self._wrong(key, "a list of texts")
        return ()

    def inner(self, key: str) -> Entry:
        """The object under `key`, or an empty one."""
        return Entry(self._get(key, dict, "an object") or {}, self._file, self._line, self._problems)

    def flat(self) -> dict[str, Value]:
        """All of it, nested keys joined with dots."""
        return flatten(self._data)

    def _get(self, key: str, kind: type[T], name: str) -> T | None:
        value = self._data.get(key)
        if isinstance(value, kind):
            return value
        if value is not None:
            self._wrong(key, name)
        return None

    def _wrong(self, key: str, name: str) -> None:
        if len(self._problems) < PROBLEMS_KEPT:
            self._problems.append(Problem(self._file, self._line, f"{key} is not {name}"))


class JsonFile:
    """One file that is rewritten by rename and holds one object."""

    def __init__(self, directory: str, name: str) -> None:
        self._path, self._name = os.path.join(directory, name), name
        self._stamp: Stamp | None = None
        self.data: Mapping[str, object] = {}
        self.problems: list[Problem] = []

    def update(self, stamp: Stamp | None) -> bool:
        """Read the file when `stamp` differs from the last one; None: there is none. True when read."""
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        self.data, self.problems = {}, []
        if stamp is None:
            return True
        found = self._read()
        if isinstance(found, str):
            self.problems.append(Problem(self._name, None, found))
        else:
            self.data = found
        return True

    def _read(self) -> dict[str, object] | str:
        try:
            data = read_small(self._path)
        except OSError as error:
            return error.strerror or str(error)
        if len(data) >= SMALL_FILE_LIMIT_BYTES:
            return f"larger than {SMALL_FILE_LIMIT_BYTES >> 20} MiB: not read"
        data = data.removeprefix(b"\xef\xbb\xbf")
        return read_object(data) if data.strip(b"\0 \r\n\t") else "empty"


class Journal:
    """A small file of JSON lines that only grows; each new object goes to `add`."""

    def __init__(
        self, directory: str, name: str, add: Callable[[Entry], None], clear: Callable[[], None]
    ) -> None:
        self._name, self._add, self._clear = name, add, clear
        self._file = LineFollower(os.path.join(directory, name), keep_open=False)
        self._stamp: Stamp | None = None
        self.problems: list[Problem] = []

    def update(self, stamp: Stamp | None) -> bool:
        """Read what is new when `stamp` differs from the last one. True when something was read."""
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        left = _JOURNAL_BYTES
        while left > 0:
            block = self._file.poll(left)
            if block.reset:
                self.problems = []
                self._clear()
            for line in block.too_long:
                self._complain(line, "line too long")
            left -= max(len(block.data), 1)
            for line, text in enumerate(block.data.split(b"\n")[:-1], block.first_line):
                self._read(line, text)
            if not block.more:
                break
        else:
            self._stamp = None
        if self._file.file.problem and stamp is not None:
            self._complain(None, self._file.file.problem)
        return True

    def _read(self, line: int, text: bytes) -> None:
        if not text or text.isspace():
            return
        found = read_object(text)
        if isinstance(found, str):
            self._complain(line, found)
        else:
            self._add(Entry(found, self._name, line, self.problems))

    def _complain(self, line: int | None, message: str) -> None:
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(Problem(self._name, line, message))


class Events:
    """What events.jsonl tells."""

    finish: Finish | None
    alerts: deque[Alert]
    metric_defs: dict[str, MetricDef]
    warnings: deque[Problem]
    last_time: float | None

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all: the file is another."""
        self.finish = self.last_time = None
        self.alerts = deque(maxlen=ALERTS_KEPT)
        self.metric_defs = {}
        self.warnings = deque(maxlen=PROBLEMS_KEPT)

    def add(self, entry: Entry) -> None:
        """Take one event into account."""
        kind, time = entry.text("event"), entry.number("time")
        if time is not None:
            self.last_time = max(time, self.last_time or time)
        if kind in (layout.START, layout.RESUME):
            self.finish = None
        elif kind == layout.FINISH:
            self.finish = _finish(entry, time)
        elif kind == layout.ALERT:
            self.alerts.append(_alert(entry, time))
        elif kind == layout.METRIC_DEFINED:
            defined = _metric_def(entry)
            self.metric_defs[defined.name] = defined
        elif kind == layout.WARNING:
            self.warnings.append(Problem(layout.EVENTS, None, entry.text("message") or "warning"))


def _alert(entry: Entry, time: float | None) -> Alert:
    return Alert(
        math.nan if time is None else time,
        entry.text("title") or "",
        entry.text("text") or "",
        _LEVELS.get(entry.text("level"), "info"),
    )


def _metric_def(entry: Entry) -> MetricDef:
    return MetricDef(
        entry.text("name") or "",
        entry.text("step_metric"),
        entry.text("summary"),
        _GOALS.get(entry.text("goal")),
    )


def _finish(entry: Entry, time: float | None) -> Finish | None:
    status = _STATUSES.get(entry.text("status"))
    if status is None:
        return None
    return Finish(time, status, entry.integer("exit_code"), entry.text("error"))


@dataclass
class Annotations:
    """What annotations.jsonl says last of each entry."""

    name: str | None = None
    tags: tuple[str, ...] | None = None
    notes: str | None = None

    def add(self, entry: Entry) -> None:
        """Take one line into account: later lines win."""
        found = entry.flat()
        if "name" in found:
            self.name = entry.text("name")
        if "tags" in found:
            self.tags = entry.texts("tags")
        if "notes" in found:
            self.notes = entry.text("notes")

    def clear(self) -> None:
        """Forget all: the file is another."""
        self.name = self.tags = self.notes = None


def git_of(entry: Entry) -> Git:
    """The `git` object of run.json."""
    return Git(entry.text("commit"), entry.text("branch"), entry.text("remote"), entry.truth("dirty"))


def with_numbers(values: Mapping[str, Value]) -> dict[str, Value]:
    """Summary values with the strings for NaN and infinities as the numbers that they stand for."""
    return {
        key: SPECIAL.get(value, value) if isinstance(value, str) else value for key, value in values.items()
    }
