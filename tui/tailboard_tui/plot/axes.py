"""Axes: what stands where, limits that hold still, and ticks that are round, ordered and apart."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tailboard_tui.formats.base import FloatArray
from tailboard_tui.text.units import DAY_S, HOUR_S, MINUTE_S

TINY = 1e-300
"""Ranges narrower than this are widened: their tick steps would be denormal numbers."""

LARGEST = sys.float_info.max

_TIME_STEPS = (
    *(1.0, 2.0, 5.0, 10.0, 15.0, 30.0),
    *(m * MINUTE_S for m in (1, 2, 5, 10, 15, 30)),
    *(h * HOUR_S for h in (1, 2, 3, 6, 12)),
    *(d * DAY_S for d in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)),
)
_SIZE_PARTS = 12
"""Limits of an axis in bytes are multiples of about a twelfth of it."""

_SUFFIXES = {3: "k", 6: "M", 9: "G", 12: "T"}


@dataclass(frozen=True, slots=True)
class Scale:
    """A range of values laid on 0 to 1."""

    low: float
    high: float
    """Greater than `low`. Both are positive on a logarithmic scale."""
    is_log: bool = False

    def position(self, values: FloatArray) -> FloatArray:
        """Where `values` lie, 0 at `low` and 1 at `high`; beyond for values outside; NaN stays NaN."""
        if self.is_log:
            low, high = math.log10(self.low), math.log10(self.high)
            with np.errstate(divide="ignore", invalid="ignore"):
                return (np.log10(values) - low) / (high - low)
        with np.errstate(over="ignore"):  # halves: high - low may overflow
            return (values / 2 - self.low / 2) / (self.high / 2 - self.low / 2)

    def value(self, positions: FloatArray) -> FloatArray:
        """The inverse of `position`."""
        if self.is_log:
            low, high = math.log10(self.low), math.log10(self.high)
            with np.errstate(over="ignore", under="ignore"):
                return np.power(10.0, low + positions * (high - low))
        return self.low + positions * (self.high / 2 - self.low / 2) * 2


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on an axis."""

    value: float
    label: str


