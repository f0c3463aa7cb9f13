"""What a chart shows, as plain frozen values: the argument of `chart.draw`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tailboard_tui.plot.band import Band
from tailboard_tui.plot.line import Line
from tailboard_tui.plot.xaxis import XKind

Goal = Literal["minimize", "maximize"]

GUTTER = 7
"""Cells for y labels and the axis, so that the axes of charts above one another stand in one column."""


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of everything but the lines, from the theme. `#rrggbb`."""

    text: str = "#d8dee9"
    muted: str = "#7b8494"
    axis: str = "#4c566a"
    accent: str = "#88c0d0"
    error: str = "#ff5f5f"
    background: str = "#12161e"
    is_ascii: bool = False
    """Draw with ASCII characters only."""
    has_color: bool = True
    """Without colour, letters on the lines tell them apart."""


LIGHT = Look("#1c232b", "#5f6b77", "#b8c0c7", "#1f5fbf", "#bb2a35", "#fbfbfa")
"""For light backgrounds."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One run (or group of runs) on a chart."""

    name: str
    """Untrusted: cleaned where it is written."""
    letter: str
    color: str
    line: Line
    """The points as they were logged."""
    smooth: Line | None = None
    """The smoothed line, drawn over the dimmed points."""
    band: Band | None = None
    """Around the mean of a group, which is then `line`."""
    shift: float = 0.0
    """Subtracted from x."""
    seams: tuple[float, ...] = ()
    """x (before the shift) at which resumed segments begin."""


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """All that decides what a chart looks like, but for its size and colours."""

    title: str
    """Untrusted: cleaned where it is written."""
    traces: tuple[Trace, ...]
    """The most important one first; it is drawn last, on top."""
    x_kind: XKind = "step"
    window: tuple[float, float] | None = None
    """Ends of the x axis; None for all points."""
    extent: tuple[float, float] | None = None
    """Ends that the x axis covers at least: charts beside one another share them."""
    y_range: tuple[float, float] | None = None
    """Fixed ends of the y axis; None follows the points."""
    is_log_x: bool = False
    is_log_y: bool = False
    is_robust: bool = True
    """Whether lone outliers are left outside, counted and marked, rather than flattening the rest."""
    cursor: float | None = None
    """x that is read off."""
    goal: Goal | None = None
    """Which way is better: what `best` in the title means."""
    note: str = ""
    """What else is true of the whole chart: the smoothing and its strength."""
    has_legend: bool = False
    """Whether rows below the axes name every trace with its last and best value."""
    has_x_name: bool = False
    """Whether the x axis says what it shows."""
    is_focused: bool = False
    gutter: int = GUTTER
    """Cells at least for y labels and the axis."""

    @property
    def is_size(self) -> bool:
        """Whether the values are numbers of bytes, told in binary units."""
        return self.title.endswith("_bytes")
