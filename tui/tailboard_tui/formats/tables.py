"""Runs whose metrics stand in CSV files: Lightning, Keras, Ultralytics, Stable-Baselines3, Spinning Up ..."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np
from msgspec import structs

from tailboard_tui.formats.base import Rows, RunFacts, Value
from tailboard_tui.formats.csvtable import CsvTable
from tailboard_tui.formats.flat import flatten
from tailboard_tui.formats.looks import METRIC_TABLES, is_table
from tailboard_tui.formats.reading import Peek, RunReader
from tailboard_tui.formats.sources import Complaint, LineSource, Source, State
from tailboard_tui.formats.surroundings import config_paths, read_value
from tailboard_tui.formats.tablepeek import peek_at_table, peek_through


class TableReader(RunReader):
    """One table of metrics: a file, or a directory in which one of `file_names` stands."""

    source = "csv"
    file_names: ClassVar[tuple[str, ...]] = ()
    """Of the table in a run directory; the first that is there."""

    def table_paths(self) -> list[str]:
        """The tables of this run."""
        return self.main_file(self.file_names, is_table)

    def sources(self) -> Iterable[Source]:
        """The tables, each with a clock of its own."""
        return [self.known(path) or self.make_source(path) for path in self.table_paths()]

    def make_source(self, path: str) -> Source:
        """The source of the table at `path`."""
        return LineSource(path, lambda: CsvTable("", delimiter_of(path)), has_rows=True)

    def watched(self) -> Iterable[str]:
        """The configuration beside the table."""
        return config_paths(self.path, self.listings.of(self.path))

    def describe(self) -> RunFacts:
        """Facts from the ends of the tables and from the files beside them."""
        paths = [source.path for source in self._sources]
        facts = self.told_beside(self.peek(paths[0]) if paths else Peek())
        total_steps = self.total_steps(facts.config)
        return facts if total_steps is None else structs.replace(facts, total_steps=total_steps)

    def peek(self, path: str) -> Peek:
        """What the first and the last lines of a table tell."""
        return peek_at_table(path, delimiter_of(path))

    def total_steps(self, config: Mapping[str, Value]) -> float | None:
        """The planned number of steps, where the format itself tells it."""
        return None


def delimiter_of(path: str) -> str | None:
    """The delimiter that a file's name tells; None where its header must."""
    return "\t" if path.endswith(".tsv") else None


class LightningReader(TableReader):
    """PyTorch Lightning's CSVLogger: `version_N/metrics.csv` with `hparams.yaml`.

    It rewrites the file when a metric is new; the follower notices and all is read anew.
    Source: lightning_fabric/loggers/csv_logs.py.
    """

    source = "lightning"
    file_names = ("metrics.csv",)


class UltralyticsReader(TableReader):
    """Ultralytics: `results.csv` with `args.yaml`; one row an epoch.

    Source: ultralytics/engine/trainer.py, `save_metrics`.
    """

    source = "ultralytics"
    file_names = ("results.csv",)

    def total_steps(self, config: Mapping[str, Value]) -> float | None:
        """`epochs` of args.yaml."""
        found = config.get("epochs")
        return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


