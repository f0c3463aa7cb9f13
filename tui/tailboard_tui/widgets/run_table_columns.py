"""The columns that the run table can show: what stands in a cell, how it sorts, how wide it is."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tailboard_tui.text import units
from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.cells import sparkline

if TYPE_CHECKING:
    from tailboard_tui.formats.base import Value
    from tailboard_tui.store.model import RunRow, Status

SortKey = tuple[int, float | str] | None
"""Numbers before words, missing (None) always last whatever the direction."""

STATUS_GLYPHS: Mapping[Status, str] = {
    "running": "●",
    "stalled": "◌",
    "finished": "✓",
    "failed": "✗",
    "killed": "■",
    "crashed": "✗",
    "unknown": "·",
}
STATUS_ORDER: tuple[Status, ...] = tuple(STATUS_GLYPHS)
"""What needs a look first, when sorted by status."""

FRESH_S = 10.0
"""Ages below a minute go in steps of this: seconds that tick repaint a line all the time and say nothing."""

SPARK_CELLS = 10
NAME_LIMIT = 500
"""Characters of a name or value that are looked at; nothing shows more in one cell."""


@dataclass(frozen=True, slots=True)
class RunColumn:
    """One column of the run table."""

    id: str
    """`status`, `age` ...; `config:KEY`; `metric:ASPECT:NAME`. Kept in the view state."""
    title: str
    text: Callable[[RunRow, float], str]
    """Clean text of a cell; the second argument is the time now, Unix seconds."""
    key: Callable[[RunRow, float], SortKey]
    width: int
    """Cells; the most where `fits_content`."""
    is_number: bool = False
    """Aligned to the right."""
    fits_content: bool = False
    is_set: bool = False
    """The width is the user's: neither content nor title changes it."""
    largest_first: bool = False
    """The direction that a first sort by it takes."""
    role: str = ""
    """Style: `status`, `dim`, `spark`, `tags`, `best` or plain."""

    @property
    def look(self) -> tuple[object, ...]:
        """What tells one column from another; its functions are made anew each time."""
        return self.id, self.title, self.width, self.is_set, self.largest_first


def _text_key(text: str | None) -> SortKey:
    return (1, text.casefold()) if text else None


def number_key(value: float | None) -> SortKey:
    """How a number sorts; NaN as if it were missing."""
    return None if value is None or math.isnan(value) else (0, value)


def value_text(value: Value) -> str:
    """A config or summary value in one cell."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, float):
        return units.number(value, 5)
    return clean(str(value) if not isinstance(value, str) else value[:NAME_LIMIT], NAME_LIMIT)


def value_key(value: Value) -> SortKey:
    """How a config or summary value sorts."""
    if isinstance(value, bool):
        return (0, float(value))
    if isinstance(value, int | float):
        try:
            return number_key(float(value))
        except OverflowError:
            return (0, math.inf if value > 0 else -math.inf)
    return _text_key(value)


def display_name(row: RunRow) -> str:
    """The run's name as shown: its id where it has none."""
    return clean((row.facts.name or row.facts.id)[:NAME_LIMIT], NAME_LIMIT)


def calm_age(seconds: float) -> str:
    """How long ago, in words that do not change all the time: `now`, `10s`, `20s` ... `1m`."""
    if not FRESH_S <= seconds < units.MINUTE_S:
        return units.age(seconds) if seconds >= units.MINUTE_S else "now"
    return f"{int(seconds // FRESH_S * FRESH_S)}s"


def _age_text(row: RunRow, now: float) -> str:
    when = row.last_write if row.ended is None else row.ended
    return "" if when is None else calm_age(now - when)


def _duration_text(row: RunRow, now: float) -> str:
    seconds = row.duration_s(now)
    if seconds is None:
        return ""
    if row.ended is not None:
        return units.duration(seconds)
    return "" if seconds < FRESH_S else calm_age(seconds)


def _step_text(row: RunRow, now: float) -> str:
    if row.step is None:
        return ""
    step = units.count(row.step)
    return f"{step}/{units.count(row.total_steps)}" if row.total_steps else step


def _progress_text(row: RunRow, now: float) -> str:
    if row.progress is not None and row.progress >= 1 and row.ended is not None:
        return ""  # that it is finished stands in its status
    return "" if row.progress is None else f"{min(max(row.progress, 0.0), 1.0) * 100:.0f}%"


