"""Ray Tune and RLlib: a trial directory with `result.json` (JSON objects) and `params.json`.

Source: ray/tune/logger/json.py. `progress.csv` and the event file beside hold the same again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from functools import lru_cache

from msgspec.structs import replace

from tailboard_tui.files.opening import read_slice, read_small
from tailboard_tui.formats.base import Finish, Problem, RunFacts
from tailboard_tui.formats.flat import flatten
from tailboard_tui.formats.jsonl import JsonlDecoder, JsonlReader
from tailboard_tui.formats.jsonlines import read_object
from tailboard_tui.formats.surroundings import read_mapping

_NO_METRICS = frozenset(
    {"config", "date", "done", "hostname", "node_ip", "pid", "trial_id", "experiment_id", "experiment_tag"}
)

_TAIL_BYTES = 256 * 1024
"""RLlib's records are long: the last one is looked for in so much."""


class RayReader(JsonlReader):
    """One trial."""

    source = "ray"
    file_names = ("result.json",)

    def decoder(self, path: str) -> JsonlDecoder:
        """Without what a record tells of the trial itself."""
        return JsonlDecoder(os.path.basename(path), "", _NO_METRICS)

    def watched(self) -> Iterable[str]:
        """The configuration, and the error of a failed trial."""
        return [f"{self.path}/params.json", f"{self.path}/error.txt"]

    def describe(self) -> RunFacts:
        """Facts from the last record, params.json and error.txt."""
        problems: list[Problem] = []
        facts = super().describe()
        config = flatten(read_mapping(f"{self.path}/params.json", "params.json", problems))
        last = self._last_record()
        host = last.get("hostname")
        return replace(
            facts,
            id=os.path.basename(self.path),
            name=os.path.basename(self.path),
            group=os.path.basename(os.path.dirname(self.path)),
            config=config,
            summary={},
            host=host if isinstance(host, str) else None,
            finish=self._finish(self._is_done(last), facts.last_time),
            last_values={name: value for name, value in facts.last_values.items() if name not in _NO_METRICS},
            problems=(*facts.problems, *problems),
        )

    def _is_done(self, last: dict[str, object]) -> bool:
        """Whether the last record says so, or the newest state of the experiment."""
        states = sorted(
            name
            for name in self.listings.of(os.path.dirname(self.path)).files
            if name.startswith("experiment_state-") and name.endswith(".json")
        )
        if last.get("done") is True or not states:
            return last.get("done") is True
        path = f"{os.path.dirname(self.path)}/{states[-1]}"
        try:
            modified_ns = os.stat(path, follow_symlinks=False).st_mtime_ns
        except OSError:
            return False
        return _statuses(path, modified_ns).get(str(last.get("trial_id"))) == "TERMINATED"

    def _last_record(self) -> dict[str, object]:
        path = f"{self.path}/result.json"
        try:
            size = os.stat(path, follow_symlinks=False).st_size
            tail = read_slice(path, max(size - _TAIL_BYTES, 0), _TAIL_BYTES)
        except OSError:
            return {}
        for line in reversed(tail.split(b"\n")):
            record = read_object(line) if line.startswith(b"{") else None
            if isinstance(record, dict):
                return record
        return {}

    def _finish(self, is_done: bool, time: float | None) -> Finish | None:
        if "error.txt" in self.listings.of(self.path).files:
            try:
                error = read_small(f"{self.path}/error.txt").decode("utf-8", "replace")
            except OSError as problem:
                error = problem.strerror or str(problem)
            return Finish(time, "failed", error=error)
        return Finish(time, "finished") if is_done else None


@lru_cache(maxsize=8)
def _statuses(path: str, modified_ns: int) -> dict[str, str]:
    """Trial id -> status, from the state of an experiment, which all its trials share.

    Args:
        path: `experiment_state-<time>.json`; it holds each trial as a JSON text of its own.
        modified_ns: Its time: another one is read anew.
    """
    found: dict[str, str] = {}
    try:
        state = json.loads(read_small(path))
        for trial, *_ in state["trial_data"]:
            told = json.loads(trial)
            found[str(told["trial_id"])] = str(told["status"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return found
    return found
