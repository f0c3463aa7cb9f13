"""Progress bars in log lines: tqdm (and Hugging Face, Lightning, which use it), rich.progress, Keras.

Source: tqdm 4 `std.tqdm.format_meter`; rich 13 `progress` default columns; Keras 3
`utils/progbar.py` and the same of Keras 2.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from tailboard_tui.text.safe import clean

LIMIT_CHARS = 1000
"""A longer line is no bar that anybody looks at."""

_NUMBER = r"(?<![\d.])\d[\d,]{0,24}(?:\.\d{1,12})?(?:e[+-]?\d{1,4})?[kMGTP]?"
"""From its first digit on and of bounded length: time stays linear on lines that are all digits."""

_CLOCK = r"(?:\d+ days?, )?\d+(?::\d\d)+"
_RATE = rf"(?P<rate>{_NUMBER}|\?)(?P<unit>s/[^\s,\]/]+|[^\s,\]/]+/s)"
_TQDM = re.compile(
    r"(?P<percent>\d{1,3})%\|[^|]{0,300}\| *"
    rf"(?P<current>{_NUMBER})\w{{0,8}}/(?P<total>{_NUMBER})\w{{0,8}}"
    rf" \[(?P<elapsed>{_CLOCK})<(?P<eta>{_CLOCK}|\?)(?:, *{_RATE})?"
)
_TQDM_OPEN = re.compile(rf"(?P<current>{_NUMBER})[^\s\d\[]{{1,12}} \[(?P<elapsed>{_CLOCK}), *{_RATE}")
_KERAS = re.compile(
    r"(?:^|\s)(?P<current>\d+)/(?P<total>\d+) (?:[━─]{3,80}|\[[=>.]{3,80}\])"
    r"(?: - ETA:)? *(?P<eta>\d+:\d\d(?::\d\d)?|\d+s)?(?: (?P<pace>\d+)(?P<pace_unit>s|ms|us)/(?:step|epoch))?"
)
_RICH = re.compile(
    r"(?<![━╸╺╴─])[━╸╺╴─]{3,200} +(?P<percent>\d{1,3})%"
    rf"(?: +(?P<current>{_NUMBER})/(?P<total>{_NUMBER}))?(?: +(?P<eta>{_CLOCK}|-:--:--))?"
)
_RICH_DONE = re.compile(r"(?<![━╸╺])[━╸╺]{3,200} +(?P<current>\d+)/(?P<total>\d+)(?: |$)")

_SUFFIX = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}


@dataclass(frozen=True, slots=True)
class Bar:
    """A progress bar in numbers; None where it does not say."""

    label: str
    """What stands before it, clean."""
    fraction: float | None
    """0 to 1."""
    current: float | None = None
    total: float | None = None
    rate: float | None = None
    """Units a second."""
    eta_s: float | None = None
    """Seconds left."""


def parse(line: str) -> Bar | None:
    """The progress bar that a line shows, or None. The line is one state of it (`text.terminal_line`)."""
    line = line[:LIMIT_CHARS]
    if "%" in line or "[" in line or "━" in line:
        for pattern in (_TQDM, _KERAS, _RICH, _RICH_DONE, _TQDM_OPEN):
            found = pattern.search(line)
            if found is not None:
                return _bar(line, found)
    return None


def _bar(line: str, found: re.Match[str]) -> Bar:
    fields = found.groupdict()
    current, total = _number(fields.get("current")), _number(fields.get("total"))
    percent = fields.get("percent")
    fraction = None
    if current is not None and total:
        fraction = min(current / total, 1.0)
    elif percent is not None:
        fraction = min(int(percent) / 100, 1.0)
    label = clean(line[: found.start()].strip(" :|-"), 80)
    return Bar(label, fraction, current, total, _rate(fields), _seconds(fields.get("eta")))


def _number(text: str | None) -> float | None:
    """A finite number."""
    if not text or text == "?":
        return None
    factor = _SUFFIX.get(text[-1], 1.0)
    try:
        return _finite(float(text.rstrip("kMGTP").replace(",", "")) * factor)
    except ValueError:
        return None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _rate(fields: dict[str, str | None]) -> float | None:
    """Units a second, from `10.0it/s`, `2.5s/it` or `60ms/step`."""
    unit, pace = fields.get("unit"), fields.get("pace")
    if pace and float(pace):
        return {"s": 1.0, "ms": 1e3, "us": 1e6}[fields["pace_unit"] or "s"] / float(pace)
    value = _number(fields.get("rate"))
    if not unit or not value:
        return None
    return _finite(1 / value) if unit.startswith("s/") else value


def _seconds(text: str | None) -> float | None:
    """Seconds of `1:02:03`, `2 days, 1:02:03` or `42s`."""
    if not text or text in ("?", "-:--:--"):
        return None
    if text.endswith("s"):
        return _finite(float(text[:-1]))
    days, _, clock = text.rpartition(", ")
    total = 0.0
    for part in clock.split(":"):
        total = total * 60 + float(part)
    return _finite(total + (float(days.split()[0]) * 86400 if days else 0))
