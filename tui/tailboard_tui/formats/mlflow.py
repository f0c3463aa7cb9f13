"""MLflow's file store: `mlruns/<experiment>/<run>/{meta.yaml,metrics/,params/,tags/}`.

Source: mlflow/store/tracking/file_store.py. A metric is a file of lines `<ms> <value> <step>`; a slash in its
name makes directories.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from msgspec.structs import replace

from tailboard_tui.files.follow import Block
from tailboard_tui.files.opening import read_slice, read_small
from tailboard_tui.formats.base import Finish, Git, Problem, Rows, RunFacts, Value
from tailboard_tui.formats.reading import RunReader
from tailboard_tui.formats.rowbuilder import RowsBuilder
from tailboard_tui.formats.sources import Complaint, LineSource, Source, State
from tailboard_tui.formats.surroundings import log_files

MAX_FILES = 5_000
"""Metrics, parameters or tags of one run that are read."""

_VALUE_BYTES = 8_192

_STATUS: dict[str, Literal["finished", "failed", "killed"]] = {
    "3": "finished",
    "4": "failed",
    "5": "killed",
    "FINISHED": "finished",
    "FAILED": "failed",
    "KILLED": "killed",
}
"""RunStatus as a number (file store) and as a word (database); 1 and 2 are running and scheduled."""


class MetricLines:
    """The decoder of one metric's file."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._builder = RowsBuilder(name)
        self._complaints: list[Complaint] = []

    def feed(self, block: Block) -> None:
        """The next lines."""
        for number, line in enumerate(block.data.split(b"\n")[:-1], block.first_line):
            words = line.split()
            if not words:
                continue
            try:
                time, value = float(words[0]) / 1000, float(words[1])
                step = float(words[2]) if len(words) > 2 else 0.0
            except (ValueError, IndexError):
                self._complaints.append(Complaint(number, "not a time, a value and a step"))
                continue
            self._builder.add(step, time, {self._name: value})

    def take(self) -> tuple[list[Rows], list[Complaint]]:
        """What came of the lines fed since the last call."""
        complaints, self._complaints = self._complaints, []
        return self._builder.take(), complaints

    def state(self) -> State:
        """Nothing: each line stands by itself."""
        return {}

    def restore(self, state: State) -> None:
        """Go on."""


class MlflowReader(RunReader):
    """A run directory of the file store."""

    source = "mlflow"

    def sources(self) -> Iterable[Source]:
        """One file a metric."""
        return [
            self.known(path) or LineSource(path, lambda name=name: MetricLines(name))  # type: ignore[misc]  # default
            for name, path in self._values("metrics")
        ]

    def watched(self) -> Iterable[str]:
        """The run's own facts, and what was added to it."""
        return [f"{self.path}/meta.yaml", f"{self.path}/params", f"{self.path}/tags"]

    def _values(self, kind: str) -> Iterator[tuple[str, str]]:
        """Name and path of each file below `metrics`, `params` or `tags`."""
        waiting = [("", f"{self.path}/{kind}")]
        left = MAX_FILES
        while waiting:
            prefix, directory = waiting.pop()
            entries = self.listings.of(directory)
            for name in entries.files[:left]:
                yield prefix + name, f"{directory}/{name}"
            left -= len(entries.files)
            if left <= 0 or prefix.count("/") > 20:
                return
            waiting += [(f"{prefix}{name}/", f"{directory}/{name}") for name in reversed(entries.directories)]

    def _texts(self, kind: str, problems: list[Problem]) -> dict[str, str]:
        found = {}
        for name, path in self._values(kind):
            try:
                found[name] = read_small(path, _VALUE_BYTES).decode("utf-8", "replace")
            except OSError as error:
                problems.append(Problem(f"{kind}/{name}", None, error.strerror or str(error)))
        return found

    def describe(self) -> RunFacts:
        """Facts from meta.yaml, the parameters and the tags."""
        problems: list[Problem] = []
        meta = read_meta(f"{self.path}/meta.yaml")
        tags = self._texts("tags", problems)
        experiment = read_meta(f"{os.path.dirname(self.path)}/meta.yaml")
        artifacts = self.listings.of(f"{self.path}/artifacts")
        found = facts_of(self.path, meta, experiment.get("name"), self._texts("params", problems), tags)
        logs = log_files(f"{self.path}/artifacts", artifacts)
        return replace(self._ends(found), log_files=logs, problems=tuple(problems))

    def _ends(self, facts: RunFacts) -> RunFacts:
        """The facts with the last values of the metrics, as far as a look at a few files tells them."""
        values: dict[str, float] = {}
        steps: list[float] = []
        times = [facts.finish.time] if facts.finish is not None and facts.finish.time is not None else []
        for name, path in list(self._values("metrics"))[:_PEEKED_FILES]:
            lines = MetricLines(name)
            tail = _last_line(path)
            lines.feed(Block(tail, 1, 1, len(tail)))
            for rows in lines.take()[0]:
                values[name] = float(rows.columns[name].values[-1])
                steps.append(float(rows.steps[-1]))
                times.append(float(rows.times[-1]))
        last_step, last_time = max(steps, default=None), max(times, default=None)
        return replace(facts, last_step=last_step, last_time=last_time, last_values=values)


