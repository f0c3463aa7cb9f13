"""The runs that the panes on the right show: the one under the cursor, and the marked ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tailboard_tui.store.model import Points, RunRow


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run as charts, config and info show it."""

    row: RunRow
    points: Points | None
    """None until the first of them are read."""
    color: str
    """`#rrggbb`, from the run's id: stable across sessions, distinct among the runs shown."""
    letter: str
    """Tells the run apart without colour: `a`, `b` ..."""
    is_cursor: bool
    """Whether it is the run under the cursor; it is drawn on top."""


@dataclass(frozen=True, slots=True)
class Selection:
    """All shown runs, the one under the cursor first."""

    runs: tuple[ShownRun, ...] = ()
    baseline: str | None = None
    """Key of the baseline run, if one is set."""

    @property
    def current(self) -> ShownRun | None:
        """The run under the cursor."""
        return next((run for run in self.runs if run.is_cursor), None)


class Pane(Protocol):
    """What a tab on the right offers to the explorer, beside being a focusable widget."""

    def show(self, selection: Selection) -> None:
        """Show these runs.

        Called on the UI thread for the visible pane whenever cursor, marks, rows or points changed, at
        most ten times a second while data comes in; so it costs next to nothing where nothing that the
        pane shows has changed. A pane that was hidden gets it when its tab is opened.
        """
        ...

    def go_back(self) -> bool:
        """Leave one inner state (zoom, search, cursor read-out) on escape; False if there is none."""
        ...
