"""Sacred's FileStorageObserver: `<root>/<n>/{run.json,config.json,metrics.json,cout.txt,info.json}`.

Source: sacred/observers/file_storage.py. All files are rewritten as a whole every ten seconds; times are UTC.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from typing import Literal

from tailboard_tui.formats.base import Finish, Git, LogFile, Problem, Rows, RunFacts, Value
from tailboard_tui.formats.flat import flatten
from tailboard_tui.formats.names import moment
from tailboard_tui.formats.reading import RunReader
from tailboard_tui.formats.rowbuilder import RowsBuilder
from tailboard_tui.formats.sources import Complaint, Source, WholeSource
from tailboard_tui.formats.surroundings import read_mapping, title

_STATUS: dict[str, Literal["finished", "failed", "killed"]] = {
    "COMPLETED": "finished",
    "FAILED": "failed",
    "TIMED_OUT": "failed",
    "INTERRUPTED": "killed",
    "KILLED": "killed",
}

_FILES = ("run.json", "config.json", "info.json", "cout.txt")


class SacredReader(RunReader):
    """One run of the observer."""

    source = "sacred"

    def sources(self) -> Iterable[Source]:
        """The file of all metrics."""
        path = f"{self.path}/metrics.json"
        if "metrics.json" not in self.listings.of(self.path).files:
            return []
        return [self.known(path) or WholeSource(path, parse_metrics)]

    def watched(self) -> Iterable[str]:
        """The other files."""
        return [f"{self.path}/{name}" for name in _FILES]

    def describe(self) -> RunFacts:
        """Facts from run.json and config.json."""
        problems: list[Problem] = []
        run = read_mapping(f"{self.path}/run.json", "run.json", problems)
        config = read_mapping(f"{self.path}/config.json", "config.json", problems)
        host, experiment = _mapping(run, "host"), _mapping(run, "experiment")
        status, stopped = _STATUS.get(str(run.get("status"))), _time(run, "stop_time")
        heard = _time(run, "heartbeat")
        seed = config.get("seed")
        files = self.listings.of(self.path).files
        name = experiment.get("name")
        number = os.path.basename(self.path)
        return RunFacts(
            id=title(self.path),
            name=f"{name}/{number}" if isinstance(name, str) else title(self.path),
            source=self.source,
            path=self.path,
            project=name if isinstance(name, str) else None,
            created=_time(run, "start_time"),
            command=_text(experiment, "mainfile"),
            cwd=_text(experiment, "base_dir"),
            host=_text(host, "hostname"),
            python=_text(host, "python_version"),
            seed=seed if isinstance(seed, int) else None,
            git=_git(experiment),
            config={key: value for key, value in flatten(config).items() if not key.startswith("__")},
            summary=_summary(run),
            finish=None if status is None else Finish(stopped or heard, status, error=_trace(run)),
            log_files=(LogFile(f"{self.path}/cout.txt", "cout.txt"),) if "cout.txt" in files else (),
            last_time=stopped or heard,
            problems=tuple(problems),
        )


def parse_metrics(data: bytes) -> tuple[list[Rows], list[Complaint]]:
    """The points of metrics.json: `{name: {"steps": [], "values": [], "timestamps": []}}`."""
    try:
        found = json.loads(data.decode("utf-8", "replace")) if data.strip() else {}
    except (ValueError, RecursionError) as error:
        return [], [Complaint(None, f"not JSON: {error}"[:200])]
    if not isinstance(found, dict):
        return [], [Complaint(None, "no mapping of metrics")]
    rows: list[Rows] = []
    complaints: list[Complaint] = []
    for name, metric in found.items():
        steps, values, times = (_list(metric, key) for key in ("steps", "values", "timestamps"))
        if steps is None or values is None:
            complaints.append(Complaint(None, f"{name[:80]}: no steps and values"))
            continue
        times = times or []
        builder = RowsBuilder(name)
        for place, (step, value) in enumerate(zip(steps, values, strict=False)):
            time = moment(str(times[place])) if place < len(times) else math.nan
            builder.add(number_of(step), time, {name: number_of(value)})
        rows += builder.take()
    return rows, complaints


def _list(metric: object, key: str) -> list[object] | None:
    found = metric.get(key) if isinstance(metric, dict) else None
    return found if isinstance(found, list) else None


def number_of(value: object) -> float:
    """A number, also one that jsonpickle wrapped: `{"py/object": "numpy.float32", "value": 0.5}`."""
    if isinstance(value, dict):
        value = value.get("value")
    try:
        return float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return math.inf


def _mapping(found: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = found.get(name)
    return value if isinstance(value, dict) else {}


def _text(found: Mapping[str, object], name: str) -> str | None:
    value = found.get(name)
    return value if isinstance(value, str) else None


def _time(run: Mapping[str, object], name: str) -> float | None:
    found = moment(str(run.get(name)))
    return None if math.isnan(found) else found


def _git(experiment: Mapping[str, object]) -> Git:
    repositories = experiment.get("repositories")
    first = repositories[0] if isinstance(repositories, list) and repositories else {}
    if not isinstance(first, dict):
        return Git()
    dirty = first.get("dirty")
    return Git(_text(first, "commit"), None, _text(first, "url"), dirty if isinstance(dirty, bool) else None)


def _summary(run: Mapping[str, object]) -> dict[str, Value]:
    result = run.get("result")
    return {} if result is None else flatten({"result": result}, "/")


def _trace(run: Mapping[str, object]) -> str | None:
    trace = run.get("fail_trace")
    return "".join(map(str, trace)) if isinstance(trace, list) else None
