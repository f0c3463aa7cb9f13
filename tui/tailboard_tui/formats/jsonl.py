"""Runs whose metrics are JSON Lines: generic ones, and the writers that have a layout of their own."""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from tailboard_tui.files.follow import Block
from tailboard_tui.files.opening import read_ends
from tailboard_tui.formats.base import FloatArray, Rows, RunFacts
from tailboard_tui.formats.jsonlines import JsonLines, Keys, read_object
from tailboard_tui.formats.looks import METRIC_RECORDS, is_records
from tailboard_tui.formats.names import moment, step_name, time_names, unix_seconds
from tailboard_tui.formats.reading import Peek, RunReader
from tailboard_tui.formats.rowbuilder import ResumeWatch
from tailboard_tui.formats.sources import Complaint, LineSource, Source, State
from tailboard_tui.formats.surroundings import config_paths

PEEK_BYTES = 4096
_FIRST_LINES = 10
"""Of a file that are asked for the moment when it was begun."""

_LATE_KEYS = Keys(
    step=("_step", "step", "global_step", "iteration", "iter", "current_steps"),
    time=("_timestamp", "timestamp"),
    event=None,
    prefix="",
)
"""For a file whose first record has no step: later ones may have."""


def keys_of(record: Mapping[str, Any]) -> Keys | None:
    """Which keys of records like this one are step and time; None where it holds no number."""
    numbers = [key for key, value in record.items() if isinstance(value, int | float)]
    if not numbers:
        return None
    step = step_name(numbers)
    times = _time_keys(record, step)
    if step is None:
        return replace(_LATE_KEYS, time=times or _LATE_KEYS.time)
    return Keys(step=(step,), time=times, event=None, prefix="")


def first_keys(lines: Iterable[bytes]) -> Keys | None:
    """The keys of the first record with a number."""
    for line in lines:
        record = read_object(line) if line.strip() else None
        keys = keys_of(record) if isinstance(record, dict) else None
        if keys is not None:
            return keys
    return None


def _time_keys(record: Mapping[str, Any], step: str | None) -> tuple[str, ...]:
    return tuple(name for name in time_names(record) if name != step and _is_moment(record[name]))[:1]


def _is_moment(value: object) -> bool:
    if isinstance(value, str):
        return not math.isnan(moment(value))
    return isinstance(value, int | float) and not math.isnan(unix_seconds(float(value)))


class JsonlDecoder:
    """The decoder of a file of JSON objects, whatever their keys are called."""

    def __init__(self, file: str, clock: str = "", ignored: frozenset[str] = frozenset()) -> None:
        self._file = file
        self._clock = clock
        self._ignored = ignored
        self._parser: JsonLines | None = None
        self.resumes: defaultdict[str, ResumeWatch] = defaultdict(ResumeWatch)
        """By clock."""
        self._rows: list[Rows] = []
        self._complaints: list[Complaint] = []

    @property
    def texts(self) -> Mapping[str, str]:
        """The last text of each key that holds text."""
        return {} if self._parser is None else self._parser.texts

    def state(self) -> State:
        """Where reading stands."""
        parser = self._parser
        return {
            "keys": None if parser is None else [parser.keys.step, parser.keys.time],
            "parser": None if parser is None else parser.state(),
            "resumes": {clock: watch.state() for clock, watch in self.resumes.items()},
        }

    def restore(self, state: State) -> None:
        """Go on there."""
        if state["keys"] is not None:
            step, time = (tuple(map(str, names)) for names in state["keys"])
            self._parser = self._parser_of(replace(_LATE_KEYS, step=step, time=time))
            self._parser.restore(state["parser"])
        for clock, watch in state["resumes"].items():
            self.resumes[clock].restore(watch)

    def feed(self, block: Block) -> None:
        """The next lines of the file."""
        parser = self._parser or self._begin(block.data)
        rows, problems = parser.parse(replace(block, too_long=()))
        self._complaints += [Complaint(problem.line, problem.message) for problem in problems]
        if rows is not None:
            self._rows += self.finish(replace(rows, times=in_seconds(rows.times)))

    def _begin(self, data: bytes) -> JsonLines:
        """The parser for a file that goes on like this; not kept before the first record with a number."""
        keys = first_keys(data.split(b"\n"))
        parser = self._parser_of(keys or _LATE_KEYS)
        if keys is not None:
            self._parser = parser
        return parser

    def _parser_of(self, keys: Keys) -> JsonLines:
        return JsonLines(self._file, self._clock, keys=replace(keys, ignored=self._ignored))

    def finish(self, rows: Rows) -> list[Rows]:
        """The last word on new rows: here, markers of resumed segments."""
        return [self.resumes[rows.clock].mark(rows)]

    def take(self) -> tuple[list[Rows], list[Complaint]]:
        """What came of the lines fed since the last call."""
        rows, self._rows = self._rows, []
        complaints, self._complaints = self._complaints, []
        return rows, complaints


