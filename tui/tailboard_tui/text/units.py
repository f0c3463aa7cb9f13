"""Numbers, byte counts, durations and ages as short text. The same spelling on every screen."""

from __future__ import annotations

import math
import time

_SI = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_BYTES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")

MINUTE_S = 60.0
HOUR_S = 3600.0
DAY_S = 86400.0


def number(value: float | None, digits: int = 4) -> str:
    """`value` with at most `digits` significant digits: `0.3124`, `1.2e-05`, `12345`, `NaN`, `—`."""
    if value is None:
        return "—"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e6 or size < 1e-3:
        return _exponent(f"{value:.{max(digits - 2, 0)}e}")
    decimals = max(digits - 1 - math.floor(math.log10(size)), 0)
    return _short(f"{value:.{decimals}f}")


def _short(text: str) -> str:
    """`text` without the zeros that end its decimals."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exponent(text: str) -> str:
    mantissa, _, power = text.partition("e")
    return f"{_short(mantissa)}e{int(power)}"


def count(value: float | None) -> str:
    """A count or step in few characters: `950`, `12.3k`, `1.05M`."""
    if value is None or not math.isfinite(value):
        return "—"
    for unit, suffix in _SI:
        scaled = abs(value) / unit
        if scaled >= 0.9995:
            decimals = 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0
            return _short(f"{value / unit:.{decimals}f}") + suffix
    return f"{value:g}"


def size(value_bytes: float | None) -> str:
    """A number of bytes: `812 B`, `1.5 KiB`, `3.2 GiB`."""
    if value_bytes is None or not math.isfinite(value_bytes):
        return "—"
    for unit in _BYTES:
        if abs(value_bytes) < 1024 or unit == _BYTES[-1]:
            break
        value_bytes /= 1024
    return f"{value_bytes:.0f} {unit}" if unit == "B" else f"{value_bytes:.1f} {unit}"


def duration(seconds: float | None) -> str:
    """A length of time in two units: `4.2s`, `3m 05s`, `2h 14m`, `5d 03h`."""
    if seconds is None or not math.isfinite(seconds):
        return "—"
    seconds = max(seconds, 0.0)
    if seconds < 10:
        return f"{seconds:.1f}s"
    if seconds < MINUTE_S:
        return f"{seconds:.0f}s"
    if seconds < HOUR_S:
        return f"{int(seconds // 60)}m {int(seconds % 60):02}s"
    if seconds < DAY_S:
        return f"{int(seconds // HOUR_S)}h {int(seconds % HOUR_S // 60):02}m"
    return f"{int(seconds // DAY_S)}d {int(seconds % DAY_S // HOUR_S):02}h"


def age(seconds: float | None) -> str:
    """How long ago, in one unit: `now`, `12s`, `5m`, `3h`, `2d`, `7w`."""
    if seconds is None or not math.isfinite(seconds):
        return "—"
    if seconds < 1:
        return "now"
    for limit, unit, length in (
        (MINUTE_S, "s", 1.0),
        (HOUR_S, "m", MINUTE_S),
        (DAY_S, "h", HOUR_S),
        (14 * DAY_S, "d", DAY_S),
    ):
        if seconds < limit:
            return f"{int(seconds // length)}{unit}"
    return f"{int(seconds // (7 * DAY_S))}w"


def moment(when: float | None) -> str:
    """A Unix time in seconds as local date and time, `2026-11-23 18:04:05`; `—` for none."""
    if when is None or not math.isfinite(when):
        return "—"
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))
    except (OverflowError, ValueError, OSError):
        return "—"