def _eta_text(row: RunRow, now: float) -> str:
    return units.age(max(row.eta_s, 1)) if row.eta_s is not None and row.ended is None else ""


def _last_write(row: RunRow, now: float) -> SortKey:
    when = row.last_write if row.ended is None else row.ended
    return None if when is None else (0, -when)


def _speed_text(row: RunRow, now: float) -> str:
    return "" if row.steps_per_s is None else f"{units.number(row.steps_per_s, 3)}/s"


NAME = RunColumn(
    "name",
    "run",
    lambda row, now: display_name(row),
    lambda row, now: _text_key(row.facts.name or row.facts.id),
    34,
    fits_content=True,
)

_FIXED = (
    NAME,
    RunColumn(
        "status",
        "status",
        lambda row, now: row.status,
        lambda row, now: (0, float(STATUS_ORDER.index(row.status))),
        8,
        role="status",
    ),
    RunColumn("age", "age", _age_text, _last_write, 4, is_number=True, role="dim"),
    RunColumn(
        "created",
        "created",
        lambda row, now: units.moment(row.facts.created or row.started),
        lambda row, now: number_key(row.facts.created or row.started),
        19,
        largest_first=True,
        role="dim",
    ),
    RunColumn(
        "duration",
        "time",
        _duration_text,
        lambda row, now: number_key(row.duration_s(now)),
        7,
        is_number=True,
        largest_first=True,
        role="dim",
    ),
    RunColumn(
        "step", "step", _step_text, lambda row, now: number_key(row.step), 11, True, True, largest_first=True
    ),
    RunColumn(
        "progress",
        "done",
        _progress_text,
        lambda row, now: number_key(row.progress),
        4,
        is_number=True,
        largest_first=True,
    ),
    RunColumn("eta", "ETA", _eta_text, lambda row, now: number_key(row.eta_s), 4, is_number=True),
    RunColumn(
        "speed",
        "speed",
        _speed_text,
        lambda row, now: number_key(row.steps_per_s),
        9,
        is_number=True,
        largest_first=True,
        role="dim",
    ),
    RunColumn(
        "trend",
        "trend",
        lambda row, now: sparkline(row.sparkline, SPARK_CELLS).rstrip(),
        lambda row, now: number_key(row.sparkline[-1] if row.sparkline else None),
        SPARK_CELLS,
        role="spark",
    ),
    RunColumn(
        "group",
        "group",
        lambda row, now: clean((row.facts.group or "")[:NAME_LIMIT]),
        lambda row, now: _text_key(row.facts.group),
        20,
        fits_content=True,
    ),
    RunColumn(
        "tags",
        "tags",
        lambda row, now: clean(" ".join(row.facts.tags)[:NAME_LIMIT]),
        lambda row, now: _text_key(" ".join(row.facts.tags)),
        24,
        fits_content=True,
        role="tags",
    ),
    RunColumn(
        "project",
        "project",
        lambda row, now: clean((row.facts.project or "")[:NAME_LIMIT]),
        lambda row, now: _text_key(row.facts.project),
        20,
        fits_content=True,
    ),
    RunColumn(
        "id",
        "id",
        lambda row, now: clean(row.facts.id[:NAME_LIMIT]),
        lambda row, now: _text_key(row.facts.id),
        24,
        fits_content=True,
        role="dim",
    ),
    RunColumn(
        "source",
        "format",
        lambda row, now: clean(row.facts.source[:NAME_LIMIT]),
        lambda row, now: _text_key(row.facts.source),
        12,
        fits_content=True,
        role="dim",
    ),
    RunColumn(
        "host",
        "host",
        lambda row, now: clean((row.facts.host or "")[:NAME_LIMIT]),
        lambda row, now: _text_key(row.facts.host),
        16,
        fits_content=True,
        role="dim",
    ),
    RunColumn(
        "problems",
        "problems",
        lambda row, now: str(len(row.problems)) if row.problems else "",
        lambda row, now: number_key(len(row.problems) or None),
        8,
        is_number=True,
        largest_first=True,
    ),
)

FIXED_COLUMNS = {column.id: column for column in _FIXED}
