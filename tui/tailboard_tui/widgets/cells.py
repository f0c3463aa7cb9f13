"""Text cut or filled to a number of terminal cells, for widgets that draw their own lines."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

ELLIPSIS = "…"

MIDDLE_FROM = 9
"""Cells from which on both ends of a name can be told."""


def fit(text: str, width: int, *, right: bool = False) -> str:
    """`text` in exactly `width` cells, cut with an ellipsis where it is longer.

    Args:
        text: Clean text (`text.safe.clean`), on one line.
        width: Cells, >= 0.
        right: Align to the right.
    """
    if width <= 0:
        return ""
    length = len(text) if text.isascii() else cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + ELLIPSIS
    space = " " * (width - length)
    return space + text if right else text + space


def fit_middle(text: str, width: int) -> str:
    """`text` in at most `width` cells, cut in the middle: names of one sweep differ at their ends."""
    if width_of(text) <= width or width < MIDDLE_FROM:
        return fit(text, min(width_of(text), width))
    room = (width - 1) // 2
    tail = len(text)
    while tail and width_of(text[tail - 1 :]) <= room:
        tail -= 1
    head = set_cell_size(text, width - 1 - width_of(text[tail:])).rstrip()
    return head + ELLIPSIS + text[tail:]


def wrap(text: str, width: int) -> list[str]:
    """`text` as lines of at most `width` cells, broken at spaces where there are some; at least one line.

    Args:
        text: Clean text, on one line.
        width: Cells, >= 2.
    """
    lines = []
    while width_of(text) > width:
        end = width
        while end > 1 and width_of(text[:end]) > width:
            end -= 1
        space = text.rfind(" ", 1, end + 1)
        end = space if space > 0 else end
        lines.append(text[:end])
        text = text[end:].lstrip(" ")
    return [*lines, text]


def width_of(text: str) -> int:
    """Cells that `text` takes."""
    return len(text) if text.isascii() else cell_len(text)


def changed_part(old: str, new: str) -> tuple[int, int]:
    """Where two texts of the same width differ: first cell and number of cells. All, with wide characters."""
    if len(old) != len(new) or not len(new) == width_of(old) == width_of(new):
        return 0, max(width_of(old), width_of(new))
    places = [place for place, (was, now) in enumerate(zip(old, new, strict=True)) if was != now]
    return (places[0], places[-1] - places[0] + 1) if places else (0, 0)


_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: tuple[float, ...], width: int) -> str:
    """`values` as blocks in exactly `width` cells, evenly sampled; `×` where one is not finite.

    Args:
        values: In step order; NaN and infinities are marked, not drawn.
        width: Cells.
    """
    finite = [value for value in values if abs(value) < float("inf")]
    if not values or width <= 0:
        return " " * max(width, 0)
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    span = high - low
    count = min(width, len(values))
    marks = []
    for cell in range(count):
        value = values[round(cell * (len(values) - 1) / max(count - 1, 1))]
        if not abs(value) < float("inf"):
            marks.append("×")
        elif span > 0:
            marks.append(_BLOCKS[min(int((value / span - low / span) * len(_BLOCKS)), len(_BLOCKS) - 1)])
        else:
            marks.append(_BLOCKS[len(_BLOCKS) // 2])
    return "".join(marks).ljust(width)