class ProgressReader(TableReader):
    """OpenAI baselines, Stable-Baselines3, rllab, garage, Ray: `progress.csv`; Spinning Up: `progress.txt`.

    `monitor.csv` files beside it hold one row an episode; they stand under their own names.
    Source: stable_baselines3/common/logger.py and monitor.py; spinup/utils/logx.py.
    """

    source = "progress"
    file_names = ("progress.csv", "progress.txt")

    def table_paths(self) -> list[str]:
        """The table of metrics, and the episodes."""
        files = self.listings.of(self.path).files
        monitors = [f"{self.path}/{name}" for name in files if is_monitor(name)]
        return super().table_paths()[:1] + monitors if files else super().table_paths()

    def make_source(self, path: str) -> Source:
        """A monitor file has a decoder of its own."""
        if not is_monitor(os.path.basename(path)):
            return super().make_source(path)
        name = os.path.basename(path)
        several = sum(is_monitor(other) for other in self.listings.of(self.path).files) > 1
        prefix = f"{name.removesuffix('.csv')}/" if several else ""
        return LineSource(path, lambda: MonitorTable(name), prefix)

    def watched(self) -> Iterable[str]:
        """The configuration, also that of RL Zoo: `<env>_<n>/<env>/{args,config}.yml`."""
        inner = f"{self.path}/{os.path.basename(self.path).rpartition('_')[0]}"
        names = self.listings.of(inner).files if inner != f"{self.path}/" else ()
        return [*super().watched(), *(f"{inner}/{name}" for name in _ZOO if name in names)]

    def describe(self) -> RunFacts:
        """Facts with the configuration of RL Zoo."""
        facts = super().describe()
        config, problems = dict(facts.config), list(facts.problems)
        for path in self.watched():
            if os.path.basename(path) in _ZOO and os.path.dirname(path) != self.path:
                found = read_value(path, os.path.relpath(path, self.path), problems)
                config.update(flatten(mapping_of_pairs(found)))
        return structs.replace(facts, config=config, problems=tuple(problems))

    def peek(self, path: str) -> Peek:
        """A run of nothing but episodes is looked at as such."""
        if is_monitor(os.path.basename(path)):
            # The step is a sum over all episodes: the last lines alone do not tell it.
            return replace(peek_through(path, MonitorTable("")), last_step=None)
        return super().peek(path)


class MonitorTable(CsvTable):
    """Episodes: `r` reward, `l` length, `t` seconds since `t_start`, which a comment in JSON holds.

    The step is the number of environment steps so far, as Stable-Baselines3 plots it.
    Source: stable_baselines3/common/monitor.py, results_plotter.py (`X_TIMESTEPS`).
    """

    def __init__(self, clock: str) -> None:
        super().__init__(clock, ",", lambda names: None)
        self._steps = 0.0

    def state(self) -> State:
        """Where reading stands."""
        return {**super().state(), "steps": self._steps}

    def restore(self, state: State) -> None:
        """Go on there."""
        super().restore(state)
        self._steps = float(state["steps"])

    def take(self) -> tuple[list[Rows], list[Complaint]]:
        """Rows with the steps and times that follow from lengths and durations."""
        found, complaints = super().take()
        return [self._dated(rows) for rows in found], complaints

    def _dated(self, rows: Rows) -> Rows:
        length, elapsed = rows.columns.get("l"), rows.columns.get("t")
        steps, times = rows.steps, rows.times
        if length is not None:
            lengths = np.zeros(len(steps))
            lengths[slice(None) if length.rows is None else length.rows] = np.nan_to_num(length.values)
            with np.errstate(over="ignore"):
                steps = np.cumsum(lengths) + self._steps
            self._steps = float(steps[-1])
        started = self._started()
        if elapsed is not None and math.isfinite(started):
            times = np.full(len(steps), math.nan)
            times[slice(None) if elapsed.rows is None else elapsed.rows] = elapsed.values + started
        return replace(rows, steps=steps, times=times)

    def _started(self) -> float:
        try:
            found = json.loads(self.comments[0].lstrip("#"))["t_start"]
        except (IndexError, ValueError, KeyError, TypeError, RecursionError):
            return math.nan
        return float(found) if isinstance(found, int | float) else math.nan


_ZOO = ("args.yml", "config.yml")


def mapping_of_pairs(value: object) -> dict[str, object]:
    """A mapping, or what the dump of an OrderedDict holds: a list of one list of pairs."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        pairs = [pair for pair in value[0] if isinstance(pair, list) and len(pair) == 2]
        value = {pair[0]: pair[1] for pair in pairs if isinstance(pair[0], str)}
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def is_monitor(name: str) -> bool:
    """Whether a file of this name holds episodes."""
    return name == "monitor.csv" or name.endswith(".monitor.csv")


class GenericTableReader(TableReader):
    """Any table of metrics: Keras' CSVLogger, timm's `summary.csv`, one's own."""

    file_names = tuple(sorted(METRIC_TABLES))
