"""What the header says, as pure functions of rows and the time."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from tailboard_tui.files.remote import copied
from tailboard_tui.text import units
from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.run_table_columns import STATUS_GLYPHS, calm_age, display_name

if TYPE_CHECKING:
    from tailboard_tui.store.model import RunRow, Status

NAME_CELLS = 32
COUNTED: tuple[Status, ...] = ("running", "stalled", "failed", "crashed")
"""Statuses that the header counts: what somebody may want to act on."""


def status_style(status: str) -> str:
    """The colour variable of a status."""
    return {
        "running": "$running",
        "stalled": "$warning",
        "finished": "$success",
        "failed": "$error",
        "killed": "$error",
        "crashed": "$error",
    }.get(status, "$text-dim")


def place_text(roots: Sequence[str]) -> str:
    """Where we look, short: remote places as named, the home directory as `~`, further roots as a number."""
    home = os.path.expanduser("~")
    first = roots[0] if roots else "."
    first = copied.get(first, first)
    if first == home or first.startswith(home + os.sep):
        first = "~" + first[len(home) :]
    more = f" +{len(roots) - 1}" if len(roots) > 1 else ""
    return clean(first) + more


def left_texts(
    roots: Sequence[str],
    counts: Mapping[Status, int],
    listed: int,
    *,
    problem: str = "",
    is_scanning: bool,
    query: str,
) -> tuple[Content, ...]:
    """Roots, number of runs, and how many of them run, stall or broke: in full, then shorter and shorter.

    Args:
        problem: What is wrong with a root: `not found`, `not up to date: ...`.
    """
    total = sum(counts.values())
    runs = f"{total:,} run{'' if total == 1 else 's'}"
    if query:
        runs = f"{listed:,} of {runs}"
    name, place = ("tailboard", "bold $accent"), (place_text(roots), "$text-dim")
    warning = [(f"▲ {clean(problem, 60)}", "$warning")] if problem else []
    number = [(runs, "$foreground"), *([("looking for more", "$text-dim")] if is_scanning else [])]
    found = [status for status in COUNTED if counts.get(status)]
    told = [(f"{STATUS_GLYPHS[status]} {counts[status]} {status}", status_style(status)) for status in found]
    by_glyph: dict[tuple[str, str], int] = {}
    for status in found:
        sign = STATUS_GLYPHS[status], status_style(status)
        by_glyph[sign] = by_glyph.get(sign, 0) + counts[status]
    short = [(f"{glyph} {count}", style) for (glyph, style), count in by_glyph.items()]
    return tuple(
        Content("  ").join(Content.assemble(part) for part in parts)
        for parts in (
            [name, place, *warning, *number, *told],
            [name, place, *warning, *number, *short],
            [place, *warning, *number, *short],
            [*warning, *number, *short],
            [*warning, *number],
            number[:1],
        )
    )


def right_text(row: RunRow | None, now: float, *, with_name: bool) -> Content:
    """Status, step, progress and time left of one run."""
    if row is None:
        return Content("")
    style = status_style(row.status)
    parts: list[tuple[str, str]] = []
    if with_name:
        name = display_name(row)
        parts.append((name if len(name) <= NAME_CELLS else name[: NAME_CELLS - 1] + "…", "bold"))
        parts.append(("  ", ""))
    parts.append((f"{STATUS_GLYPHS[row.status]} {row.status}", style))
    if row.step is not None:
        total = f"/{units.count(row.total_steps)}" if row.total_steps else ""
        parts.append((f"  step {units.count(row.step)}{total}", ""))
    if row.progress is not None and row.ended is None:
        parts.append((f"  {row.progress * 100:.0f}%", ""))
    if row.eta_s is not None and row.ended is None:
        parts.append((f"  ETA {units.age(max(row.eta_s, 1))}", ""))
    when = row.last_write if row.ended is None else row.ended
    if when is not None:
        parts.append((f"  {_ago(now - when)}", "$text-dim"))
    return Content.assemble(*parts)


def _ago(seconds: float) -> str:
    age = calm_age(seconds)
    return age if age == "now" else f"{age} ago"
