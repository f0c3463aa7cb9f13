"""What stands above a log: file, size, errors, the newest progress bar as a gauge, following or paused."""

from __future__ import annotations

from textual.content import Content

from tailboard_tui.store.bars import Bar
from tailboard_tui.store.logstate import LogState
from tailboard_tui.text import units
from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.cells import fit, width_of

GAUGE_CELLS = 16
LABEL_CELLS = 24

Part = tuple[str, str]


def header(
    state: LogState,
    width: int,
    *,
    below: int,
    line: int,
    when: float | None,
    is_following: bool,
    file_number: int,
    files: int,
) -> Content:
    """The line above a log, in exactly `width` cells.

    Args:
        state: Of the log.
        width: Cells.
        below: Rows below the screen.
        line: Number of the cursor's row, from 1.
        when: When that row was printed, Unix seconds, if that is known.
        is_following: Whether the end is followed.
        file_number: Which of the run's files is shown, from 0; `files` for all of them.
        files: How many there are.
    """
    right = _right(state, below=below, line=line, when=when, is_following=is_following)
    room = width - _cells(right) - 1
    left: list[Part] = []
    for group in (
        _file(state, file_number, files),
        _filters(state),
        _gauge(state.bar),
        _levels(state),
        _size(state),
    ):
        if group and _cells(left) + _cells(group) <= room:
            left += group
    if not left:
        left = [(fit(clean(state.name, 80), max(room, 0)), "bold")]
    gap = " " * max(width - _cells(left) - _cells(right), 0)
    return Content.assemble(*left, gap, *right)


def _cells(parts: list[Part]) -> int:
    return sum(width_of(text) for text, _ in parts)


def _file(state: LogState, number: int, files: int) -> list[Part]:
    parts: list[Part] = [(clean(state.name, 60), "bold")]
    if number < files and files > 1:
        parts.append((f" {number + 1}/{files}", "$text-dim"))
    if state.error and state.is_open:
        parts.append((f"  {clean(state.error, 60)}", "$warning"))
    return parts


def _size(state: LogState) -> list[Part]:
    if not state.is_open:
        return []
    rows = f"{state.rows:,} line{'' if state.rows == 1 else 's'}"
    if state.indexed < 1:
        rows = f"counting {state.indexed * 100:.0f}%"
    return [(f"  {rows}, {units.size(state.size_bytes)}", "$text-dim")]


def _levels(state: LogState) -> list[Part]:
    parts: list[Part] = []
    if state.errors:
        parts.append((f"  ▌{state.errors:,} error{'' if state.errors == 1 else 's'}", "$error"))
    if state.warnings:
        parts.append((f"  ▌{state.warnings:,} warning{'' if state.warnings == 1 else 's'}", "$warning"))
    return parts


def _filters(state: LogState) -> list[Part]:
    if not state.filters:
        return []
    shown = "  ".join(f"&{clean(text, 24)}" for text in state.filters)
    return [(f"  {shown}", "$accent"), (f" {state.end - state.first:,} shown", "$text-dim")]


def _gauge(bar: Bar | None) -> list[Part]:
    """The newest bar: label, gauge, share, time left."""
    if bar is None:
        return []
    parts: list[Part] = []
    if bar.label:
        label = bar.label if width_of(bar.label) <= LABEL_CELLS else fit(bar.label, LABEL_CELLS)
        parts.append((f"  {label}", ""))
    if bar.fraction is not None:
        filled = int(bar.fraction * GAUGE_CELLS)
        parts += [("  " + "━" * filled, "$accent"), ("━" * (GAUGE_CELLS - filled), "$line")]
        parts.append((f" {bar.fraction * 100:.0f}%", ""))
    elif bar.current is not None:
        parts.append((f"  {units.count(bar.current)}", ""))
    if bar.eta_s is not None and bar.fraction != 1:
        parts.append((f"  {units.duration(bar.eta_s)} left", "$text-dim"))
    return parts


def _right(state: LogState, *, below: int, line: int, when: float | None, is_following: bool) -> list[Part]:
    raw: list[Part] = [("every update  ", "$accent")] if state.is_raw else []
    if state.is_folded:
        raw.append(("folded  ", "$accent"))
    if not state.is_open or state.first == state.end:
        return raw
    if is_following:
        return [*raw, ("● following", "$success")]
    place = f"{units.moment(when)}  " if when is not None else ""
    place += f"line {line:,}  " if state.indexed >= 1 else ""
    more = f"paused, {below:,} below" if below else "paused"
    return [*raw, (place, "$text-dim"), (more, "$warning")]
