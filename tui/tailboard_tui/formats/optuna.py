"""Optuna's journal file: a JSON object an operation; every trial is a run, at `<file>#<trial>`.

Source: optuna/storages/journal/_storage.py (JournalOperation).
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tailboard_tui.files.opening import read_slice
from tailboard_tui.formats.base import Finish, Rows, RunFacts, Value
from tailboard_tui.formats.jsonlines import read_object
from tailboard_tui.formats.names import moment
from tailboard_tui.formats.reading import RunReader
from tailboard_tui.formats.rowbuilder import RowsBuilder
from tailboard_tui.formats.sources import WHOLE_LIMIT_BYTES, Complaint, Source, WholeSource

_CREATE_STUDY, _CREATE_TRIAL, _PARAM, _STATE, _INTERMEDIATE, _USER_ATTRIBUTE = 0, 4, 5, 6, 7, 8
"""Values of `op_code`."""

_COMPLETE, _PRUNED, _FAIL = 1, 2, 3
"""Values of `state`; 0 is running, 4 waiting."""

INTERMEDIATE = "intermediate_value"
"""Name of the metric that `trial.report` logs: Optuna has no other for it."""

MAX_TRIALS = 20_000


@dataclass(slots=True)
class Trial:
    """What the journal says of one trial."""

    study: int
    started: float
    params: dict[str, Value] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)
    reports: list[tuple[float, float]] = field(default_factory=list)
    state: int = 0
    values: tuple[float, ...] = ()
    completed: float = math.nan


@dataclass(slots=True)
class Journal:
    """What a whole journal says."""

    studies: list[str] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)


def parse(data: bytes) -> Journal:
    """The trials of a journal; a last line without its newline is being written."""
    journal = Journal()
    for line_number, line in enumerate(data[: data.rfind(b"\n") + 1].split(b"\n")[:-1], 1):
        record = read_object(line) if line.strip() else {}
        if not isinstance(record, dict):
            if len(journal.complaints) < 20:
                journal.complaints.append(Complaint(line_number, record))
            continue
        _apply(journal, record)
    return journal


def _apply(journal: Journal, record: Mapping[str, Any]) -> None:
    code = record.get("op_code")
    if code == _CREATE_STUDY:
        journal.studies.append(str(record.get("study_name", "")))
        return
    if code == _CREATE_TRIAL:
        study = record.get("study_id")
        started = moment(str(record.get("datetime_start")))
        journal.trials.append(Trial(study if isinstance(study, int) else 0, started))
        _apply_state(journal.trials[-1], record)
        return
    number = record.get("trial_id")
    if not isinstance(number, int) or not 0 <= number < len(journal.trials):
        return
    trial = journal.trials[number]
    if code == _PARAM:
        trial.params[str(record.get("param_name"))] = _param(record)
    elif code == _INTERMEDIATE:
        trial.reports.append((_number(record.get("step")), _number(record.get("intermediate_value"))))
    elif code == _STATE:
        _apply_state(trial, record)
    elif code == _USER_ATTRIBUTE and isinstance(record.get("user_attr"), dict):
        trial.attributes.update((str(name), str(value)) for name, value in record["user_attr"].items())


def _apply_state(trial: Trial, record: Mapping[str, Any]) -> None:
    state, values = record.get("state"), record.get("values")
    if isinstance(state, int):
        trial.state = state
    if isinstance(values, list):
        trial.values = tuple(_number(value) for value in values)
    if "datetime_complete" in record:
        trial.completed = moment(str(record["datetime_complete"]))


def _param(record: Mapping[str, Any]) -> Value:
    """A parameter as the script got it: a category is stored as its place among the choices."""
    value = record.get("param_value_internal")
    try:
        distribution = json.loads(str(record.get("distribution")))
        if distribution["name"] == "CategoricalDistribution" and isinstance(value, int | float):
            chosen = distribution["attributes"]["choices"][int(value)]
            return chosen if isinstance(chosen, str | int | float) or chosen is None else json.dumps(chosen)
    except (ValueError, KeyError, IndexError, TypeError, OverflowError, RecursionError):
        pass
    return value if isinstance(value, int | float) else None


def _number(value: object) -> float:
    if isinstance(value, str):
        return {"Infinity": math.inf, "-Infinity": -math.inf}.get(value, math.nan)
    try:
        return float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:  # an integer of 400 digits
        return math.inf


@lru_cache(maxsize=2)
def _journal(path: str, size: int, modified_ns: int) -> Journal:
    """The journal at `path`, which all its trials share; another size or time is read anew."""
    try:
        return parse(read_slice(path, 0, min(size, WHOLE_LIMIT_BYTES)))
    except OSError:
        return Journal()


def journal_at(path: str) -> Journal:
    """The journal at `path` as it is now; empty where it cannot be read."""
    try:
        found = os.stat(path, follow_symlinks=False)
    except OSError:
        return Journal()
    return _journal(path, found.st_size, found.st_mtime_ns)


class OptunaReader(RunReader):
    """One trial."""

    source = "optuna"

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.file, _, number = path.rpartition("#")
        self._number = int(number) if number.isdigit() else -1
        self._source = WholeSource(self.file, self._parse)

    def sources(self) -> Iterable[Source]:
        """The journal."""
        return [self._source]

    def _parse(self, data: bytes) -> tuple[list[Rows], list[Complaint]]:
        journal = journal_at(self.file)
        builder = RowsBuilder("")
        trial = self._trial(journal)
        for step, value in trial.reports if trial is not None else ():
            builder.add(step, math.nan, {INTERMEDIATE: value})
        return builder.take(), journal.complaints

    def _trial(self, journal: Journal) -> Trial | None:
        return journal.trials[self._number] if 0 <= self._number < len(journal.trials) else None

    def describe(self) -> RunFacts:
        """Facts of the trial."""
        journal = journal_at(self.file)
        trial = self._trial(journal)
        name = f"trial {self._number}"
        if trial is None:
            return RunFacts(name, name, self.source, self.path)
        study = journal.studies[trial.study] if trial.study < len(journal.studies) else None
        is_one = len(trial.values) == 1
        values = {"value" if is_one else f"values/{place}": value for place, value in enumerate(trial.values)}
        ended = None if math.isnan(trial.completed) else trial.completed
        finish = None
        if trial.state in (_COMPLETE, _PRUNED, _FAIL):
            finish = Finish(ended, "failed" if trial.state == _FAIL else "finished")
        last = trial.reports[-1] if trial.reports else None
        return RunFacts(
            id=f"{study or os.path.basename(self.file)}/{self._number}",
            name=name,
            source=self.source,
            path=self.path,
            project=study,
            tags=("pruned",) if trial.state == _PRUNED else (),
            created=None if math.isnan(trial.started) else trial.started,
            config=trial.params,
            summary={**trial.attributes, **values},
            finish=finish,
            last_step=last[0] if last is not None and not math.isnan(last[0]) else None,
            last_time=ended,
            last_values={INTERMEDIATE: last[1]} if last is not None else {},
        )


def trials_in(path: str) -> Sequence[str]:
    """The ids of the trials, the newest first."""
    return [str(number) for number in reversed(range(len(journal_at(path).trials)))][:MAX_TRIALS]
