"""What each kind of media looks like in cells. No widget: it can be tested without a screen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from rich.cells import cell_len

from tailboard_tui.formats.media import MediaRecord
from tailboard_tui.plot.canvas import Canvas
from tailboard_tui.plot.cells import Cells, CellStyle, fit
from tailboard_tui.plot.graphics import Picture, picture
from tailboard_tui.plot.heatmap import Histogram, draw_heatmap
from tailboard_tui.plot.matrix import draw_matrix
from tailboard_tui.plot.pixels import ImageError, decode, half_blocks
from tailboard_tui.plot.spec import Look
from tailboard_tui.store.media import matrix_of, media_file, numbers, table_rows
from tailboard_tui.text import units
from tailboard_tui.text.graphics import Graphics
from tailboard_tui.text.safe import clean_lines

MOST_ROWS = 5000
"""Lines of a text or table that are laid out; the last one says how many there are more."""

MOST_HISTOGRAMS = 400
"""Records in one heat map, evenly chosen."""

MAX_CELL_WIDTH = 40


class Drawn(NamedTuple):
    """A record as it can be shown."""

    cells: Cells
    picture: Picture | None = None
    """Of an image: the same in pixels, for a terminal that has graphics."""


def draw_record(
    run_path: str,
    records: Sequence[MediaRecord],
    current: int,
    width: int,
    height: int,
    look: Look,
    graphics: Graphics,
) -> Drawn:
    """`records[current]` in cells, `width` wide and as high as it needs (images and maps: `height`).

    May read the record's file: not for the event loop.

    Args:
        records: All of one key, in the order of their steps.
        graphics: What the terminal has for images.
    """
    record = records[current]
    try:
        if record.kind == "image":
            pixels = decode(media_file(run_path, record))
            shown = picture(pixels, width, height, graphics, look.background) if look.has_color else None
            return Drawn(half_blocks(pixels, width, height, has_color=look.has_color), shown)
        return Drawn(_cells(run_path, records, current, width, height, look))
    except (OSError, ImageError) as error:
        return Drawn(lines_of(clean_lines(f"This cannot be shown: {error}"), width, look))


def _cells(
    run_path: str, records: Sequence[MediaRecord], current: int, width: int, height: int, look: Look
) -> Cells:
    record = records[current]
    if record.kind == "histogram":
        return _histograms(records, current, width, height, look)
    if record.kind == "confusion_matrix":
        names, matrix = matrix_of(record)
        return draw_matrix(matrix, names, record.key, width, look)
    if record.kind == "table":
        return _table(*table_rows(record, media_file(run_path, record)), width, look)
    text = record.fields().get("text")
    return lines_of(clean_lines(text if isinstance(text, str) else ""), width, look)


def _histograms(records: Sequence[MediaRecord], current: int, width: int, height: int, look: Look) -> Cells:
    chosen = sorted(
        {*np.linspace(0, len(records) - 1, min(len(records), MOST_HISTOGRAMS)).astype(int).tolist(), current}
    )
    found = []
    for index in chosen:
        fields = records[index].fields()
        counts, edges = np.array(numbers(fields.get("counts"))), np.array(numbers(fields.get("edges")))
        found.append(Histogram(records[index].step, counts, edges))
    return draw_heatmap(found, chosen.index(current), width, height, look)


def lines_of(lines: Sequence[str], width: int, look: Look) -> Cells:
    """Clean lines, wrapped at `width`."""
    wrapped: list[str] = []
    for line in lines:
        wrapped += _wrap(line, max(width, 2))
        if len(wrapped) > MOST_ROWS:
            wrapped = [*wrapped[:MOST_ROWS], "…"]
            break
    canvas = Canvas(max(width, 1), max(len(wrapped), 1), is_ascii=look.is_ascii)
    style = CellStyle(look.text) if look.has_color else CellStyle()
    for row, line in enumerate(wrapped):
        canvas.write(row, 0, line, style)
    return canvas.cells()


def _wrap(line: str, width: int) -> list[str]:
    """`line` in pieces of at most `width` cells, broken at spaces where there are some."""
    pieces: list[str] = []
    while cell_len(line) > width:
        end = width
        while cell_len(line[:end]) > width:
            end -= 1
        space = line.rfind(" ", width // 2, end)
        end = space + 1 if space > 0 else max(end, 1)
        pieces.append(line[:end].rstrip())
        line = line[end:]
    return [*pieces, line]


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]], width: int, look: Look) -> Cells:
    """Columns as wide as they need, numbers to the right; what does not fit is left out and said."""
    count = max([len(columns), *(len(row) for row in rows[:MOST_ROWS])], default=0)
    names = [*columns, *("" for _ in range(count - len(columns)))]
    shown = [
        [_cell(row[c]) if c < len(row) else ("", False) for c in range(count)] for row in rows[:MOST_ROWS]
    ]
    widths = [
        min(
            max([cell_len(fit(names[c], MAX_CELL_WIDTH)), *(cell_len(row[c][0]) for row in shown)]),
            MAX_CELL_WIDTH,
        )
        for c in range(count)
    ]
    fitting, used = 0, 0
    while fitting < count and (used + widths[fitting] <= width or not fitting):
        used += widths[fitting] + 2
        fitting += 1
    canvas = Canvas(max(width, 1), len(shown) + 2, is_ascii=look.is_ascii)
    head = CellStyle(look.muted, is_bold=True) if look.has_color else CellStyle(is_bold=True)
    body = CellStyle(look.text) if look.has_color else CellStyle()
    at = 0
    for column in range(fitting):
        name = fit(names[column], widths[column])
        is_right = bool(shown) and all(row[column][1] or not row[column][0] for row in shown)
        canvas.write(0, at + (widths[column] - cell_len(name) if is_right else 0), name, head)
        for index, row in enumerate(shown):
            text, is_number = row[column]
            text = fit(text, widths[column])
            indent = widths[column] - cell_len(text) if is_number else 0
            canvas.write(index + 1, at + indent, text, body)
        at += widths[column] + 2
    missing = [f"{count - fitting} more columns"] if fitting < count else []
    missing += [f"{len(rows) - MOST_ROWS} more rows"] if len(rows) > MOST_ROWS else []
    canvas.write(len(shown) + 1, 0, ", ".join(missing), head)
    return canvas.cells()


def _cell(value: object) -> tuple[str, bool]:
    """A table cell as text, and whether it is a number."""
    if isinstance(value, bool) or value is None:
        return ("" if value is None else str(value).lower()), False
    if isinstance(value, float) and not math.isfinite(value):
        return units.number(value), True
    if isinstance(value, int | float):
        return f"{value:.6g}" if isinstance(value, float) else str(value)[:MAX_CELL_WIDTH], True
    return fit(str(value), MAX_CELL_WIDTH), False
