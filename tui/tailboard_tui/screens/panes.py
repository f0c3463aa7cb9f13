"""The tabs on the right, and how each one's widget is made when it is first opened."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from textual.widget import Widget


@dataclass(frozen=True, slots=True)
class PaneType:
    """One tab."""

    id: str
    title: str
    module: str
    """Imported when the tab is first opened: charts bring numpy, which the first paint does without."""
    widget: str


PANES = (
    PaneType("charts", "Charts", "tailboard_tui.widgets.chart_grid", "ChartGrid"),
    PaneType("log", "Log", "tailboard_tui.widgets.log_pane", "LogPane"),
    PaneType("config", "Config", "tailboard_tui.widgets.config_tree", "ConfigTree"),
    PaneType("system", "System", "tailboard_tui.widgets.system_pane", "SystemPane"),
    PaneType("media", "Media", "tailboard_tui.widgets.media_pane", "MediaPane"),
    PaneType("info", "Info", "tailboard_tui.widgets.info_pane", "InfoPane"),
)
"""In the order of the keys 1 to 6."""


def import_pane(tab: str) -> type[Widget]:
    """The class of that tab's widget. Charts take a fifth of a second; any thread may call it."""
    found = next(pane for pane in PANES if pane.id == tab)
    widget: type[Widget] = getattr(import_module(found.module), found.widget)
    return widget


def make_pane(tab: str) -> Widget:
    """A new widget for that tab."""
    widget = import_pane(tab)()
    assert isinstance(widget, Widget)
    return widget
