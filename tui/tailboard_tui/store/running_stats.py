"""One metric in numbers, kept up to date as points arrive."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tailboard_tui.formats.base import FloatArray
from tailboard_tui.store.model import MetricStats


@dataclass(slots=True)
class RunningStats:
    """The fields of `MetricStats` while they change."""

    count: int = 0
    first: float = math.nan
    last: float = math.nan
    min: float = math.nan
    min_step: float = math.nan
    max: float = math.nan
    max_step: float = math.nan
    last_step: float = math.nan
    nan_count: int = 0
    first_bad_step: float | None = None

    @classmethod
    def of(cls, saved: Mapping[str, float]) -> RunningStats:
        """Those of a `MetricStats` that was kept as a mapping."""
        return cls(**saved)  # type: ignore[arg-type]  # count and nan_count are integers where they were saved

    def add(self, steps: FloatArray, values: FloatArray) -> None:
        """Take further points into account.

        Args:
            steps: Shape (n,); NaN where a point has none.
            values: Shape (n,). NaN and infinities are counted, and left out of minimum and maximum.
        """
        if not values.size:
            return
        if not self.count:
            self.first = float(values[0])
        self.count += values.size
        self.last, self.last_step = float(values[-1]), float(steps[-1])
        is_finite = np.isfinite(values)
        if not is_finite.all():
            self.nan_count += int(values.size - np.count_nonzero(is_finite))
            if self.first_bad_step is None:
                self.first_bad_step = float(steps[np.argmin(is_finite)])
            steps, values = steps[is_finite], values[is_finite]
            if not values.size:
                return
        low, high = int(values.argmin()), int(values.argmax())
        if not values[low] >= self.min:
            self.min, self.min_step = float(values[low]), float(steps[low])
        if not values[high] <= self.max:
            self.max, self.max_step = float(values[high]), float(steps[high])

    def freeze(self) -> MetricStats:
        """As they are now."""
        return MetricStats(
            self.count,
            self.first,
            self.last,
            self.min,
            self.min_step,
            self.max,
            self.max_step,
            self.last_step,
            self.nan_count,
            self.first_bad_step,
        )
