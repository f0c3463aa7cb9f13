"""A matrix of counts as shaded cells: confusion matrices.

Drawn by ourselves: plotext 6.1 makes the last column of a heat map one cell wide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tailboard_tui.plot.canvas import Canvas
from tailboard_tui.plot.cells import Cells, CellStyle, fit
from tailboard_tui.plot.palette import blend
from tailboard_tui.plot.spec import Look
from tailboard_tui.text import units

MOST_CLASSES = 40
_SHADES, _ASCII_SHADES = " ░▒▓█", " .:+#"


def draw_matrix(
    counts: Sequence[Sequence[float]], names: Sequence[str], title: str, width: int, look: Look
) -> Cells:
    """The matrix, row by row, with names beside and above; shaded by the share of its row.

    Args:
        counts: True classes in rows, predicted ones in columns, square. NaN is shown as such.
        names: One per class, untrusted.
        width: Cells at most; classes that do not fit are left out, and the title says how many.
    """
    lead = min(max((len(fit(name, 16)) for name in names), default=1), 16) + 2
    cell = min(max((len(_number(value)) for row in counts for value in row), default=1) + 2, 12)
    shown = min(len(names), max((width - lead) // cell, 1), MOST_CLASSES)
    missing = len(names) - shown
    canvas = Canvas(max(width, lead + cell), shown + 2, is_ascii=look.is_ascii)
    plain = CellStyle(look.text) if look.has_color else CellStyle()
    muted = CellStyle(look.muted) if look.has_color else CellStyle()
    heading = title + (f" ({missing} more classes)" if missing else "") + "  true \\ predicted"
    canvas.write(0, 1, fit(heading, canvas.width - 1), CellStyle(plain.color, is_bold=True))
    for column in range(shown):
        name = fit(names[column], cell - 1)
        canvas.write(1, lead + (column + 1) * cell - len(name), name, muted)
    for row in range(shown):
        canvas.write(row + 2, 1, fit(names[row], lead - 2), muted)
        total = math.fsum(value for value in counts[row] if math.isfinite(value) and value > 0)
        for column in range(shown):
            value = counts[row][column]
            share = value / total if total > 0 and math.isfinite(value) and value > 0 else 0.0
            _cell(canvas, row + 2, lead + column * cell, cell, value, share, look)
    return canvas.cells()


def _cell(canvas: Canvas, row: int, column: int, width: int, value: float, share: float, look: Look) -> None:
    text = _number(value).rjust(width - 1) + " "
    if look.has_color:
        background = blend(look.accent, look.background, 0.75 * share) if share else None
        canvas.write(row, column, text, CellStyle(look.text, background))
        return
    shades = _ASCII_SHADES if look.is_ascii else _SHADES
    shade = shades[min(math.ceil(share * (len(shades) - 1)), len(shades) - 1)]
    canvas.write(row, column, shade + text[1:], CellStyle())


def _number(value: float) -> str:
    return str(int(value)) if math.isfinite(value) and value == int(value) else units.number(value, 3)