def nice_step(step: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is at least `step` (positive)."""
    exponent = math.floor(math.log10(step))
    for factor in (1, 2, 5, 10):
        candidate = _decimal(factor, exponent)
        if candidate >= step * (1 - 1e-9):
            return candidate
    return _decimal(10, exponent)


def _decimal(factor: float, exponent: int) -> float:
    """`factor` times ten to `exponent`, correctly rounded: 3e-1 rather than 0.30000000000000004."""
    return float(f"{factor}e{exponent}")


def limits(low: float, high: float, is_log: bool = False, parts: int = 10) -> tuple[float, float]:
    """Limits around [low, high], rounded outward so that they hold still while data arrives.

    Args:
        low: Smallest value, finite; NaN for no data. Positive on a logarithmic axis.
        high: Largest value.
        parts: Limits are multiples of a round step of about (high - low) / parts.
    """
    if math.isnan(low) or math.isnan(high):
        return (1.0, 10.0) if is_log else (0.0, 1.0)
    if is_log:
        return _log_limits(low, high)
    if high / 2 - low / 2 < max(abs(low), abs(high), TINY) * 1e-12:
        spread = max(abs(high) * 0.1, TINY * 10) if high else 1.0
        low, high = max(low - spread, -LARGEST), min(high + spread, LARGEST)
    span = high / 2 - low / 2
    step = nice_step(max(span / parts * 2, TINY))
    return _multiple(low, step, math.floor), _multiple(high, step, math.ceil)


def _log_limits(low: float, high: float) -> tuple[float, float]:
    """Limits at 1, 2 or 5 times a power of ten."""
    low, high = max(low, TINY), max(high, TINY)
    if high / 1.001 < low:
        low, high = low / 2, min(high, LARGEST / 2) * 2
    lower = [_decimal(f, math.floor(math.log10(low))) for f in (1, 2, 5)]
    upper = [_decimal(f, math.floor(math.log10(high))) for f in (1, 2, 5, 10)]
    bottom = max((value for value in lower if value <= low), default=low)
    top = min((value for value in upper if value >= high and math.isfinite(value)), default=high)
    return bottom, top


def _multiple(value: float, step: float, rounding: Callable[[float], int]) -> float:
    """`value` rounded to a multiple of `step`; a remainder of float noise does not count."""
    ratio = value / step
    nearest = round(ratio)
    count = nearest if abs(ratio - nearest) < 1e-6 else rounding(ratio)
    found = count * step
    return found if math.isfinite(found) else value


def ticks(scale: Scale, most: int) -> list[Tick]:
    """At most `most` round ticks inside `scale`, ascending."""
    if most < 1:
        return []
    if scale.is_log:
        return _log_ticks(scale, most)
    span = scale.high / 2 - scale.low / 2
    step = nice_step(max(span / most * 2, TINY))
    while True:
        first, last = _inside(scale, step)
        if last - first + 1 <= most:
            break
        step = nice_step(step * 1.5)
    values = [_clean(index, step) for index in range(first, last + 1)]
    return [Tick(value, label) for value, label in zip(values, labels(values, step), strict=True)]


_SIZE_UNITS = ((2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"))
_LARGEST_SIZE = 2.0**60
"""Beyond this a number of bytes is told as any other."""


def size_limits(low: float, high: float) -> tuple[float, float]:
    """As `limits`, for numbers of bytes."""
    unit = _size_unit(low, high)
    if unit is None:
        bottom, top = limits(low, high)
        return (max(bottom, 0.0) if low >= 0 else bottom), top
    step = _size_step((high - low) / _SIZE_PARTS, unit[0])
    return _multiple(low, step, math.floor), _multiple(high, step, math.ceil)


def size_ticks(scale: Scale, most: int) -> list[Tick]:
    """As `ticks`, for numbers of bytes: all in one binary unit, 8, 16, 24 or 0.5, 1.0, 1.5 of it."""
    unit = _size_unit(scale.low, scale.high)
    if unit is None or scale.is_log or most < 1:
        return ticks(scale, most)
    size, name = unit
    step = _size_step((scale.high - scale.low) / most, size)
    first, last = _inside(scale, step)
    if last - first + 1 > most:
        step = _size_step(step * 1.5, size)
        first, last = _inside(scale, step)
    decimals = 0 if step >= size else max(-math.floor(math.log10(step / size) + 1e-9), 0)
    values = [index * step for index in range(first, last + 1)]
    return [Tick(value, f"{value / size:.{decimals}f} {name}" if value else "0") for value in values]


def _size_unit(low: float, high: float) -> tuple[float, str] | None:
    """The largest unit that is not above the values; None where there are no bytes to speak of."""
    largest = max(abs(low), abs(high))
    if not high - low > largest * 1e-3 or largest > _LARGEST_SIZE:
        return None
    return next((unit for unit in _SIZE_UNITS if unit[0] <= largest), None)


def _size_step(least: float, unit: float) -> float:
    """The smallest round step: of whole units a power of two, of parts of one as in `nice_step`."""
    return 2.0 ** math.ceil(math.log2(least)) if least > unit / 2 else nice_step(least / unit) * unit


def _inside(scale: Scale, step: float) -> tuple[int, int]:
    """The first and the last multiple of `step` on `scale`."""
    return math.ceil(scale.low / step - 1e-6), math.floor(scale.high / step + 1e-6)


def _clean(index: int, step: float) -> float:
    """`index * step` without the noise of the product."""
    return float(f"{index * step:.12g}")


def labels(values: Sequence[float], step: float) -> list[str]:
    """Short labels of `values`, multiples of `step`, with one unit and as many decimals as they need."""
    largest = max((abs(value) for value in values), default=0.0)
    if largest == 0.0:
        return ["0" for _ in values]
    exponent = math.floor(math.log10(largest) + 1e-9)
    fine = math.floor(math.log10(step) + 1e-9)
    if 4 <= exponent < 15:
        unit = max(power for power in (3, *_SUFFIXES) if power <= exponent)
        suffix = _SUFFIXES[unit]
    elif -3 <= exponent < 4 and fine >= -4:
        unit, suffix = 0, ""
    else:
        unit, suffix = exponent, f"e{exponent}"
    decimals = max(unit - fine, 0)
    return [_label(value, unit, decimals, suffix) for value in values]


def _label(value: float, unit: int, decimals: int, suffix: str) -> str:
    if value == 0:
        return "0"
    return f"{value / _decimal(1, unit):.{decimals}f}{suffix}" if unit > -300 else f"{value:.{decimals}e}"


def _log_ticks(scale: Scale, most: int) -> list[Tick]:
    low = math.floor(math.log10(scale.low) + 1e-9)
    high = math.ceil(math.log10(scale.high) - 1e-9)
    bottom, top = scale.low * (1 - 1e-9), min(scale.high * (1 + 1e-9), LARGEST)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        values = [_decimal(f, e) for e in range(low, high + 1) for f in factors]
        inside = [v for v in values if bottom <= v <= top]
        if 2 <= len(inside) <= most:
            return [Tick(value, _log_label(value)) for value in inside]
    stride = nice_step((high - low + 1) / most) if high > low else 1.0
    every = max(int(stride), 1)
    values = [_decimal(1, e) for e in range(low, high + 1) if e % every == 0]
    inside = [v for v in values if bottom <= v <= top]
    return [Tick(value, _log_label(value)) for value in inside[:most]]


def _log_label(value: float) -> str:
    exponent = math.floor(math.log10(value) + 1e-9)
    if -3 <= exponent < 4:
        return f"{value:g}"
    for power, suffix in _SUFFIXES.items():
        if power <= exponent < power + 3:
            return f"{value / 10.0**power:g}{suffix}"
    mantissa = round(value / _decimal(1, exponent)) if exponent > -300 else 1
    return f"{mantissa}e{exponent}"


def time_ticks(scale: Scale, most: int, *, is_clock: bool) -> list[Tick]:
    """Ticks of an axis in seconds: lengths of time, or with `is_clock` local wall-clock times."""
    if most < 1:
        return []
    span = scale.high - scale.low
    if span < 2.0 and not is_clock:
        return [Tick(tick.value, f"{tick.label}s") for tick in ticks(scale, most)]
    step = next((s for s in _TIME_STEPS if span / s <= most - 0.5), None)
    if step is None:
        step = nice_step(span / DAY_S / most) * DAY_S
    shift = _utc_offset(scale.low) if is_clock else 0.0
    first = math.ceil((scale.low + shift) / step - 1e-9)
    last = math.floor((scale.high + shift) / step + 1e-9)
    name = _clock_label if is_clock else _length_label
    values = [index * step - shift for index in range(first, last + 1)][:most]
    return [Tick(value, name(value, step)) for value in values]


def _utc_offset(when: float) -> float:
    try:
        return float(time.localtime(when).tm_gmtoff)
    except (OverflowError, ValueError, OSError):
        return 0.0


def _clock_label(when: float, step: float) -> str:
    try:
        local = time.localtime(when)
    except (OverflowError, ValueError, OSError):
        return f"{when:g}"
    if step >= DAY_S:
        return time.strftime("%d %b", local)
    return time.strftime("%H:%M:%S" if step < MINUTE_S else "%H:%M", local)


def _length_label(seconds: float, step: float) -> str:
    """`0`, `45s`, `2m30s`, `1h`, `1h30m`, `2d`, `2d6h`."""
    if seconds == 0:
        return "0"
    sign, rest = ("-", -seconds) if seconds < 0 else ("", seconds)
    parts: list[str] = []
    for length, unit in ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "m"), (1.0, "s")):
        count = int(rest // length + 1e-9)
        rest -= count * length
        if count:
            parts.append(f"{count}{unit}")
    return sign + "".join(parts[:2])
