"""The facts of a run in our own format, from its small files and the ends of its metrics.

Source: docs/format.md, `tailboard.layout`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import UNSET

from tailboard import layout
from tailboard_tui.formats.base import Alert, Finish, Git, LogFile, MetricDef, Problem, RunFacts, Value
from tailboard_tui.formats.flat import flatten
from tailboard_tui.formats.jsonvalue import SPECIAL
from tailboard_tui.formats.native_files import (
    EVENT,
    NOTE,
    OBJECT,
    PROBLEMS_KEPT,
    RUN_FILE,
    UNASKED,
    Event,
    Journal,
    Note,
    RunFile,
    SmallFile,
    Stamp,
    stamp_of,
)
from tailboard_tui.formats.native_tail import Last, Tail

ALERTS_KEPT = 1000
PINS_KEPT = 10_000

_RANK_DIGITS = 10

_READ_FILES = frozenset(
    {layout.RUN, layout.CONFIG, layout.METRICS, layout.SYSTEM, layout.EVENTS, layout.SUMMARY}
)
_RUN_FILES = _READ_FILES | {layout.OUTPUT}
_LEVELS: dict[str | None, Literal["info", "warning", "error"]] = {"warning": "warning", "error": "error"}
_GOALS: dict[str | None, Literal["minimize", "maximize"]] = {"minimize": "minimize", "maximize": "maximize"}
_STATUSES: dict[str | None, Literal["finished", "failed", "killed"]] = {
    layout.FINISHED: "finished",
    layout.FAILED: "failed",
    layout.KILLED: "killed",
}


class NativeFacts:
    """What the files of one run directory tell without its points; only changed files are read."""

    __slots__ = (
        "_config",
        "_events",
        "_facts",
        "_notes",
        "_parts",
        "_path",
        "_pins",
        "_run",
        "_seen",
        "_stamps",
        "_summary",
    )
    # ten thousand of these are kept

    def __init__(self, path: str) -> None:
        self._path = path
        self._run = SmallFile(path, layout.RUN, RUN_FILE)
        self._config = SmallFile(path, layout.CONFIG, OBJECT)
        self._summary = SmallFile(path, layout.SUMMARY, OBJECT)
        self._parts: dict[str, SmallFile[Any] | Journal[Any] | Tail] = {
            layout.RUN: self._run,
            layout.CONFIG: self._config,
            layout.SUMMARY: self._summary,
        }
        self._events = _Events()
        self._notes: _Notes | None = None
        self._pins: list[Mapping[str, Value]] = []
        self._stamps: dict[str, Stamp] = {}
        self._facts: RunFacts | None = None
        self._seen: object = None

    def facts(self, texts: Mapping[str, str], problems: Iterable[Problem]) -> RunFacts:
        """The facts now.

        Args:
            texts: What was logged as text, last of each name.
            problems: Found in the points, beyond those that chunks tell.
        """
        stamps, wrong = self._list()
        wrong += problems
        seen = (wrong, texts)
        if self._facts is None or stamps != self._stamps or seen != self._seen:
            self._seen = seen
            self._read(stamps)
            self._facts = self._describe(self._stamps, wrong, texts)
        return self._facts

    def point_files(self) -> set[str]:
        """Names of the files of points that have been seen."""
        return {name for name, part in self._parts.items() if isinstance(part, Tail)}

    def _list(self) -> tuple[dict[str, Stamp], list[Problem]]:
        """The regular files of the directory, and what is wrong with those of our names."""
        stamps: dict[str, Stamp] = {}
        wrong: list[Problem] = []
        known = self._stamps
        try:
            with os.scandir(self._path) as entries:
                for entry in entries:
                    name = entry.name
                    try:
                        if not entry.is_file(follow_symlinks=False):
                            if name in _RUN_FILES:
                                wrong.append(Problem(name, None, "not a regular file"))
                        elif name in _READ_FILES and name not in known:
                            stamps[name] = UNASKED
                        else:
                            stamps[name] = stamp_of(entry.stat(follow_symlinks=False))
                    except OSError:
                        continue  # gone since it was listed
        except OSError as error:
            wrong.append(Problem(".", None, error.strerror or str(error)))
        return stamps, wrong

    def _read(self, stamps: Mapping[str, Stamp]) -> None:
        """Read what changed, and keep the stamps under which everything is read now."""
        now: dict[str, Stamp] = {}
        for name, stamp in stamps.items():
            part = self._parts.get(name) or self._new_part(name)
            found = stamp if part is None else part.update(stamp)
            if found is not None:
                now[name] = found
        for name, part in self._parts.items():
            if name not in stamps:
                part.update(None)
        self._stamps = now

    def _new_part(self, name: str) -> Journal[Any] | Tail | None:
        """What reads a file that was not there before; None for files that tell nothing by themselves."""
        part: Journal[Any] | Tail
        if name == layout.EVENTS:
            part = Journal(self._path, name, EVENT, self._events.add, self._events.clear)
        elif name == layout.ANNOTATIONS:
            self._notes = _Notes()
            part = Journal(self._path, name, NOTE, self._notes.add, self._notes.clear)
        elif name == layout.ARTIFACTS:
            part = Journal(self._path, name, OBJECT, self._pin, self._pins.clear)
        elif clock_of(name) is not None:
            part = Tail(self._path, name)
        else:
            return None
        self._parts[name] = part
        return part

    def _describe(
        self, stamps: Mapping[str, Stamp], wrong: list[Problem], texts: Mapping[str, str]
    ) -> RunFacts:
        run = self._run.found or _NO_RUN
        events, notes = self._events, self._notes or _NO_NOTES
        is_sound = run.id is not None and layout.is_run_id(run.id)
        run_id = run.id if is_sound and run.id is not None else self._path.rpartition("/")[2]
        last, last_time, size_bytes = _NO_LAST, events.last_time, 0
        for name, part in self._parts.items():
            if isinstance(part, Tail):
                last = part.last if name == layout.METRICS else last
                last_time = _later(last_time, part.last.time)
                size_bytes += stamps[name][1] if name in stamps else 0
        return RunFacts(
            id=run_id,
            name=notes.name or run.name or run_id,
            source="tailboard",
            path=self._path,
            project=run.project,
            group=run.group,
            job_type=run.job_type,
            tags=_texts(run.tags) if notes.tags is None else notes.tags,
            notes=run.notes if notes.notes is None else notes.notes,
            star=notes.star,
            is_hidden=notes.is_hidden,
            created=run.created,
            command=" ".join(_texts(run.command)) or None,
            cwd=run.cwd,
            host=run.host,
            user=run.user,
            pid=run.pid,
            boot_id=run.boot_id,
            process_start=run.process_start,
            python=run.python,
            platform=run.platform,
            seed=run.seed,
            git=run.git or _NO_GIT,
            hardware=flatten(run.hardware) if run.hardware else {},
            resumed_from=run.resumed_from,
            converted_from=run.converted_from.source if run.converted_from else None,
            config=flatten(self._config.found) if self._config.found else {},
            summary={**texts, **_with_numbers(flatten(self._summary.found or {}))},
            metric_defs=tuple(events.metric_defs.values()),
            finish=_unless_newer(events.finish, last.time),
            alerts=events.alerts,
            log_files=_log_files(self._path, stamps),
            diff_path=f"{self._path}/{layout.GIT_DIFF}" if layout.GIT_DIFF in stamps else None,
            packages_path=f"{self._path}/{layout.PACKAGES}" if layout.PACKAGES in stamps else None,
            artifacts=tuple(self._pins),
            last_step=last.step,
            last_values=last.values,
            last_time=last_time,
            size_bytes=size_bytes,
            modified=max([stamp[2] for stamp in stamps.values()]) / 1e9 if stamps else None,
            problems=(*wrong, *self._problems(run, is_sound)),
        )

    def _problems(self, run: RunFile, has_sound_id: bool) -> list[Problem]:
        found: list[Problem] = []
        if isinstance(run.format, int) and run.format > layout.FORMAT:
            message = f"written by a newer tailboard (format {run.format}): some of it may be missing here"
            found.append(Problem(layout.RUN, None, message))
        if run.id is not None and not has_sound_id:
            found.append(Problem(layout.RUN, None, "id is not a valid run id"))
        for part in self._parts.values():
            found += part.problems
        found += self._events.warnings
        return found

    def _pin(self, pin: Mapping[str, object]) -> None:
        if len(self._pins) < PINS_KEPT:
            self._pins.append(flatten(pin))


class _Events:
    """What events.jsonl tells."""

    __slots__ = ("alerts", "finish", "last_time", "metric_defs", "warnings")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.finish: Finish | None = None
        self.alerts: tuple[Alert, ...] = ()
        self.metric_defs: dict[str, MetricDef] = {}
        self.warnings: tuple[Problem, ...] = ()
        self.last_time: float | None = None

    def add(self, event: Event) -> None:
        time, kind = event.time, event.event
        if time is not None and (self.last_time is None or time > self.last_time):
            self.last_time = time
        if kind in (layout.START, layout.RESUME):
            self.finish = None
        elif kind == layout.FINISH:
            status = _STATUSES.get(event.status)
            self.finish = Finish(time, status, event.exit_code, event.error) if status else None
        elif kind == layout.ALERT:
            level = _LEVELS.get(event.level, "info")
            when = math.nan if time is None else time
            alert = Alert(when, event.title or "", event.text or "", level)
            self.alerts = (*self.alerts[1 - ALERTS_KEPT :], alert)
        elif kind == layout.METRIC_DEFINED and event.name is not None:
            goal = _GOALS.get(event.goal)
            self.metric_defs[event.name] = MetricDef(event.name, event.step_metric, event.summary, goal)
        elif kind == layout.WARNING:
            warning = Problem(layout.EVENTS, None, event.message or "warning")
            self.warnings = (*self.warnings[1 - PROBLEMS_KEPT :], warning)


class _Notes:
    """What annotations.jsonl says last of each entry."""

    __slots__ = ("is_hidden", "name", "notes", "star", "tags")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.name: str | None = None
        self.tags: tuple[str, ...] | None = None
        self.notes: str | None = None
        self.star = self.is_hidden = False

    def add(self, note: Note) -> None:
        if note.name is not UNSET:
            self.name = note.name
        if note.tags is not UNSET:
            self.tags = None if note.tags is None else tuple(note.tags)
        if note.notes is not UNSET:
            self.notes = note.notes
        if note.star is not UNSET:
            self.star = bool(note.star)
        if note.hidden is not UNSET:
            self.is_hidden = bool(note.hidden)


def clock_of(name: str) -> str | None:
    """The clock of a file of points by its name, or None for any other file."""
    if name == layout.METRICS:
        return ""
    if name == layout.SYSTEM:
        return "system"
    rank = _rank(name, layout.METRICS)
    return None if rank is None else f"rank{rank}"


def _log_files(path: str, files: Iterable[str]) -> tuple[LogFile, ...]:
    ranks = [
        0 if name == layout.OUTPUT else _rank(name, layout.OUTPUT) for name in files if name[:7] == "output."
    ]
    found = []
    for rank in sorted(rank for rank in ranks if rank is not None) if ranks else ():
        name, index = layout.ranked(layout.OUTPUT, rank), layout.ranked(layout.OUTPUT_INDEX, rank)
        found.append(LogFile(f"{path}/{name}", name, f"{path}/{index}" if index in files else None))
    return tuple(found)


def _rank(name: str, base: str) -> int | None:
    """The rank N > 0 whose file `name` is, written instead of `base`; None for any other name."""
    if ".rank" not in name:
        return None
    digits = name.partition(".rank")[2].partition(".")[0]
    rank = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < _RANK_DIGITS else 0
    return rank if rank and layout.ranked(base, rank) == name else None


def _texts(value: list[str] | str | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _unless_newer(finish: Finish | None, last_time: float | None) -> Finish | None:
    """How the run ended, unless a metrics line is newer than that."""
    if finish is None or finish.time is None or last_time is None:
        return finish
    return None if last_time > finish.time else finish


def _with_numbers(values: dict[str, Value]) -> dict[str, Value]:
    """Summary values, the strings for NaN and infinities as the numbers that they stand for."""
    for key, value in values.items():
        if isinstance(value, str) and value in SPECIAL:
            values[key] = SPECIAL[value]
    return values


def _later(one: float | None, other: float | None) -> float | None:
    return other if one is None or (other is not None and other > one) else one


_NO_RUN, _NO_GIT, _NO_NOTES, _NO_LAST = RunFile(), Git(), _Notes(), Last()
