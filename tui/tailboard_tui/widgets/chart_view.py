"""How the charts are looked at: one frozen value, which the explorer may keep per project."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from tailboard_tui.plot.smooth import METHODS, STRENGTHS, Smoothing
from tailboard_tui.plot.xaxis import X_KINDS, XKind

RAW = Smoothing()

MOST_COLUMNS = 8
DEFAULT_STRENGTH = 0.9
"""Of a method that is chosen while smoothing is off."""


@dataclass(frozen=True, slots=True)
class ChartView:
    """The state of a grid of charts. Metric names are as logged."""

    x_kind: XKind = "step"
    is_log_x: bool = False
    log_y: frozenset[str] = frozenset()
    """Metrics with a logarithmic y axis."""
    smoothing: Smoothing = RAW
    is_everything: bool = False
    """Whether outliers and overwritten points are shown."""
    has_bands: bool = False
    """Whether the runs of a group are one mean line with a band."""
    is_difference: bool = False
    """Whether the read-out gives differences from the baseline run."""
    columns: int = 0
    """Charts side by side; 0: as many as are well readable."""
    pinned: tuple[str, ...] = ()
    """Metrics kept at the top, in that order."""
    hidden: frozenset[str] = frozenset()
    shows_hidden: bool = False
    folded: frozenset[str] = frozenset()
    """Groups of which only the heading is shown."""
    pattern: str = ""
    """Only metrics that match: text, glob or ~regex."""
    y_ranges: tuple[tuple[str, tuple[float, float]], ...] = ()
    """Metrics whose y axis is held."""
    window: tuple[float, float] | None = None
    """Ends of the x axis; None: all points. Not kept between sessions."""
    cursor: float | None = None
    """x that is read off. Not kept between sessions."""

    def y_range(self, metric: str) -> tuple[float, float] | None:
        """The held ends of that metric's y axis."""
        return dict(self.y_ranges).get(metric)

    def with_next_x(self) -> ChartView:
        """By the next kind of x axis; window and cursor stood on the old one."""
        kind = X_KINDS[(X_KINDS.index(self.x_kind) + 1) % len(X_KINDS)]
        return replace(self, x_kind=kind, window=None, cursor=None)

    def with_strength(self, by: int) -> ChartView:
        """Smoothed more (by 1) or less (by -1)."""
        ahead = [
            s for s in STRENGTHS if (s > self.smoothing.strength if by > 0 else s < self.smoothing.strength)
        ]
        if not ahead:
            return self
        strength = min(ahead) if by > 0 else max(ahead)
        return replace(self, smoothing=Smoothing(self.smoothing.method, strength))

    def with_next_method(self) -> ChartView:
        """By the next method of smoothing; switched on if it was off."""
        if not self.smoothing.is_on:
            return replace(self, smoothing=Smoothing(self.smoothing.method, DEFAULT_STRENGTH))
        method = METHODS[(METHODS.index(self.smoothing.method) + 1) % len(METHODS)]
        return replace(self, smoothing=Smoothing(method, self.smoothing.strength))

    def with_y_range(self, metric: str, ends: tuple[float, float] | None) -> ChartView:
        """With the y axis of `metric` held, or free with None."""
        others = tuple(item for item in self.y_ranges if item[0] != metric)
        return replace(self, y_ranges=others if ends is None else (*others, (metric, ends)))

    def closer(self, extent: tuple[float, float], around: float | None, factor: float) -> ChartView:
        """With `factor` of the window, around a place, or its newest part; all of it if that is no less.

        Args:
            extent: Ends of all points.
            around: x that keeps its place in the window.
            factor: Below 1 shows less, above 1 more.
        """
        low, high = self.window or extent
        width = (high - low) * factor
        if width <= 0 or width < max(abs(low), abs(high)) * 1e-9:
            return self
        share = 1.0 if around is None else min(max((around - low) / (high - low), 0.0), 1.0)
        end = high if around is None else around
        low = end - width * share
        window = (low, low + width)
        if factor > 1 and window[0] <= extent[0] and window[1] >= extent[1]:
            return replace(self, window=None)
        return replace(self, window=window)

    def around(self, x: float) -> ChartView:
        """With the window moved, if need be, so that x is in it."""
        if self.window is None or self.window[0] <= x <= self.window[1]:
            return self
        low, high = self.window
        shift = x - high if x > high else x - low
        return replace(self, window=(low + shift, high + shift))

    def panned(self, extent: tuple[float, float], by: float) -> ChartView:
        """With the window moved by a share of its width; some of the points stay in it."""
        if self.window is None:
            return self
        low, high = self.window
        shift = (high - low) * by
        shift = min(max(shift, min(extent[0] - low, 0.0)), max(extent[1] - high, 0.0))
        return replace(self, window=(low + shift, high + shift))

    def toggled(self, field: str, name: str) -> ChartView:
        """With `name` put into, or taken out of, one of the sets of names."""
        names = getattr(self, field)
        if isinstance(names, tuple):
            changed: object = tuple(n for n in names if n != name) if name in names else (*names, name)
        else:
            changed = names ^ {name}
        return replace(self, **{field: changed})  # type: ignore[arg-type]  # a field of names

    def to_json(self) -> dict[str, object]:
        """What is worth keeping, as JSON values."""
        return {
            "x_kind": self.x_kind,
            "is_log_x": self.is_log_x,
            "log_y": sorted(self.log_y),
            "method": self.smoothing.method,
            "strength": self.smoothing.strength,
            "is_everything": self.is_everything,
            "has_bands": self.has_bands,
            "columns": self.columns,
            "pinned": list(self.pinned),
            "hidden": sorted(self.hidden),
            "folded": sorted(self.folded),
            "pattern": self.pattern,
        }

    @staticmethod
    def from_json(kept: Mapping[str, object]) -> ChartView:
        """The view that `to_json` gave; what is missing or wrong there keeps its default."""
        kind = kept.get("x_kind")
        method = kept.get("method")
        strength = kept.get("strength")
        columns = kept.get("columns")
        return ChartView(
            x_kind=next((known for known in X_KINDS if known == kind), "step"),
            is_log_x=kept.get("is_log_x") is True,
            log_y=frozenset(_names(kept.get("log_y"))),
            smoothing=Smoothing(
                next((known for known in METHODS if known == method), "ema"),
                float(strength) if isinstance(strength, int | float) and 0 <= strength < 1 else 0.0,
            ),
            is_everything=kept.get("is_everything") is True,
            has_bands=kept.get("has_bands") is True,
            columns=columns if isinstance(columns, int) and 0 <= columns <= MOST_COLUMNS else 0,
            pinned=tuple(_names(kept.get("pinned"))),
            hidden=frozenset(_names(kept.get("hidden"))),
            folded=frozenset(_names(kept.get("folded"))),
            pattern=pattern if isinstance(pattern := kept.get("pattern"), str) else "",
        )


