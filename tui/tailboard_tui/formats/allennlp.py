"""AllenNLP's serialization directory: `metrics_epoch_<n>.json`, one new file an epoch, and `config.json`.

Source: allennlp/training/gradient_descent_trainer.py (`dump_metrics`). Its event files in `log/` hold
the same and more often; they are runs by themselves.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from tailboard_tui.files.opening import SMALL_FILE_LIMIT_BYTES, read_small
from tailboard_tui.formats.base import Problem, RunFacts
from tailboard_tui.formats.flat import flatten
from tailboard_tui.formats.reading import Peek, RunReader
from tailboard_tui.formats.rowbuilder import RowsBuilder
from tailboard_tui.formats.sources import Complaint, Piece, Source
from tailboard_tui.formats.surroundings import config_paths, read_mapping

_EPOCH = re.compile(r"\Ametrics_epoch_(\d{1,15})\.json\Z")


class EpochFiles:
    """The files of a directory as one source: each is written once."""

    prefix = ""

    def __init__(self, reader: AllenNlpReader) -> None:
        self.path = reader.path
        self._reader = reader
        self.rewind()

    def rewind(self) -> None:
        """Start over."""
        self._read = -1

    def poll(self, limit_bytes: int) -> Piece:
        """The epochs that are new."""
        builder = RowsBuilder("")
        complaints: list[Complaint] = []
        used = 0
        for epoch, name in self._reader.epochs():
            if epoch <= self._read:
                continue
            if used >= limit_bytes:
                return Piece(builder.take(), complaints, False, used, True)
            self._read = epoch
            try:
                data = read_small(f"{self.path}/{name}", SMALL_FILE_LIMIT_BYTES)
                found = json.loads(data)
            except (OSError, ValueError, RecursionError) as error:
                complaints.append(Complaint(None, f"{name}: {error}"[:200]))
                continue
            used += len(data)
            numbers = flatten(found, "/") if isinstance(found, dict) else {}
            values = {key: float(value) for key, value in numbers.items() if isinstance(value, int | float)}
            builder.add(float(epoch), math.nan, values)
        return Piece(builder.take(), complaints, False, used)

    def close(self) -> None:
        """Nothing stays open."""

    def progress(self) -> tuple[int, int]:
        """Epochs, for want of sizes."""
        last = max((epoch for epoch, _ in self._reader.epochs()), default=-1)
        return self._read + 1, last + 1


class AllenNlpReader(RunReader):
    """One training."""

    source = "allennlp"

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._epoch_files = EpochFiles(self)

    def epochs(self) -> Iterator[tuple[int, str]]:
        """Number and name of each epoch's file, in order."""
        found = ((_EPOCH.match(name), name) for name in self.listings.of(self.path).files)
        yield from sorted((int(match[1]), name) for match, name in found if match is not None)

    def sources(self) -> Iterable[Source]:
        """The epochs."""
        return [self._epoch_files]

    def watched(self) -> Iterable[str]:
        """The configuration and the summary."""
        return [*config_paths(self.path, self.listings.of(self.path)), f"{self.path}/metrics.json"]

    def describe(self) -> RunFacts:
        """Facts from config.json and metrics.json."""
        problems: list[Problem] = []
        summary = flatten(read_mapping(f"{self.path}/metrics.json", "metrics.json", problems), "/")
        epochs = [epoch for epoch, _ in self.epochs()]
        facts = self.told_beside(Peek(last_step=float(epochs[-1]) if epochs else None), summary)
        return replace(facts, problems=(*facts.problems, *problems))
