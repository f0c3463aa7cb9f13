"""The small files of our own run directory as typed structs, each read again only when it changed.

A file is decoded in one step; where an entry has the wrong type, entry by entry, so that it costs
itself only and says so.

Source: docs/format.md, `tailboard.layout`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, TypeVar, get_type_hints

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from tailboard_tui.files.follow import LineFollower
from tailboard_tui.files.opening import SMALL_FILE_LIMIT_BYTES, read_with_state
from tailboard_tui.formats.base import Git, Problem
from tailboard_tui.formats.jsonvalue import read_object

PROBLEMS_KEPT = 50
"""Of one file: a run that repeats itself for days must not fill the memory."""

_WHOLE_BYTES = 64 * 1024
"""A journal up to this size is read whole when it changed; a larger one is followed."""

_JOURNAL_BYTES = 4 * 1024 * 1024
"""Read of one journal per look; the rest follows at the next."""

Stamp = tuple[int, int, int]
"""Inode, size in bytes, time of the last write in ns: what tells that a file changed."""

UNASKED: Stamp = (-1, -1, -1)
"""Of a file that is there and was never read: opening it tells its stamp, which spares asking for it."""


def stamp_of(state: os.stat_result) -> Stamp:
    """The stamp of a file in this state."""
    return state.st_ino, state.st_size, state.st_mtime_ns


def asked(stamp: Stamp, path: str) -> Stamp | None:
    """The stamp of a file that cannot be read; None when it is gone."""
    if stamp != UNASKED:
        return stamp
    try:
        return stamp_of(os.stat(path, follow_symlinks=False))
    except OSError:
        return None


Moment = Annotated[float, Meta(ge=0, le=2.5e11)]
"""Unix seconds, at most in the year 9892: what dates can show."""

Integer = Annotated[int, Meta(ge=-(2**62), le=2**62)]


class ConvertedFrom(Struct):
    """What `tailboard convert` says in run.json of the run that it read."""

    source: str | None = None


class RunFile(Struct):
    """run.json."""

    format: Any = None
    id: str | None = None
    name: str | None = None
    project: str | None = None
    group: str | None = None
    job_type: str | None = None
    tags: list[str] | str | None = None
    notes: str | None = None
    created: Moment | None = None
    command: str | list[str] | None = None
    cwd: str | None = None
    host: str | None = None
    user: str | None = None
    pid: Integer | None = None
    boot_id: str | None = None
    process_start: Moment | None = None
    python: str | None = None
    platform: str | None = None
    seed: Integer | None = None
    git: Git | None = None
    hardware: dict[str, Any] | None = None
    resumed_from: str | None = None
    converted_from: ConvertedFrom | None = None


class Event(Struct):
    """One line of events.jsonl: the entries of all kinds of events."""

    event: str | None = None
    time: Moment | None = None
    status: str | None = None
    exit_code: Integer | None = None
    error: str | None = None
    title: str | None = None
    text: str | None = None
    level: str | None = None
    name: str | None = None
    step_metric: str | None = None
    summary: str | None = None
    goal: str | None = None
    message: str | None = None


class Note(Struct):
    """One line of annotations.jsonl."""

    name: str | UnsetType | None = UNSET
    tags: list[str] | UnsetType | None = UNSET
    notes: str | UnsetType | None = UNSET
    star: bool | UnsetType | None = UNSET
    hidden: bool | UnsetType | None = UNSET


T = TypeVar("T")

_NOTHING: Sequence[str] = ()


class Shape(Generic[T]):
    """What a file or a line holds: decodes it, entry by entry where it must."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._decode = msgspec.json.Decoder(kind).decode
        self._entries: dict[str, Any] = {}
        if isinstance(kind, type):  # not so for `dict[str, Any]`, which has no entries of its own
            self._entries = get_type_hints(kind, include_extras=True)

    def read(self, data: bytes) -> tuple[T | None, Sequence[str]]:
        """What `data` holds, and what is wrong with it; None where it is no JSON object at all."""
        try:
            return self._decode(data), _NOTHING
        except (ValueError, RecursionError):
            found = read_object(data)
        return (None, [found]) if isinstance(found, str) else self._by_entry(found)

    def _by_entry(self, found: Mapping[str, object]) -> tuple[T, list[str]]:
        """Those entries of `found` that have the right type."""
        if not self._entries:
            return msgspec.convert(found, self._kind), []
        values: dict[str, object] = {}
        wrong: list[str] = []
        for name, kind in self._entries.items():
            value = found.get(name)
            if value is None:
                continue
            try:
                values[name] = msgspec.convert(value, kind)
            except (ValueError, RecursionError) as error:
                if isinstance(value, dict) and kind == Git | None:
                    values[name], inner = GIT._by_entry(value)
                    wrong += [f"{name}.{message}" for message in inner]
                else:
                    wrong.append(f"{name}: {error}")
        return self._kind(**values), wrong


