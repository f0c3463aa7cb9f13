"""Hugging Face Trainer: `trainer_state.json` at the end and in every `checkpoint-N`, event files in `runs/`.

Source: transformers/trainer_callback.py (`TrainerState.save_to_json`), trainer.py (`log`).
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tailboard_tui.files.opening import read_slice
from tailboard_tui.formats.base import Finish, Problem, Rows, RunFacts, Value
from tailboard_tui.formats.flat import flatten
from tailboard_tui.formats.reading import Peek
from tailboard_tui.formats.rowbuilder import RowsBuilder
from tailboard_tui.formats.signs import CHECKPOINT, TRAINER_STATE, is_event_file
from tailboard_tui.formats.sources import Complaint, Source, WholeSource
from tailboard_tui.formats.surroundings import config_paths, read_mapping, surroundings, title
from tailboard_tui.formats.tensorboard import EventsReader, peek_at

_RESULTS = ("all_results.json", "train_results.json", "eval_results.json", "test_results.json")

_SAME_TIME_S = 60.0
"""Files of a copied run are all written at once: their order is then told by their numbers."""

_PEEK_BYTES = 8192


class HuggingFaceReader(EventsReader):
    """An output directory of the Trainer, or one `trainer_state.json`.

    The event files below `runs/` come first where there are any: they are written while training runs,
    the state only when a checkpoint is saved.
    """

    source = "huggingface"

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._state: WholeSource | None = None

    def sources(self) -> Iterable[Source]:
        """The event files; without any, the newest state."""
        events = self._event_files()
        if events:
            self._state = None
            return [self._events.source(path, "") for path in events]
        path = self._newest_state()
        if path is None:
            return []
        if self._state is None:
            self._state = WholeSource(path, parse_state)
        self._state.path = path
        return [self._state]

    def _event_files(self) -> list[str]:
        runs = f"{self.path}/runs"
        found = [f"{runs}/{name}" for name in self.listings.of(runs).files if is_event_file(name)]
        for directory in self.listings.of(runs).directories:
            files = self.listings.of(f"{runs}/{directory}").files
            found += [f"{runs}/{directory}/{name}" for name in files if is_event_file(name)]
        return found

    def _newest_state(self) -> str | None:
        """Of the state at the end and those of the checkpoints, the one that was written last."""
        here = self.listings.of(self.path)
        if not here.files and not here.directories:
            return self.path if os.path.isfile(self.path) else None
        found = [(math.inf, f"{self.path}/{TRAINER_STATE}")] if TRAINER_STATE in here.files else []
        for name in here.directories:
            match = CHECKPOINT.match(name)
            if match:
                found.append((float(match[1][:18]), f"{self.path}/{name}/{TRAINER_STATE}"))
        states = [(number, path, _modified(path)) for number, path in found]
        states = [state for state in states if state[2] > 0]
        newest = max((state[2] for state in states), default=0.0)
        return max((state for state in states if newest - state[2] <= _SAME_TIME_S), default=("", None))[1]

    def watched(self) -> Iterable[str]:
        """Configuration and results beside the state."""
        here = self.listings.of(self.path)
        state = self._newest_state()
        results = [f"{self.path}/{name}" for name in _RESULTS if name in here.files]
        return [*config_paths(self.path, here), *results, *([state] if state else [])]

    def describe(self) -> RunFacts:
        """Facts from the ends of the state and from the files beside it."""
        here = self.listings.of(self.path)
        beside = surroundings(self.path, here)
        problems: list[Problem] = list(beside.problems)
        path = self._newest_state()
        state, last = peek_at_state(path) if path else ({}, {})
        config: dict[str, Value] = dict(beside.config)
        config.update((name, state[name]) for name in _SETTINGS if name in state)
        summary = {name: state[name] for name in ("best_metric", "best_model_checkpoint") if state.get(name)}
        for name in _RESULTS:
            if name in here.files:
                summary.update(flatten(read_mapping(f"{self.path}/{name}", name, problems)))
        peek = Peek(None, None, _float(state.get("global_step")), _metrics(last))
        if self._state is None:
            peek = peek_at([(source.path, "") for source in self._sources])
            begun = [self._events.head(source.path).first_time for source in self._sources]
            peek = replace(peek, first_time=min((time for time in begun if time is not None), default=None))
        return RunFacts(
            id=title(self.path),
            name=title(self.path),
            source=self.source,
            path=self.path,
            created=peek.first_time,
            config=config,
            summary=summary,
            finish=Finish(peek.last_time, "finished") if "train_runtime" in last else None,
            total_steps=_float(state.get("max_steps")) or None,
            log_files=beside.log_files,
            last_step=peek.last_step,
            last_time=peek.last_time,
            last_values=peek.last_values,
            problems=tuple(problems),
        )


_SETTINGS = ("num_train_epochs", "train_batch_size", "max_steps", "logging_steps", "eval_steps", "save_steps")


def parse_state(data: bytes) -> tuple[list[Rows], list[Complaint]]:
    """The points of a whole `trainer_state.json`."""
    try:
        history = json.loads(data.decode("utf-8", "replace"), parse_int=float)["log_history"]
    except (ValueError, RecursionError, TypeError, KeyError) as error:
        return [], [Complaint(None, f"no trainer state: {type(error).__name__} {error}"[:200])]
    if not isinstance(history, list):
        return [], [Complaint(None, "log_history is no list")]
    builder = RowsBuilder("")
    for record in history:
        if isinstance(record, dict):
            step = record.get("step")
            builder.add(step if isinstance(step, float) else math.nan, math.nan, _metrics(record))
    return builder.take(), []


def _metrics(record: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in record.items()
        if isinstance(value, int | float) and name != "step"
    }


def peek_at_state(path: str) -> tuple[Mapping[str, Value], Mapping[str, Any]]:
    """The plain fields of a trainer state and its last record, from its first and last bytes."""
    try:
        size = os.stat(path, follow_symlinks=False).st_size
        head = read_slice(path, 0, _PEEK_BYTES)
        tail = read_slice(path, max(size - _PEEK_BYTES, 0), _PEEK_BYTES)
    except OSError:
        return {}, {}
    before, _, _ = head.partition(b'"log_history"')
    list_end = _end_of_history(tail)
    last_start = tail.rfind(b"{", 0, list_end)
    state = {
        **_object(before.rstrip().rstrip(b",") + b"}"),
        **_object(b"{" + tail[list_end:].lstrip(b"], \r\n\t")),
    }
    last = _object(tail[last_start : tail.rfind(b"}", 0, list_end) + 1]) if last_start >= 0 else {}
    return {name: value for name, value in state.items() if isinstance(value, str | int | float)}, last


def _end_of_history(tail: bytes) -> int:
    """Where the list of records ends: its records are flat, so at the first `]` behind their last `}`."""
    for match in re.finditer(rb"\}\s*\]", tail):
        return match.end() - 1
    return max(tail.rfind(b"]"), 0)


def _object(text: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _float(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _modified(path: str) -> float:
    try:
        return os.stat(path, follow_symlinks=False).st_mtime
    except OSError:
        return 0.0