_PEEKED_FILES = 20
_PEEK_BYTES = 256


def _last_line(path: str) -> bytes:
    try:
        size = os.stat(path, follow_symlinks=False).st_size
        tail = read_slice(path, max(size - _PEEK_BYTES, 0), _PEEK_BYTES)
    except OSError:
        return b""
    whole = tail[: tail.rfind(b"\n") + 1]
    return whole[whole.rfind(b"\n", 0, -1) + 1 :]


def read_meta(path: str) -> dict[str, str]:
    """The fields of a meta.yaml: MLflow writes one flat mapping of plain values. Empty where it is none."""
    try:
        text = read_small(path).decode("utf-8", "replace")
    except OSError:
        return {}
    found = {}
    for line in text.split("\n"):
        match = _META_LINE.match(line)
        if match:
            value = match[2].strip()
            is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
            found[match[1]] = value[1:-1].replace("''", "'") if is_quoted else value
    return {name: value for name, value in found.items() if value not in ("", "null", "~")}


def facts_of(
    path: str,
    meta: Mapping[str, str],
    experiment: str | None,
    params: Mapping[str, str],
    tags: Mapping[str, str],
) -> RunFacts:
    """The facts of a run of either store.

    Args:
        path: Of the run.
        meta: Fields as meta.yaml calls them, times in milliseconds.
        experiment: Name of the experiment, the project.
        params: The parameters, all of them text.
        tags: Those that MLflow sets begin with `mlflow.`.
    """
    run_id = meta.get("run_id") or os.path.basename(path)
    status, ended = _STATUS.get(meta.get("status", "")), _seconds(meta.get("end_time"))
    return RunFacts(
        id=run_id,
        name=tags.get("mlflow.runName") or meta.get("run_name") or run_id,
        source=MlflowReader.source,
        path=path,
        project=experiment,
        group=tags.get("mlflow.parentRunId"),
        tags=tuple(f"{name}={value}" for name, value in tags.items() if not name.startswith("mlflow.")),
        notes=tags.get("mlflow.note.content"),
        created=_seconds(meta.get("start_time")),
        command=tags.get("mlflow.source.name"),
        user=tags.get("mlflow.user") or meta.get("user_id"),
        git=Git(
            tags.get("mlflow.source.git.commit"),
            tags.get("mlflow.source.git.branch"),
            tags.get("mlflow.source.git.repoURL"),
        ),
        config={name: typed(value) for name, value in params.items()},
        finish=Finish(ended, status) if status is not None else None,
    )


_META_LINE = re.compile(r"([A-Za-z_]+): (.*)")


def _seconds(milliseconds: str | None) -> float | None:
    try:
        return float(milliseconds) / 1000 if milliseconds is not None else None
    except ValueError:
        return None


def typed(text: str) -> Value:
    """A parameter as the number that it spells, else the text."""
    for kind in (int, float):
        try:
            return kind(text) if "_" not in text and math.isfinite(float(text)) else text
        except ValueError:
            continue
    return text
