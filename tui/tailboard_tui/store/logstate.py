"""What the thread that reads a log gives to the pane: frozen, safe to hand between threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tailboard_tui.store.bars import Bar
from tailboard_tui.store.logfile import LogRow
from tailboard_tui.store.loglevels import Level, TracebackPart
from tailboard_tui.store.logmarks import NO_MARKS, Marks


@dataclass(frozen=True, slots=True)
class ViewRow:
    """One row at its place in the view."""

    position: int
    row: LogRow
    level: Level | None = None
    part: TracebackPart = ""
    """What it is of a traceback."""
    hits: tuple[tuple[int, int], ...] = ()
    """Where the search matches, in characters."""


@dataclass(frozen=True, slots=True)
class LogState:
    """What the pane shows beside the rows. Positions count rows of the view; `first` may be negative."""

    name: str = ""
    path: str = ""
    generation: int = 0
    """Rises when positions given before mean other rows."""
    first: int = 0
    end: int = 0
    rows: int = 0
    """Rows of the whole file, as far as they are counted."""
    size_bytes: int = 0
    indexed: float = 0.0
    """Share of the file whose rows are counted, 0 to 1."""
    error: str = ""
    is_open: bool = False
    is_raw: bool = False
    search: str = ""
    search_count: int = 0
    search_fraction: float = 1.0
    search_error: str = ""
    filters: tuple[str, ...] = ()
    is_folded: bool = False
    """Whether the frames of tracebacks are left out."""
    errors: int = 0
    warnings: int = 0
    levels_fraction: float = 0.0
    marks: Marks = NO_MARKS
    bar: Bar | None = None


@dataclass(frozen=True, slots=True)
class RowsRead:
    """Rows that the pane wants, or that changed among them."""

    generation: int
    rows: tuple[ViewRow, ...]


@dataclass(frozen=True, slots=True)
class Jump:
    """A place that was asked for."""

    generation: int
    position: int | None
    """None: there is none."""
    why: str = ""
    """For the user, where there is none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked about some rows."""

    question: Question
    text: str = ""
    time: float | None = None
    """When the row at `position` was printed, Unix seconds."""
    position: int = 0
    lines: tuple[str, ...] = ()
    problem: str = ""
    """For the user, where there is no answer."""


Question = Literal["time", "when", "copy_time", "copy", "save", "whole"]

Published = LogState | RowsRead | Jump | Answer
