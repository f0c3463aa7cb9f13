"""Smoothing of a whole series, before anything is thinned out: debiased EMA, centred mean, centred median.

All of them skip NaN: it stays where it is, and neither poisons nor shifts what comes after.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tailboard_tui.formats.base import FloatArray

Method = Literal["ema", "mean", "median"]
METHODS: tuple[Method, ...] = get_args(Method)

STRENGTHS = (0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
"""What the keys step through: TensorBoard's slider, closer together where the eye tells the difference."""

LONGEST_MEAN, LONGEST_MEDIAN = 999, 63
"""Windows in points; a median of 1,000,000 points over 63 takes a second."""

_BLOCK = 64
"""Values per matrix product: wide enough that the products, not Python, take the time."""

_SORTED_ROWS = 8192
"""Windows sorted at once by the median: 4 MB."""


@dataclass(frozen=True, slots=True)
class Smoothing:
    """A method and its strength."""

    method: Method = "ema"
    strength: float = 0.0
    """0 (none) to below 1: the share of the past of an EMA; windows are as long as that remembers."""

    def __post_init__(self) -> None:
        if not 0 <= self.strength < 1:
            raise ValueError(f"smoothing strength must be at least 0 and below 1, not {self.strength}")

    @property
    def is_on(self) -> bool:
        """Whether it changes anything."""
        return self.strength > 0

    @property
    def window(self) -> int:
        """Points in a centred window, odd."""
        longest = LONGEST_MEDIAN if self.method == "median" else LONGEST_MEAN
        return min(2 * round(1 / (1 - self.strength)) - 1, longest)

    @property
    def label(self) -> str:
        """`ema 0.9`, `mean 19`, empty when off."""
        if not self.is_on:
            return ""
        return f"ema {self.strength:g}" if self.method == "ema" else f"{self.method} {self.window}"


def smooth(values: FloatArray, smoothing: Smoothing) -> FloatArray:
    """`values` smoothed, shape (n,), same unit. What is not finite is NaN and takes no part."""
    return extended(np.empty(0), values, smoothing)


def extended(done: FloatArray, values: FloatArray, smoothing: Smoothing) -> FloatArray:
    """`smooth(values)`, where `done` is what it gave for a prefix of `values`. Only the end is computed.

    The result equals that of `smooth` up to rounding (an EMA's carry is taken from `done`).
    """
    values = np.where(np.isfinite(values), values, np.nan) if not np.isfinite(values).all() else values
    if not smoothing.is_on:
        return values
    if smoothing.method == "ema":
        return np.concatenate((done, _ema_from(done, values, smoothing.strength)))
    if not values.size:
        return values
    half = smoothing.window // 2
    keep = max(done.size - half, 0)  # the last ones have not yet seen all of their window
    first = max(keep - half, 0)
    kernel = _centred_mean if smoothing.method == "mean" else _centred_median
    return np.concatenate((done[:keep], kernel(values[first:], smoothing.window)[keep - first :]))


def _ema_from(done: FloatArray, values: FloatArray, weight: float) -> FloatArray:
    """The smoothed values after the `done` ones.

    Source: debiasing as in Adam, Kingma & Ba 2015, section 3, https://arxiv.org/abs/1412.6980
    """
    fresh = values[done.size :]
    known = ~np.isnan(fresh)
    before = ~np.isnan(done)
    seen = int(np.count_nonzero(before))
    carry = 0.0
    if seen:
        last = done.size - 1 - int(np.argmax(before[::-1]))
        carry = float(done[last]) * -math.expm1(seen * math.log(weight))
    sums = _scan(fresh[known] * (1 - weight), weight, carry)
    full = math.ceil(-40 / math.log(weight))  # from here on 1 - weight^k is 1 in float64
    biased = max(min(full - seen, sums.size), 0)
    sums[:biased] /= -np.expm1(np.arange(seen + 1, seen + 1 + biased) * math.log(weight))
    result = np.full(fresh.size, np.nan)
    result[known] = sums
    return result


def _scan(inputs: FloatArray, weight: float, carry: float) -> FloatArray:
    """y[i] = weight * y[i - 1] + inputs[i], with y[-1] = carry, shape (n,).

    Blocks are solved by a triangular matrix product; their carries are the same problem, 64 times shorter.
    """
    count = inputs.size
    size = min(count, _BLOCK)
    if count == 0:
        return inputs
    powers = weight ** np.arange(size + 1)
    lag = np.arange(size)[:, None] - np.arange(size)
    triangle = np.where(lag >= 0, powers[np.maximum(lag, 0)], 0.0)
    padded = np.zeros(-(-count // size) * size)
    padded[:count] = inputs
    blocks = padded.reshape(-1, size) @ triangle.T
    if blocks.shape[0] > 1:
        ends = _scan(blocks[:, -1], float(powers[size]), carry)
        starts = np.concatenate(([carry], ends[:-1]))
    else:
        starts = np.array([carry])
    blocks += starts[:, None] * powers[1:]
    return blocks.ravel()[:count].copy()


def _centred_mean(values: FloatArray, window: int) -> FloatArray:
    """Mean of the known values in a centred window, cut off at both ends."""
    known = ~np.isnan(values)
    kernel = np.full(window, 1.0 / window)
    half = window // 2
    sums = np.convolve(np.where(known, values, 0.0), kernel, "full")[half : half + values.size]
    shares = np.convolve(known.astype(np.float64), kernel, "full")[half : half + values.size]
    return np.where(known, sums / np.maximum(shares, 0.5 / window), np.nan)


def _centred_median(values: FloatArray, window: int) -> FloatArray:
    """Median of the known values in a centred window, cut off at both ends."""
    half = window // 2
    edge = np.full(half, np.nan)
    windows = sliding_window_view(np.concatenate((edge, values, edge)), window)
    result = np.empty(values.size)
    for start in range(0, values.size, _SORTED_ROWS):
        part = np.sort(windows[start : start + _SORTED_ROWS], axis=1)  # NaN sorts to the end
        counts = np.maximum(np.count_nonzero(~np.isnan(part), axis=1), 1)
        rows = np.arange(part.shape[0])
        lower, upper = part[rows, (counts - 1) // 2], part[rows, counts // 2]
        result[start : start + _SORTED_ROWS] = lower / 2 + upper / 2
    result[np.isnan(values)] = np.nan
    return result
