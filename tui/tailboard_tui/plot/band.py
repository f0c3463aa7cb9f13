"""Runs of a group (seeds) as one line: their mean, with a band around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tailboard_tui.formats.base import FloatArray
from tailboard_tui.plot.line import Line

Spread = Literal["std", "range"]

MOST_PLACES = 4096
"""Places at which a mean is taken at most: ten times the dot columns of a very wide terminal."""


@dataclass(frozen=True, slots=True)
class Band:
    """Lower and upper border around a mean line, at the same x."""

    low: Line
    high: Line
    count: int
    """Runs that took part."""


def mean_band(lines: Sequence[tuple[Line, float]], spread: Spread = "std") -> tuple[Line, Band] | None:
    """The mean over lines, with one standard deviation or the range from minimum to maximum around it.

    Means are taken where runs have points: at all their x together, or at evenly chosen ones of them
    where these are very many. Between its own points a run counts by the straight line that the chart
    draws, beyond its ends not at all, and a NaN leaves it out there.

    Args:
        lines: Lines and what to subtract from their x.
        spread: `std`: the standard deviation with n - 1, and no width where only one run is.

    Returns:
        The mean and its band, x without shift; None without any point.
    """
    parts = [(line.x - shift, line.y) for line, shift in lines if line.size]
    if not parts:
        return None
    places = _places([x for x, _ in parts])
    values = np.stack([_at(places, x, y) for x, y in parts])
    counts = np.count_nonzero(~np.isnan(values), axis=0)
    places, values, counts = places[counts > 0], values[:, counts > 0], counts[counts > 0]
    mean = np.nansum(values / counts, axis=0)
    if spread == "range":
        low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    else:
        with np.errstate(over="ignore"):
            squares = np.nansum((values - mean) ** 2, axis=0)
        deviation = np.sqrt(squares / np.maximum(counts - 1, 1))
        low, high = mean - deviation, mean + deviation
    band = Band(Line.of(places, low), Line.of(places, high), len(parts))
    return Line.of(places, mean), band


def _places(xs: Sequence[FloatArray]) -> FloatArray:
    thinned = [x[:: max(x.size // MOST_PLACES, 1)] for x in xs]
    ends = [x[-1:] for x in xs]
    return np.unique(np.concatenate((*thinned, *ends)))[:]


def _at(places: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    order = np.argsort(x, kind="stable") if np.any(x[1:] < x[:-1]) else slice(None)
    return np.interp(places, x[order], y[order], left=np.nan, right=np.nan)
