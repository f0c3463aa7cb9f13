"""The words around a plot: title with last and best value, letters at the lines' ends, legend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from tailboard_tui.plot import readout
from tailboard_tui.plot.canvas import Canvas
from tailboard_tui.plot.cells import CellStyle, fit
from tailboard_tui.plot.diverging import Outside
from tailboard_tui.plot.readout import Reading
from tailboard_tui.plot.spec import ChartSpec, Look, Trace
from tailboard_tui.plot.xaxis import x_text
from tailboard_tui.text import units

if TYPE_CHECKING:
    from tailboard_tui.plot.layout import Layout

MOST_LEGEND_ROWS = 12
"""More runs than that are told apart in the run table."""

_LETTER_CELLS, _VALUE_CELLS = 2, 9
"""Right of the plot: a letter, or with more room a letter and a value."""


def ink(color: str, look: Look, *, is_bold: bool = False, is_dim: bool = False) -> CellStyle:
    """A style in `color` where there is colour; boldness and dimness show in any case."""
    return CellStyle(color, is_bold=is_bold) if look.has_color else CellStyle(None, None, is_bold, is_dim)


def write_title(canvas: Canvas, spec: ChartSpec, look: Look, outside: Outside) -> None:
    """The first row: name, what is wrong or left out, and at the right the last and best value.

    Args:
        outside: What the y axis does not show.
    """
    lead = (">" if look.is_ascii else "▌") if spec.is_focused else " "
    name_style = ink(look.accent if spec.is_focused else look.text, look, is_bold=True)
    values = _values(spec, look)
    width = canvas.width - 2
    for parts in _shorter(values):
        right = sum(cell_len(text) + 1 for text, _ in parts)
        if right + min(cell_len(fit(spec.title, width)), 12) + 1 <= width:
            break
    else:
        parts, right = [], 0
    name = fit(spec.title, width - right)
    canvas.write(0, 0, lead, name_style)
    canvas.write(0, 1, name, name_style)
    column = canvas.width - right
    for text, style in parts:
        canvas.write(0, column, text, style)
        column += cell_len(text) + 1
    begin, end = cell_len(name) + 3, canvas.width - right - 2
    _notes(canvas, spec, look, outside, begin, end)


def _values(spec: ChartSpec, look: Look) -> list[tuple[str, CellStyle]]:
    """The last and the best value of the first trace, or what the cursor reads there."""
    if not spec.traces:
        return []
    trace = spec.traces[0]
    strong, muted = ink(trace.color, look, is_bold=True), ink(look.muted, look)
    if spec.cursor is not None:
        reading = readout.nearest(trace, spec.cursor)
        place = "" if reading is None else x_text(spec.x_kind, reading.x)
        return [(readout.value_text(trace, reading, spec.title), strong), (f"@ {place}", muted)]
    found = readout.last(trace)
    if found is None:
        return []
    parts = [(readout.value_text(trace, found, spec.title), strong)]
    top = readout.best(trace, spec.goal)
    if top is not None:
        sign = readout.best_mark(spec.goal, look.is_ascii)
        parts.append((sign + readout.number_text(top.value, spec.title), muted))
    return parts


def _shorter(parts: list[tuple[str, CellStyle]]) -> list[list[tuple[str, CellStyle]]]:
    return [parts[:count] for count in range(len(parts), 0, -1)]


def _notes(canvas: Canvas, spec: ChartSpec, look: Look, outside: Outside, begin: int, end: int) -> None:
    """What the reader must know, most important first, as far as there is room between name and values.

    What does not fit there stands in the top row of the plot, if nothing is drawn in its way.
    """
    room = end - begin
    for texts, color in _facts(spec, look, outside):
        short = texts[-1]
        text = next((text for text in texts if len(text) <= room), "")
        if text:
            canvas.write(0, end - len(text), text, ink(color, look, is_dim=True))
            end -= len(text) + 2
            room = end - begin
        elif canvas.height > 4:
            column = canvas.width - len(short) - 1
            if column > 7 and canvas.blank(1, column, len(short)):
                canvas.write(1, column, short, ink(color, look))


def _facts(spec: ChartSpec, look: Look, outside: Outside) -> list[tuple[tuple[str, ...], str]]:
    """Each thing to be said, from its longest text to its shortest, and its colour."""
    found: list[tuple[tuple[str, ...], str]] = []
    cross = "x" if look.is_ascii else "×"
    bad = [trace for trace in spec.traces if trace.line.bad.size]
    if len(bad) == 1:
        text = readout.bad_text(bad[0], spec.x_kind)
        lead = f"{bad[0].letter} " if len(spec.traces) > 1 else ""
        found.append(((f"{cross} {lead}{text}", f"{cross}{lead}{text.split(' ')[0]}"), look.error))
    elif bad:
        letters = ", ".join(trace.letter for trace in bad[:9]) + (" ..." if len(bad) > 9 else "")
        found.append(((f"{cross} not finite: {letters}", f"{cross}{letters}"), look.error))
    if any(outside.counts):
        color = look.muted if outside.farthest is None else look.error
        found.append((_outside_texts(spec, look, outside), color))
    hidden = sum(trace.line.hidden.size for trace in spec.traces)
    if hidden:
        found.append(((f"{units.count(hidden)} not above 0", f"{units.count(hidden)}<=0"), look.muted))
    counts = [trace.band.count for trace in spec.traces if trace.band is not None]
    if counts and not spec.has_legend:
        of = ", ".join(map(str, counts))
        found.append(((f"mean of {of} runs", f"n={of}"), look.muted))
    if spec.note:
        found.append(((spec.note,), look.muted))
    return found


def _outside_texts(spec: ChartSpec, look: Look, outside: Outside) -> tuple[str, ...]:
    """How many points lie outside, of which runs where it is a few of several, and how far a run has left."""
    is_down, total = (outside.farthest or 0.0) < 0, sum(outside.counts)
    triangle = ("v" if is_down else "^") if look.is_ascii else ("▼" if is_down else "▲")
    letters = [trace.letter for trace, count in zip(spec.traces, outside.counts, strict=True) if count]
    of = f" of {', '.join(letters)}" if len(letters) < min(len(spec.traces), 4) else ""
    count = f"{units.count(total)} {'point' if total == 1 else 'points'}{of} outside"
    texts = (f"{triangle} {count}", f"{triangle}{units.count(total)}")
    if outside.farthest is None:
        return texts
    to = f"{'down' if is_down else 'up'} to {readout.number_text(outside.farthest, spec.title)}"
    return f"{triangle} diverges: {count}, {to}", f"{triangle} {count}, {to}", *texts


def label_cells(spec: ChartSpec, width: int) -> int:
    """Cells to the right of the plot for the letters of several traces."""
    if len(spec.traces) < 2 or width < 28:
        return 1
    return _VALUE_CELLS if width >= 48 else _LETTER_CELLS


def write_labels(canvas: Canvas, spec: ChartSpec, place: Layout, look: Look) -> None:
    """Letter, and with room the value, of each trace beside its last point (or the one at the cursor)."""
    room = canvas.width - place.left - place.width
    if room < _LETTER_CELLS:
        return
    wanted: list[tuple[int, float, Trace, Reading]] = []
    for trace in spec.traces[: place.height]:
        reading = _label_reading(trace, spec.cursor)
        row = None if reading is None else place.row(_clamped(reading.value, place))
        if reading is not None and row is not None:
            wanted.append((row, -reading.value, trace, reading))
    wanted.sort(key=lambda item: item[:2])
    rows = _apart([row for row, *_ in wanted], place.top, place.top + place.height)
    for at, (_, _, trace, reading) in zip(rows, wanted, strict=True):
        text = _label(trace.letter, reading.value, room - 1, is_size=spec.is_size)
        canvas.write(at, place.left + place.width + 1, text, ink(trace.color, look))


def _label(letter: str, value: float, room: int, *, is_size: bool) -> str:
    """Letter and value, as exactly as there is room; a number is never cut."""
    numbers = [units.number(value, digits) for digits in (3, 2)]
    if is_size:
        numbers = [units.size(value).replace(" ", "")]
    texts = (f"{letter} {number}" for number in numbers)
    return next((text for text in texts if len(text) <= room), letter)


def _apart(rows: list[int], first: int, end: int) -> list[int]:
    """Ascending `rows`, at most end - first of them, moved as little as needed to be one row apart."""
    found: list[int] = []
    for row in rows:
        found.append(max(row, found[-1] + 1 if found else first))
    limit = end - 1
    for index in range(len(found) - 1, -1, -1):
        found[index] = min(found[index], limit)
        limit = found[index] - 1
    return found


def _label_reading(trace: Trace, cursor: float | None) -> Reading | None:
    """The point that a label names, of the smoothed line where there is one to follow with the eye."""
    if cursor is not None:
        return readout.nearest(trace, cursor)
    return readout.last(trace)


def _clamped(value: float, place: Layout) -> float:
    return min(max(value, place.y.low), place.y.high)


def legend_rows(spec: ChartSpec, height: int) -> int:
    """Rows that the legend takes: none without one, never more than a third of the chart."""
    return min(len(spec.traces), MOST_LEGEND_ROWS, height // 3) if spec.has_legend else 0


def write_legend(canvas: Canvas, spec: ChartSpec, look: Look) -> None:
    """The last rows: letter, name, last and best value of each trace, in columns."""
    rows = legend_rows(spec, canvas.height)
    shown = spec.traces[:rows]
    first = canvas.height - rows
    entries = [_legend_values(spec, trace, look) for trace in shown]
    widths = [max((cell_len(entry[i]) for entry in entries), default=0) for i in range(2)]
    room = max(canvas.width - sum(widths) - 14, 6)
    name_width = min(max((cell_len(fit(t.name, room)) for t in shown), default=0), room)
    for row, (trace, values) in enumerate(zip(shown, entries, strict=True), start=first):
        line = "--" if look.is_ascii else "━━"
        canvas.write(row, 1, f"{trace.letter} {line}", ink(trace.color, look, is_bold=row == first))
        canvas.write(row, 6, fit(trace.name, name_width), ink(look.text, look, is_bold=row == first))
        column = 6 + name_width + 2
        for text, cells, color in zip(values, widths, (trace.color, look.muted), strict=True):
            canvas.write(row, column + cells - cell_len(text), text, ink(color, look))
            column += cells + 2
    hidden = len(spec.traces) - rows
    if rows and hidden > 0:
        text = f"+{hidden} more"
        canvas.write(canvas.height - 1, canvas.width - len(text) - 1, text, ink(look.muted, look))


def _legend_values(spec: ChartSpec, trace: Trace, look: Look) -> tuple[str, str]:
    reading = _label_reading(trace, spec.cursor)
    top = readout.best(trace, spec.goal)
    best = ""
    if top is not None:
        best = f"best {readout.best_mark(spec.goal, look.is_ascii).removeprefix('best ')}"
        best += f"{units.number(top.value)} @ {x_text(spec.x_kind, top.x)}"
    if trace.band is not None:
        best = f"mean of {trace.band.count}" + (f"  {best}" if best else "")
    return readout.value_text(trace, reading, spec.title), best
