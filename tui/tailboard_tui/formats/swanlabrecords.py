"""What stands in a SwanLab file: records -> points, and facts of the run.

The file is framed as W&B's is. Since 0.10 records are protobuf messages, before they were JSON objects.
Source: the descriptors that swanlab 0.10 ships in swanlab/proto (record, run, metric/data, metric/column);
swanlab/toolkit/models and swanlab/data/porter of 0.7.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from tailboard_tui.formats import names
from tailboard_tui.formats.base import Finish, Rows
from tailboard_tui.formats.decoding import State
from tailboard_tui.formats.jsonvalue import read_object
from tailboard_tui.formats.protobuf import BYTES, bytes_of, double_of, fields, seconds_of, signed, text_of
from tailboard_tui.formats.rowbuilder import RowsBuilder

MAGIC = b":SWL"

_START, _FINISH, _COLUMN, _SCALAR = 10, 11, 12, 13
"""Fields of Record."""

_START_FIELDS = {1: "project", 4: "name", 5: "notes", 7: "group", 8: "job_type", 10: "id"}
_SYSTEM_CLASS = 2
_STATES = {1: "finished", 2: "failed", 3: "killed"}

MAX_SYSTEM_KEYS = 10_000


class SwanlabRecords:
    """Takes the records of one file in order: points to take out, facts to look at."""

    def __init__(self) -> None:
        self.start: dict[str, str] = {}
        self.tags: tuple[str, ...] = ()
        self.created: float | None = None
        self.finish: Finish | None = None
        self.last_time: float | None = None
        self.error = ""
        """What was printed on the error stream last."""
        self.count = 0
        self.system: set[str] = set()
        """Keys that hold resource samples."""
        self._metrics, self._samples = RowsBuilder(), RowsBuilder("system", "system")
        self._row: dict[str, float] = {}
        self._step = self._time = math.nan

    def state(self) -> State:
        """All facts so far, in JSON's types; no points."""
        return {name: msgspec.to_builtins(getattr(self, name)) for name in _KEPT}

    def restore(self, state: State) -> None:
        """Go on there."""
        for name, kind in _KEPT.items():
            setattr(self, name, msgspec.convert(state[name], kind))

    def read(self, record: bytes) -> str | None:
        """Take in one record; what is wrong with it, if anything."""
        self.count += 1
        try:
            if record.startswith(b"{"):
                self._read_json(record)
                return None
            for number, wire, value in fields(record):
                if wire == BYTES and number in _READERS:
                    _READERS[number](self, bytes_of(value))
        except ValueError as error:
            return f"undecodable record {self.count}: {error}"
        return None

    def take(self) -> list[Rows]:
        """The points since the last call."""
        self._end_row()
        return self._metrics.take() + self._samples.take()

    def _end_row(self) -> None:
        if self._row:
            self._metrics.add(self._step, self._time, self._row)
            self._row = {}

    def _read_json(self, record: bytes) -> None:
        """A record of versions before 0.10.

        Raises:
            ValueError: It is none.
        """
        found = read_object(record)
        data = found.get("data") if isinstance(found, dict) else None
        if not isinstance(found, dict) or not isinstance(data, dict):
            raise ValueError("no SwanLab record")
        kind, moment = found.get("model_type"), _moment(data)
        time = None if math.isnan(moment) else moment
        if kind == "Scalar":
            metric = data.get("metric")
            value = metric.get("data") if isinstance(metric, dict) else None
            read = names.number(value) if isinstance(value, str) else value
            step = data.get("step")
            if isinstance(read, int | float) and isinstance(step, int | float) and isinstance(metric, dict):
                self._add(str(data.get("key")), step, _moment(metric), float(read))
        elif kind == "Column" and data.get("cls") == "SYSTEM" and len(self.system) < MAX_SYSTEM_KEYS:
            self.system.add(str(data.get("key")))
        elif kind == "Header":
            self.created, self.finish = time, None
        elif kind == "Project":
            self.start["project"] = _words(data.get("name"))
        elif kind == "Experiment":
            self.start |= {"id": _words(data.get("id")), "name": _words(data.get("name"))}
            self.start["notes"] = _words(data.get("description"))
            tags = data.get("tags")
            self.tags = tuple(map(str, tags)) if isinstance(tags, list) else ()
        elif kind == "Log" and data.get("level") == "ERROR":
            self.error = _words(data.get("message"))
        elif kind == "Footer":
            is_sound = data.get("success") is True
            self.finish = Finish(
                time, "finished" if is_sound else "failed", None, None if is_sound else self.error or None
            )

    def _read_start(self, message: bytes) -> None:
        tags = []
        for number, wire, value in fields(message):
            if wire == BYTES and number in _START_FIELDS:
                self.start[_START_FIELDS[number]] = text_of(value)
            elif number == 6:
                tags.append(text_of(value))
            elif number == 12:
                self.created = seconds_of(bytes_of(value))
        self.tags, self.finish = tuple(tags), None

    def _read_finish(self, message: bytes) -> None:
        state, error, time = 0, "", None
        for number, _, value in fields(message):
            if number == 1:
                state = signed(value)
            elif number == 2:
                error = text_of(value)
            elif number == 3:
                time = seconds_of(bytes_of(value))
        status = _STATES.get(state)
        if status is not None:
            self.finish = Finish(time, status, None, error or None)  # type: ignore[arg-type]  # of the three

    def _read_column(self, message: bytes) -> None:
        kind, key = 0, ""
        for number, _, value in fields(message):
            if number == 1:
                kind = signed(value)
            elif number == 3:
                key = text_of(value)
        if kind == _SYSTEM_CLASS and len(self.system) < MAX_SYSTEM_KEYS:
            self.system.add(key)

    def _read_scalar(self, message: bytes) -> None:
        """One value; consecutive ones of a step become one row."""
        key, step, time, value = "", 0, math.nan, 0.0
        for place, _, field in fields(message):
            if place == 1:
                key = text_of(field)
            elif place == 2:
                step = signed(field)
            elif place == 4:
                time = seconds_of(bytes_of(field))
            elif place == 5:
                raw = _double(bytes_of(field))
                value = 0.0 if raw is None else raw  # proto3 leaves zeros out
        self._add(key, step, time, value)

    def _add(self, key: str, step: float, time: float, value: float) -> None:
        if math.isfinite(time):
            self.last_time = max(time, self.last_time or time)
        self.finish = None
        if key in self.system:
            self._samples.add(math.nan, time, {key: value})
            return
        if step != self._step or key in self._row:
            self._end_row()
            self._step, self._time = float(step), time
        self._row[key] = value


def _double(message: bytes) -> float | None:
    """The double in field 1 of a message; None where it is left out."""
    return next((double_of(value) for number, _, value in fields(message) if number == 1), None)


_KEPT: dict[str, Any] = {
    "start": dict[str, str],
    "tags": tuple[str, ...],
    "created": float | None,
    "finish": Finish | None,
    "last_time": float | None,
    "error": str,
    "count": int,
    "system": set[str],
}
"""Of `SwanlabRecords`, for the next process, with their types."""

_READERS = {
    _START: SwanlabRecords._read_start,
    _FINISH: SwanlabRecords._read_finish,
    _COLUMN: SwanlabRecords._read_column,
    _SCALAR: SwanlabRecords._read_scalar,
}


def _moment(data: Mapping[str, object]) -> float:
    value = data.get("create_time")
    return names.moment(value) if isinstance(value, str) else math.nan


def _words(value: object) -> str:
    return value if isinstance(value, str) else ""
