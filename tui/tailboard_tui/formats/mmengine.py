"""MMEngine: `<work_dir>/<time>/vis_data/scalars.json` with `<time>.log` beside it.

Source: mmengine/visualization/vis_backend.py (LocalVisBackend), mmengine/hooks/logger_hook.py. In one file,
training records count iterations as `step` and validation records epochs: they get a clock each.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from msgspec import structs

from tailboard_tui.formats.base import Column, RowArray, Rows, RunFacts
from tailboard_tui.formats.jsonl import JsonlDecoder, JsonlReader
from tailboard_tui.formats.surroundings import log_files

_TRAINING = ("iter", "lr", "loss", "base_lr")
"""Keys that only training records have."""


class MMEngineDecoder(JsonlDecoder):
    """JSON objects of two clocks."""

    def finish(self, rows: Rows) -> list[Rows]:
        """The training records, and the validation records under the clock `val`."""
        is_training = np.zeros(len(rows.steps), dtype=bool)
        for name in _TRAINING:
            column = rows.columns.get(name)
            if column is not None:
                is_training[slice(None) if column.rows is None else column.rows] = True
        parts = [_rows_where(rows, is_training, ""), _rows_where(rows, ~is_training, "val")]
        found = [part for part in parts if len(part.steps)]
        return [self.resumes[part.clock].mark(part) for part in found]


def _rows_where(rows: Rows, keep: np.ndarray[tuple[int], np.dtype[np.bool_]], clock: str) -> Rows:
    place = (np.cumsum(keep) - 1).astype(np.uint32)
    columns = {}
    for name, column in rows.columns.items():
        at: RowArray = np.arange(len(keep), dtype=np.uint32) if column.rows is None else column.rows
        kept = keep[at]
        if kept.any():
            columns[name] = Column(place[at[kept]], column.values[kept])
    return replace(
        rows, clock=clock, steps=rows.steps[keep], times=rows.times[keep], columns=columns, resumes=()
    )


class MMEngineReader(JsonlReader):
    """One training below a work directory."""

    source = "mmengine"

    def record_paths(self) -> list[str]:
        """The records, in the sub-directory."""
        path = f"{self.path}/vis_data"
        names = self.listings.of(path).files
        return [f"{path}/scalars.json"] if "scalars.json" in names else []

    def decoder(self, path: str) -> JsonlDecoder:
        """One for two clocks."""
        return MMEngineDecoder(os.path.basename(path), "")

    def watched(self) -> Iterable[str]:
        """The log."""
        return [log.path for log in log_files(self.path, self.listings.of(self.path))]

    def describe(self) -> RunFacts:
        """Facts of the records; the work directory names the run."""
        facts = super().describe()
        work = os.path.basename(os.path.dirname(self.path))
        name = f"{work}/{os.path.basename(self.path)}"
        return structs.replace(facts, id=name, name=name, group=work)