GIT = Shape(Git)
RUN_FILE = Shape(RunFile)
EVENT = Shape(Event)
NOTE = Shape(Note)
OBJECT = Shape(dict[str, Any])


class SmallFile(Generic[T]):
    """One file that is rewritten by rename and holds one object."""

    __slots__ = ("_name", "_path", "_shape", "_stamp", "found", "problems")

    def __init__(self, path: str, name: str, shape: Shape[T]) -> None:
        self._path, self._name, self._shape = path, name, shape
        self._stamp: Stamp | None = None
        self.found: T | None = None
        self.problems: Sequence[Problem] = ()

    def update(self, stamp: Stamp | None) -> Stamp | None:
        """Read the file if `stamp` differs from the last one; None: there is none. Gives its stamp."""
        if stamp != self._stamp:
            self.found, messages = None, _NOTHING
            if stamp is not None:
                stamp, self.found, messages = self._read(stamp)
            self._stamp = stamp
            self.problems = [Problem(self._name, None, message) for message in messages]
        return stamp

    def _read(self, stamp: Stamp) -> tuple[Stamp | None, T | None, Sequence[str]]:
        path = f"{self._path}/{self._name}"
        try:
            data, state = read_with_state(path, SMALL_FILE_LIMIT_BYTES - 1)
        except OSError as error:
            return asked(stamp, path), None, [error.strerror or str(error)]
        stamp = stamp_of(state)
        if len(data) < state.st_size >= SMALL_FILE_LIMIT_BYTES:
            return stamp, None, [f"larger than {SMALL_FILE_LIMIT_BYTES >> 20} MiB: not read"]
        found, messages = self._shape.read(data)
        if found is None:  # what a crash or an editor leaves around an object
            data = data.removeprefix(b"\xef\xbb\xbf").strip(b"\0 \r\n\t")
            found, messages = self._shape.read(data) if data else (None, ["empty"])
        return stamp, found, messages


class Journal(Generic[T]):
    """A small file of JSON lines that only grows; each new object goes to `add`."""

    __slots__ = ("_add", "_clear", "_file", "_name", "_path", "_shape", "_stamp", "problems")

    def __init__(
        self, path: str, name: str, shape: Shape[T], add: Callable[[T], None], clear: Callable[[], None]
    ) -> None:
        self._path, self._name, self._shape = path, name, shape
        self._add, self._clear = add, clear
        self._stamp: Stamp | None = None
        self._file: LineFollower | None = None
        self.problems: list[Problem] = []

    def update(self, stamp: Stamp | None) -> Stamp | None:
        """Read what is new if `stamp` differs from the last one; None: there is no file. Gives its stamp."""
        if stamp != self._stamp:
            self._stamp = self._follow(stamp) if self._file is not None else self._read_whole(stamp)
        return self._stamp

    def _begin(self) -> None:
        self.problems = []
        self._clear()

    def _read_whole(self, stamp: Stamp | None) -> Stamp | None:
        """Read a journal from its start, as long as it is short."""
        self._begin()
        if stamp is None:
            return None
        path = f"{self._path}/{self._name}"
        try:
            data, state = read_with_state(path, _WHOLE_BYTES)
        except OSError as error:
            self._complain(None, error.strerror or str(error))
            return asked(stamp, path)
        if state.st_size > _WHOLE_BYTES:
            self._file = LineFollower(path, keep_open=False)
            return self._follow(stamp_of(state))
        self._read(data[: data.rfind(b"\n") + 1].replace(b"\0", b""), 1)
        return stamp_of(state)

    def _follow(self, stamp: Stamp | None) -> Stamp | None:
        """Read what was added to a long one; the stamp is none that a file has while there is more."""
        assert self._file is not None
        left = _JOURNAL_BYTES
        while left > 0:
            block = self._file.poll(left)
            if block.reset:
                self._begin()
            for line in block.too_long:
                self._complain(line, "line too long")
            self._read(block.data, block.first_line)
            left -= max(len(block.data), 1)
            if not block.more:
                return stamp
        return UNASKED

    def _read(self, lines: bytes, first_line: int) -> None:
        read, add = self._shape.read, self._add
        for number, line in enumerate(lines.split(b"\n")[:-1], first_line):
            if line and not line.isspace():
                found, messages = read(line.removeprefix(b"\xef\xbb\xbf"))
                for message in messages:
                    self._complain(number, message)
                if found is not None:
                    add(found)

    def _complain(self, line: int | None, message: str) -> None:
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(Problem(self._name, line, message))
