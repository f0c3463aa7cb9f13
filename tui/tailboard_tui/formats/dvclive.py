"""DVCLive: `dvclive/plots/metrics/**/<name>.tsv`, one file a metric, with `metrics.json` and `params.yaml`.

Source: dvclive/plots/metric.py: columns `step` and the name, `timestamp` (ms) before
them on request.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from tailboard_tui.formats.base import Problem, RunFacts
from tailboard_tui.formats.csvtable import CsvTable
from tailboard_tui.formats.flat import flatten
from tailboard_tui.formats.reading import Peek, RunReader
from tailboard_tui.formats.sources import LineSource, Source
from tailboard_tui.formats.surroundings import config_paths, log_files, read_mapping
from tailboard_tui.formats.tablepeek import peek_at_table

MAX_METRICS = 5_000
_PEEKED_FILES = 20


class DvcliveReader(RunReader):
    """A directory that DVCLive wrote."""

    source = "dvclive"

    def sources(self) -> Iterable[Source]:
        """One table a metric."""
        return [self.known(path) or self._source(prefix, name, path) for prefix, name, path in self._tables()]

    def _source(self, prefix: str, name: str, path: str) -> Source:
        return LineSource(path, lambda: CsvTable(name, "\t"), prefix)

    def _tables(self) -> Iterator[tuple[str, str, str]]:
        """Prefix, name and path of each metric's table."""
        waiting = [("", f"{self.path}/plots/metrics")]
        left = MAX_METRICS
        while waiting:
            prefix, directory = waiting.pop()
            entries = self.listings.of(directory)
            names = [name for name in entries.files if name.endswith(".tsv")][:left]
            for name in names:
                yield prefix, name.removesuffix(".tsv"), f"{directory}/{name}"
            left -= len(names)
            if left <= 0 or prefix.count("/") > 20:
                return
            waiting += [(f"{prefix}{name}/", f"{directory}/{name}") for name in reversed(entries.directories)]

    def watched(self) -> Iterable[str]:
        """Parameters and last values."""
        return [*config_paths(self.path, self.listings.of(self.path)), f"{self.path}/metrics.json"]

    def describe(self) -> RunFacts:
        """Facts from the files beside the tables."""
        problems: list[Problem] = []
        summary = flatten(read_mapping(f"{self.path}/metrics.json", "metrics.json", problems), "/")
        steps: list[float] = []
        values: dict[str, float] = {}
        for prefix, _, path in list(self._tables())[:_PEEKED_FILES]:
            peek = peek_at_table(path, "\t")
            values.update((prefix + metric, value) for metric, value in peek.last_values.items())
            steps += [peek.last_step] if peek.last_step is not None else []
        facts = self.told_beside(Peek(None, None, max(steps, default=None), values), summary)
        parent = os.path.dirname(self.path)
        return replace(
            facts,
            log_files=facts.log_files or log_files(parent, self.listings.of(parent)),
            problems=(*facts.problems, *problems),
        )