def _names(kept: object) -> list[str]:
    return [name for name in kept if isinstance(name, str)] if isinstance(kept, list) else []


def ends_of(text: str) -> tuple[float, float] | None:
    """Typed ends of an axis: two numbers, `0 1`, `0..1`, `0, 1`; None for nothing typed.

    Raises:
        ValueError: That is something else, or the ends are equal.
    """
    words = text.replace("..", " ").replace(",", " ").split()
    if not words:
        return None
    try:
        low, high = sorted(float(word) for word in words)
    except ValueError:
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError("two different numbers are wanted, such as 0 1")
    return low, high


class PatternError(ValueError):
    """A filter that is no regular expression; the text says what is wrong."""


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a metric's name matches: text anywhere in it, a glob with `*` or `?`, or ~regex.

    Case does not count. Words separated by spaces must all match.

    Raises:
        PatternError: The regular expression is wrong.
    """
    tests = [_test(word) for word in pattern.split()]
    return lambda name: all(test(name) for test in tests)


def _test(word: str) -> Callable[[str], bool]:
    if word.startswith("~"):
        try:
            found = re.compile(word[1:], re.IGNORECASE)
        except re.error as error:
            raise PatternError(f"not a regular expression: {error}") from None
        return lambda name: found.search(name) is not None
    text = word.lower()
    if any(char in text for char in "*?"):
        return lambda name: fnmatchcase(name.lower(), text)
    return lambda name: text in name.lower()