def in_seconds(times: FloatArray) -> FloatArray:
    """Moments in seconds, milli-, micro- or nanoseconds since 1970 as Unix seconds."""
    largest = np.nanmax(times) if np.isfinite(times).any() else 0.0
    for unit in (1e9, 1e6, 1e3):
        if largest / unit >= 1e9:
            return times / unit
    return times


class JsonlReader(RunReader):
    """A file of JSON objects, or a directory in which one of `file_names` stands."""

    source = "jsonl"
    file_names: ClassVar[tuple[str, ...]] = ()

    def record_paths(self) -> list[str]:
        """The files of records of this run."""
        return self.main_file(self.file_names, is_records)

    def sources(self) -> Iterable[Source]:
        """The files of records, each with a clock of its own."""
        return [self.known(path) or self._source(path) for path in self.record_paths()]

    def _source(self, path: str) -> Source:
        return LineSource(path, lambda: self.decoder(path), has_rows=True)

    @property
    def _texts(self) -> Mapping[str, str]:
        """The last texts of the records read so far."""
        decoders = [source.decoder for source in self._sources if isinstance(source, LineSource)]
        return next((decoder.texts for decoder in decoders if isinstance(decoder, JsonlDecoder)), {})

    def decoder(self, path: str) -> JsonlDecoder:
        """The decoder of the file at `path`."""
        return JsonlDecoder(os.path.basename(path))

    def watched(self) -> Iterable[str]:
        """The configuration beside the records."""
        return config_paths(self.path, self.listings.of(self.path))

    def extra_stamp(self) -> tuple[object, ...]:
        """The texts of the records."""
        return tuple(self._texts.items())

    def describe(self) -> RunFacts:
        """Facts from the ends of the file and from the files beside it."""
        paths = [source.path for source in self._sources]
        peek = peek_at_records(paths[0]) if paths else Peek()
        total_steps = peek.last_values.get("total_steps", peek.last_values.get("max_steps"))
        return self.told_beside(peek, {**self._texts}, total_steps)


class GenericReader(JsonlReader):
    """Any file of JSON objects with metrics: detectron2, LLaMA-Factory, baselines, one's own."""

    file_names = METRIC_RECORDS


def peek_at_records(path: str) -> Peek:
    """What the first and the last whole line of a file of JSON objects tell."""
    try:
        head, tail, size = read_ends(path, PEEK_BYTES, PEEK_BYTES)
    except OSError:
        return Peek()
    first_lines = head.split(b"\n")
    lines = tail.split(b"\n")[1 if size > PEEK_BYTES else 0 :]
    last = next((record for line in reversed(lines) if isinstance(record := read_object(line), dict)), None)
    keys = first_keys(first_lines)
    if last is None or keys is None:
        return Peek()
    first_time = next(_times(first_lines[:_FIRST_LINES], keys), None)
    step = next((last[name] for name in keys.step if isinstance(last.get(name), int | float)), None)
    values = {
        name: float(value)
        for name, value in last.items()
        if isinstance(value, int | float) and keys.metric(name) is not None and abs(value) < 1e308
    }
    return Peek(first_time, _time(last, keys), None if step is None else float(step), values)


def _times(lines: Iterable[bytes], keys: Keys) -> Iterator[float]:
    """The moments of the records among some lines."""
    for line in lines:
        record = read_object(line)
        time = _time(record, keys) if isinstance(record, dict) else None
        if time is not None:
            yield time


def _time(record: Mapping[str, Any], keys: Keys) -> float | None:
    for name in keys.time:
        value = record.get(name)
        found = moment(value) if isinstance(value, str) else math.nan
        if isinstance(value, int | float):
            found = unix_seconds(float(value))
        if not math.isnan(found):
            return found
    return None
