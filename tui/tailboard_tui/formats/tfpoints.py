"""Points of TensorBoard's tags as they are gathered from the records of a file."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tailboard_tui.formats.base import Column, FloatArray, Rows

IndexArray = npt.NDArray[np.int64]


@dataclass(slots=True)
class TagPoints:
    """New points of one tag, in file order once `arrays` gives them."""

    blocks: list[tuple[IndexArray, FloatArray, FloatArray, FloatArray]] = field(default_factory=list)
    """Of many records at once: place among the records, steps, times, values; each of shape (n,)."""
    single: list[tuple[int, float, float, float]] = field(default_factory=list)
    """Of one record: the same four."""

    def first_place(self) -> int:
        """Place of the first point among the records."""
        places = [int(block[0][0]) for block in self.blocks] + [one[0] for one in self.single[:1]]
        return min(places, default=0)

    def last(self) -> tuple[float, float, float]:
        """Step, time and value of the last point."""
        found = list(self.single)
        for places, steps, times, values in self.blocks:
            found.append((int(places[-1]), float(steps[-1]), float(times[-1]), float(values[-1])))
        return max(found)[1:]

    def places(self) -> IndexArray:
        """Place of each point among the records, shape (n,), as `arrays` gives them."""
        found = [block[0] for block in self.blocks]
        found.append(np.array([one[0] for one in self.single], dtype=np.int64))
        return np.sort(np.concatenate(found))

    def arrays(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Steps, times and values, each of shape (n,)."""
        blocks = list(self.blocks)
        if self.single:
            places, *columns = (
                np.array(column, dtype=np.float64) for column in zip(*self.single, strict=True)
            )
            blocks.append((places.astype(np.int64), columns[0], columns[1], columns[2]))
        if len(blocks) == 1:
            return blocks[0][1:]
        order = np.argsort(np.concatenate([block[0] for block in blocks]), kind="stable")
        steps, times, values = (np.concatenate([block[n] for block in blocks])[order] for n in (1, 2, 3))
        return steps, times, values


def rows_of_tag(tag: str, points: TagPoints) -> Rows:
    """The points of one tag as rows of a clock of its own."""
    steps, times, values = points.arrays()
    times[times == 0] = math.nan  # proto3 leaves a missing time at zero
    return Rows(tag, "metrics", steps, times, {tag: Column(None, values)})
