"""What stands in a W&B file: records -> points, and facts of the run.

Source: wandb/proto/wandb_internal.proto. Values are JSON texts: NaN is the text `NaN`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Container, Mapping
from typing import Any, Literal

import msgspec

from tailboard_tui.formats.base import Alert, Finish, Git, MetricDef, Rows, Value
from tailboard_tui.formats.flat import flatten
from tailboard_tui.formats.protobuf import (
    WireError,
    bytes_of,
    children,
    fields,
    seconds_of,
    signed,
    text_of,
)
from tailboard_tui.formats.rowbuilder import RowsBuilder
from tailboard_tui.formats.wandblayout import VALUE_JSON, Layouts

MAGIC = b":W&B"

HISTORY, SUMMARY, _OUTPUT, _CONFIG, _STATS = 2, 3, 4, 5, 7
_ALERT, _METRIC, _RUN, _EXIT, _ENVIRONMENT = 10, 12, 17, 18, 26
"""Fields of Record."""

MEASURED = frozenset({HISTORY, SUMMARY, _STATS})
"""The kinds that come again and again while a run trains."""

_CLOCKS = {"_step", "_timestamp"}
"""What every step has that `wandb.log` wrote."""

TYPE = "/_type"
"""Ends the name of the field that says what a logged object is: an image, a table ..."""

MAX_NAMES = 100_000


class WandbRecords:
    """Takes the records of one file in order: points to take out, facts to look at."""

    def __init__(self) -> None:
        self.config: dict[str, object] = {}
        self._summary: dict[str, Value] = {}
        self._told: dict[str, bytes] = {}
        """JSON texts of the newest summary that are not decoded yet: a step replaces them all."""
        self.run: dict[str, str] = {}
        self.tags: tuple[str, ...] = ()
        self.git = Git()
        self.created: float | None = None
        self.environment: dict[str, str] = {}
        self.arguments: tuple[str, ...] = ()
        self.alerts: list[Alert] = []
        self.metric_defs: dict[str, MetricDef] = {}
        self.finish: Finish | None = None
        self.last_time: float | None = None
        self.count = 0
        """Records read: whether the facts may be others than before."""
        self._history = RowsBuilder("")
        self._stats = RowsBuilder("stats", "system")
        self.media: list[tuple[str, float, float, dict[str, object]]] | None = None
        """Name, step, time and JSON of logged media, where they are wanted."""
        self._names: dict[bytes, str] = {}
        """The bytes of an item before its value -> its name."""
        self._layouts = {HISTORY: Layouts(), SUMMARY: Layouts()}

    @property
    def summary(self) -> dict[str, Value]:
        """The newest value under each name."""
        for name, text in self._told.items():
            if name and not name.startswith("_"):
                self._summary.update(flatten({name: _json(text)}, "/"))
        self._told.clear()
        return self._summary

    @summary.setter
    def summary(self, found: dict[str, Value]) -> None:
        self._summary = found

    def take(self) -> list[Rows]:
        """The points since the last call."""
        return self._history.take() + self._stats.take()

    def state(self) -> Mapping[str, Any]:
        """All facts so far, in JSON's types; no points."""
        return {name: msgspec.to_builtins(getattr(self, name)) for name in _KEPT}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on there."""
        for name, kind in _KEPT.items():
            setattr(self, name, msgspec.convert(state[name], kind))

    def read(self, record: bytes, skipped: Container[int] = ()) -> str | None:
        """Take in one record, unless it is of a skipped kind; what is wrong with it, if anything."""
        self.count += 1
        try:
            for number, wire, value in fields(record):
                if wire == 2 and number in _READERS and number not in skipped:
                    _READERS[number](self, bytes_of(value))
        except WireError as error:
            return f"undecodable record {self.count}: {error}"
        return None

    # Points

    def _read_history(self, message: bytes) -> None:
        if not self._read_known_history(message):
            self._walk_history(message)

    def _read_known_history(self, message: bytes) -> bool:
        """Take in a step whose items are numbers under the names of one before; whether it is such a one."""
        found = self._layouts[HISTORY].texts(message)
        if found is None:
            return False
        try:
            values = dict(zip(found[0], map(float, found[1]), strict=True))
        except ValueError:  # true, null
            return False
        step, time = values.pop("_step"), values.pop("_timestamp")
        if math.isnan(step):  # then field 2 counts
            return False
        values.pop("_runtime", None)
        self._history.add(step, time, values)
        self._hear(time)
        self.finish = None
        return True

    def _walk_history(self, message: bytes) -> None:
        names: list[str] = []
        step = time = math.nan
        values: dict[str, float] = {}
        for number, wire, value in fields(message):
            if number == 1 and wire == 2:
                name, text = self._item(bytes_of(value))
                names.append(name)
                if name == "_timestamp":
                    time = _number(text)
                elif name == "_step":
                    step = _number(text)
                elif not name.startswith("_"):
                    self._put(values, name, text)
            elif number == 2 and wire == 2 and math.isnan(step):
                step = float(_first_number(bytes_of(value)))
        if b"_type" not in message:
            hidden = {name for name in names if name.startswith("_")}
            if _CLOCKS <= hidden <= {*_CLOCKS, "_runtime"} and len(set(names)) == len(names):
                self._layouts[HISTORY].learn(message, names)
        else:
            objects = self._objects(message)
            values = {name: value for name, value in values.items() if name.rpartition("/")[0] not in objects}
            if self.media is not None:
                self.media += [(name, step, time, found) for name, found in objects.items()]
        self._history.add(step, time, values)
        self._hear(time)
        self.finish = None

    def _objects(self, message: bytes) -> dict[str, dict[str, object]]:
        """Items that are objects with a type, by name: each field an item of its own, or all in one."""
        items = [self._item(item) for item in children(message, 1)]
        found: dict[str, dict[str, object]] = {}
        for name, text in items:
            if name.endswith(TYPE):
                found[name.removesuffix(TYPE)] = {}
            elif b'"_type"' in text and isinstance(value := _json(text), dict):
                found[name] = value
        for name, text in items:
            above, _, field = name.rpartition("/")
            if above in found:
                found[above][field] = _json(text)
        return found

    def _read_stats(self, message: bytes) -> None:
        time = math.nan
        values: dict[str, float] = {}
        for number, wire, value in fields(message):
            if number == 2 and wire == 2:
                time = seconds_of(bytes_of(value))
            elif number == 3 and wire == 2:
                name, text = self._item(bytes_of(value))
                self._put(values, name, text)
        self._stats.add(math.nan, time, values)
        self._hear(time)

    def _hear(self, time: float) -> None:
        if math.isfinite(time):
            self.last_time = max(time, self.last_time or time)

    def _item(self, item: bytes) -> tuple[str, bytes]:
        """Name and JSON text of an item; nested keys are joined with slashes."""
        cut = item.find(VALUE_JSON)
        if cut >= 0:
            name = self._names.get(item[:cut])
            if name is not None and cut + 2 < len(item) and item[cut + 2] == len(item) - cut - 3:
                return name, item[cut + 3 :]
        keys: list[str] = []
        text = b""
        for number, _, value in fields(item):
            if number in (1, 2) and value:
                keys.append(text_of(value))
            elif number == 16:
                text = bytes_of(value)
        name = "/".join(keys)
        if cut >= 0 and len(self._names) < MAX_NAMES:
            self._names[item[:cut]] = name
        return name, text

    @staticmethod
    def _put(values: dict[str, float], name: str, text: bytes) -> None:
        """The number or numbers that a JSON text holds, under their names."""
        try:
            values[name] = float(text)
            return
        except ValueError:
            pass
        found = _json(text)
        if isinstance(found, bool):
            values[name] = float(found)
        elif isinstance(found, dict) and "_type" not in found:
            for inner, value in flatten(found, "/").items():
                if isinstance(value, int | float):
                    values[f"{name}/{inner}"] = float(value)

    # Facts

    def _read_summary(self, message: bytes) -> None:
        found = self._layouts[SUMMARY].texts(message)
        if found is not None:
            self._told.update(zip(*found, strict=True))
            return
        names = []
        for update in children(message, 1):
            name, text = self._item(update)
            names.append(name)
            if name and not name.startswith("_"):
                self.summary.update(flatten({name: _json(text)}, "/"))
        for removed in children(message, 2):
            self.summary.pop(self._item(removed)[0], None)
            names = []  # such a message is walked
        self._layouts[SUMMARY].learn(message, names)

    def _read_config(self, message: bytes) -> None:
        for update in children(message, 1):
            keys, text = [], b""
            for number, _, value in fields(update):
                if number in (1, 2) and value:
                    keys.append(text_of(value))
                elif number == 16:
                    text = bytes_of(value)
            if keys and keys[0] != "_wandb":
                self.config[".".join(keys)] = _json(text)
        for removed in children(message, 2):
            self.config.pop(self._item(removed)[0].replace("/", "."), None)

    def _read_run(self, message: bytes) -> None:
        tags = []
        for number, wire, value in fields(message):
            if number in _RUN_FIELDS and wire == 2:
                self.run[_RUN_FIELDS[number]] = text_of(value)
            elif number == 4 and wire == 2:
                self._read_config(bytes_of(value))
            elif number == 10 and wire == 2:
                tags.append(text_of(value))
            elif number == 17 and wire == 2:
                self.created = seconds_of(bytes_of(value))
            elif number == 21 and wire == 2:
                self._read_git(bytes_of(value))
        self.tags = tuple(tags)

    def _read_git(self, message: bytes) -> None:
        found = {number: text_of(value) for number, wire, value in fields(message) if wire == 2}
        self.git = Git(commit=found.get(2), remote=found.get(1))

    def _read_environment(self, message: bytes) -> None:
        arguments = []
        for number, wire, value in fields(message):
            if number in _ENVIRONMENT_FIELDS and wire == 2:
                self.environment[_ENVIRONMENT_FIELDS[number]] = text_of(value)
            elif number == 5 and wire == 2:
                arguments.append(text_of(value))
            elif number == 9 and wire == 2:
                self._read_git(bytes_of(value))
        self.arguments = tuple(arguments)

    def _read_metric(self, message: bytes) -> None:
        name = step_metric = ""
        goal: Literal["minimize", "maximize"] | None = None
        summary = None
        for number, wire, value in fields(message):
            if number in (1, 2) and wire == 2:
                name = text_of(value)
            elif number == 4 and wire == 2:
                step_metric = text_of(value)
            elif number == 7 and wire == 2:
                kinds = [kind for kind, _, is_on in fields(bytes_of(value)) if is_on]
                summary = next((_SUMMARIES[kind] for kind in kinds if kind in _SUMMARIES), None)
            elif number == 8:
                goal = {1: "minimize", 2: "maximize"}.get(signed(value))  # type: ignore[assignment]  # those two
        if name and len(self.metric_defs) < MAX_NAMES:
            self.metric_defs[name] = MetricDef(name, step_metric or None, summary, goal)

    def _read_alert(self, message: bytes) -> None:
        found = {number: text_of(value) for number, wire, value in fields(message) if wire == 2}
        level = {"WARN": "warning", "ERROR": "error"}.get(found.get(3, ""), "info")
        time = self.last_time or self.created or math.nan
        if len(self.alerts) < 1000:
            alert = Alert(time, found.get(1, ""), found.get(2, ""), level)  # type: ignore[arg-type]  # of the three
            self.alerts.append(alert)

    def _read_exit(self, message: bytes) -> None:
        code, runtime = 0, None
        for number, _, value in fields(message):
            if number == 1:
                code = signed(value)
            elif number == 2:
                runtime = signed(value)
        time = self.created + runtime if self.created is not None and runtime else self.last_time
        self.finish = Finish(time, "finished" if code == 0 else "failed", code)


_KEPT: dict[str, Any] = {
    "config": dict[str, Any],
    "summary": dict[str, Any],
    "run": dict[str, str],
    "tags": tuple[str, ...],
    "git": Git,
    "created": float | None,
    "environment": dict[str, str],
    "arguments": tuple[str, ...],
    "alerts": list[Alert],
    "metric_defs": dict[str, MetricDef],
    "finish": Finish | None,
    "last_time": float | None,
    "count": int,
}
"""Of `WandbRecords`, for the next process, with their types."""

_READERS = {
    HISTORY: WandbRecords._read_history,
    SUMMARY: WandbRecords._read_summary,
    _CONFIG: WandbRecords._read_config,
    _STATS: WandbRecords._read_stats,
    _ALERT: WandbRecords._read_alert,
    _METRIC: WandbRecords._read_metric,
    _RUN: WandbRecords._read_run,
    _EXIT: WandbRecords._read_exit,
    _ENVIRONMENT: WandbRecords._read_environment,
}

_RUN_FIELDS = {
    1: "id",
    3: "project",
    6: "group",
    7: "job_type",
    8: "name",
    9: "notes",
    13: "host",
}
_ENVIRONMENT_FIELDS = {1: "os", 2: "python", 6: "program", 11: "root", 12: "host", 13: "user", 18: "gpu"}
_SUMMARIES = {1: "min", 2: "max", 3: "mean", 4: "best", 5: "last", 6: "none"}


def _json(text: bytes) -> object:
    """The value of a JSON text, with bare NaN and infinities; the text itself where it is none."""
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return text.decode("utf-8", "replace")
    return found


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _first_number(message: bytes) -> int:
    """The number in field 1 of a message; zero is left out on the wire."""
    return next((signed(value) for number, wire, value in fields(message) if number == 1 and wire == 0), 0)
