"""Rows of a log as strips: their own colours, levels, tracebacks, search hits, the cursor."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import groupby

from rich.cells import cell_len, get_character_cell_size
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tailboard_tui.store.logstate import ViewRow
from tailboard_tui.text import ansi

GUTTER_CELLS = 2
"""Left of the text: the mark of an error, a warning or the cursor, and a blank."""

UPDATES_FROM = 2
"""A row that was drawn over so often says how often."""

NAMES = (
    "cursor",
    "selected",
    "error",
    "warning",
    "dim",
    "hit",
    "frame",
    "mark",
)
"""Component styles of `LogView`, without its prefix."""

Styles = Mapping[str, Style]


def row_strip(
    row: ViewRow,
    width: int,
    styles: Styles,
    *,
    left: int = 0,
    part: tuple[int, int] | None = None,
    is_cursor: bool = False,
    is_selected: bool = False,
) -> Strip:
    """One line of the screen.

    Args:
        row: What it shows.
        width: Cells.
        styles: By the names of `NAMES`, and `base`.
        left: Cells that are scrolled out to the left.
        part: Characters shown, where the row is wrapped.
        is_cursor: Whether the cursor stands on it.
        is_selected: Whether it is in the selection.
    """
    base = styles["base"]
    if is_cursor:
        base += styles["cursor"]
    elif is_selected:
        base += styles["selected"]
    text = row.row.line.text
    segments = _paint(row, base, styles)
    start, end = part or (0, len(text))
    if (start, end) != (0, len(text)):
        segments = _slice(segments, start, end)
    room = width - GUTTER_CELLS
    body = Strip(segments)
    if left:
        body = body.crop(left, left + room)
    note = "" if part and start else updates_note(row)
    if body.cell_length > room or (not part and note):
        body = _cut(body, room - cell_len(note), base, styles["dim"])
    mark = _gutter(row, styles, base, is_cursor=is_cursor, is_first=start == 0)
    pad = Segment(" " * max(room - body.cell_length - cell_len(note), 0), base)
    tail = [Segment(note, base + styles["dim"])] if note else []
    return Strip([*mark, *body, pad, *tail])


def updates_note(row: ViewRow) -> str:
    """What the right edge says of a row that was drawn over."""
    updates = row.row.updates
    if updates < UPDATES_FROM:
        return ""
    return f" ⟳{updates:,}{'+' if row.row.is_cut else ''}"


def wrapped(text: str, width: int) -> list[tuple[int, int]]:
    """The parts of `text` that fit `width` cells each, in characters; one at least."""
    width = max(width, 1)
    if text.isascii():
        return [(at, min(at + width, len(text))) for at in range(0, max(len(text), 1), width)]
    parts, start, used = [], 0, 0
    for at, character in enumerate(text):
        cells = get_character_cell_size(character)
        if used + cells > width:
            parts.append((start, at))
            start, used = at, 0
        used += cells
    return [*parts, (start, len(text))]


def _gutter(row: ViewRow, styles: Styles, base: Style, *, is_cursor: bool, is_first: bool) -> list[Segment]:
    if row.level is not None and is_first:
        return [Segment("▌", base + styles[row.level]), Segment(" ", base)]
    if row.part == "frame":
        return [Segment("│", base + styles["error"]), Segment(" ", base)]
    return [
        Segment("▌" if is_cursor else " ", base + styles["mark"] if is_cursor else base),
        Segment(" ", base),
    ]


def _paint(row: ViewRow, base: Style, styles: Styles) -> list[Segment]:
    """The whole text with all its styles."""
    line = row.row.line
    plain = base
    if row.part == "frame":
        plain = base + styles["frame"]
    elif row.level is not None and not line.spans:
        plain = base + styles[row.level]
    if not line.spans and not row.hits:
        return [Segment(line.text, plain)] if line.text else []
    paint = [plain] * len(line.text)
    for start, end, own in line.spans:
        paint[start:end] = [plain + rich_style(own)] * (end - start)
    for start, end in row.hits:
        paint[start:end] = [base + styles["hit"]] * (end - start)
    segments, at = [], 0
    for style, run in groupby(paint):
        length = sum(1 for _ in run)
        segments.append(Segment(line.text[at : at + length], style))
        at += length
    return segments


def _slice(segments: list[Segment], start: int, end: int) -> list[Segment]:
    """The characters from `start` to `end`."""
    kept, at = [], 0
    for text, style, _ in segments:
        piece = text[max(start - at, 0) : max(end - at, 0)]
        if piece:
            kept.append(Segment(piece, style))
        at += len(text)
    return kept


def _cut(body: Strip, room: int, base: Style, dim: Style) -> Strip:
    """`body` in at most `room` cells, with an ellipsis where something is missing."""
    if body.cell_length <= room:
        return body
    return Strip([*body.crop(0, max(room - 1, 0)), Segment("…", base + dim)])


@lru_cache(maxsize=1024)
def rich_style(style: ansi.Style) -> Style:
    """A style of the log's own as Rich's."""
    attributes = style.attributes
    return Style(
        color=_color(style.color),
        bgcolor=_color(style.background),
        bold=True if attributes & ansi.BOLD else None,
        dim=True if attributes & ansi.DIM else None,
        italic=True if attributes & ansi.ITALIC else None,
        underline=True if attributes & ansi.UNDERLINE else None,
        reverse=True if attributes & ansi.REVERSE else None,
        strike=True if attributes & ansi.STRIKE else None,
    )


def _color(color: ansi.Color) -> Color | None:
    if color is None:
        return None
    return Color.from_ansi(color) if isinstance(color, int) else Color.from_rgb(*color)
