"""Which charts stand where: groups by prefix, rows of a grid, and the part of them that is on screen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PINNED = "pinned"
"""Heading of the charts at the top."""

_FIRST = ("train", "val", "valid", "validation", "eval", "test", "")
"""Prefixes that come before all others, in this order; metrics without one (lr, epoch) after them."""

COMFORTABLE_WIDTH = 46
"""Cells that a chart is given where the user has not said how many to show side by side."""

MIN_CHART_WIDTH, MIN_CHART_HEIGHT, MAX_ROW_HEIGHT = 22, 8, 18
ASPECT = 0.22
"""Height of a chart by its width, in cells: about 2:1 on screen."""

GAP = 1
"""Empty cells between charts."""


@dataclass(frozen=True, slots=True)
class Group:
    """Charts under one heading."""

    name: str
    metrics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PageRow:
    """A row of the grid: the heading of a group, or charts side by side."""

    group: Group
    metrics: tuple[str, ...] = ()
    """Empty for a heading."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a chart or a heading stands on the page, in cells."""

    row: PageRow
    metric: str | None
    """None for a heading."""
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Page:
    """What is on screen."""

    slots: tuple[Slot, ...]
    first: int
    """Index of the first row shown."""
    end: int
    """Index after the last one."""


def prefix(metric: str) -> str:
    """The group of a metric: what stands before its first slash."""
    head, slash, _ = metric.partition("/")
    return head if slash else ""


def groups(metrics: Iterable[str], pinned: Sequence[str] = ()) -> list[Group]:
    """Metrics by prefix, in an order that does not depend on which run is looked at."""
    names = set(metrics)
    top = tuple(name for name in pinned if name in names)
    by_prefix: dict[str, list[str]] = {}
    for name in sorted(names.difference(top), key=_natural):
        by_prefix.setdefault(prefix(name), []).append(name)
    order = sorted(by_prefix, key=lambda p: (_FIRST.index(p) if p in _FIRST else len(_FIRST), _natural(p)))
    found = [Group(name, tuple(by_prefix[name])) for name in order]
    return [Group(PINNED, top), *found] if top else found


def _natural(text: str) -> list[tuple[int, int, str]]:
    """A sort key in which layer_2 comes before layer_10."""
    return [
        (0, int(part), "") if part.isdecimal() and part.isascii() else (1, 0, part.lower())
        for part in re.split(r"([0-9]{1,18})", text)
        if part
    ]


def column_count(width: int, sizes: Sequence[int], wanted: int = 0) -> int:
    """How many charts stand side by side in `width` cells.

    About as many as are comfortable, and rather one more or less where that leaves fewer holes.

    Args:
        sizes: Number of charts in each group.
        wanted: What the user asked for; 0: as fits.
    """
    most = max(min(width // MIN_CHART_WIDTH, sum(sizes)), 1)
    if wanted:
        return min(wanted, most)
    ideal = min(max(round(width / COMFORTABLE_WIDTH), 1), most)
    near = [count for count in (ideal - 1, ideal, ideal + 1) if 1 <= count <= most]
    fitting = [count for count in near if count == ideal or 36 <= width // count <= 72]

    def cost(columns: int) -> float:
        rests = (size % columns for size in sizes)
        holes = sum(columns - rest for rest in rests if rest and columns % rest)  # else the row is filled
        return holes / max(sum(sizes), 1) + 0.25 * abs(columns - ideal)

    return min(fitting, key=cost)


def page_rows(found: Sequence[Group], columns: int, folded: frozenset[str]) -> list[PageRow]:
    """All rows of the grid. A single group needs no heading."""
    rows: list[PageRow] = []
    for group in found:
        if len(found) > 1:
            rows.append(PageRow(group))
            if group.name in folded:
                continue
        for start in range(0, len(group.metrics), columns):
            rows.append(PageRow(group, group.metrics[start : start + columns]))
    return rows


def place(rows: Sequence[PageRow], first: int, columns: int, width: int, height: int) -> Page:
    """The rows from `first` on that fit, stretched so that the page is filled.

    Charts are made up to a quarter lower than they would like to be where one more row then fits.
    """
    chart_width = (width - GAP * (columns - 1)) // columns
    target = min(max(round(chart_width * ASPECT), MIN_CHART_HEIGHT), MAX_ROW_HEIGHT, max(height - 1, 1))
    first = min(max(first, 0), max(len(rows) - 1, 0))
    end, used = _fitting(rows, first, target, height)
    lower = min(max(target * 3 // 4, MIN_CHART_HEIGHT), target)
    more, needed = _fitting(rows, first, lower, height)
    if more > end:
        target, end, used = lower, more, needed
    chart_rows = sum(1 for row in rows[first:end] if row.metrics)
    spare = max(height - used, 0)
    if first > 0 or end < len(rows):
        spare = min(spare, chart_rows * (target // 2))
    return Page(tuple(_slots(rows[first:end], columns, chart_width, target, spare, chart_rows)), first, end)


def _fitting(rows: Sequence[PageRow], first: int, chart_height: int, height: int) -> tuple[int, int]:
    """The index after the last row that fits, and the cells that these rows need."""
    used, end = 0, first
    while end < len(rows):
        need = chart_height if rows[end].metrics else 1
        if used + need > height and end > first:
            break
        used += need
        end += 1
    while end - 1 > first and not rows[end - 1].metrics and end < len(rows):
        end -= 1  # a heading at the foot of the page belongs to the next one
        used -= 1
    return end, used


def _slots(
    rows: Sequence[PageRow], columns: int, chart_width: int, target: int, spare: int, chart_rows: int
) -> Iterable[Slot]:
    y = 0
    nth = 0
    full = chart_width * columns + GAP * (columns - 1)
    for row in rows:
        if not row.metrics:
            yield Slot(row, None, 0, y, full, 1)
            y += 1
            continue
        height = target + spare // chart_rows + (1 if nth < spare % chart_rows else 0)
        span = _span(row, columns)
        wide = (chart_width + GAP) * span - GAP
        for column, metric in enumerate(row.metrics):
            yield Slot(row, metric, column * (wide + GAP), y, wide, height)
        y += height
        nth += 1


def _span(row: PageRow, columns: int) -> int:
    """Columns that each chart of a row takes: a group's last row is filled where its charts divide it."""
    count = len(row.metrics)
    return columns // count if columns % count == 0 else 1


def beside(rows: Sequence[PageRow], metric: str | None, by: int) -> str | None:
    """The chart `by` places after `metric` in reading order; the first or last one beyond the ends."""
    names = [name for row in rows for name in row.metrics]
    if not names:
        return None
    at = names.index(metric) + by if metric in names else 0
    return names[min(max(at, 0), len(names) - 1)]


def beneath(rows: Sequence[PageRow], metric: str | None, by: int) -> str | None:
    """The chart `by` rows below `metric`, as far as there are rows; above for a negative number.

    In a row of fewer charts: the one that stands there, be it wider or the last of its row.
    """
    charts = [row.metrics for row in rows if row.metrics]
    if not charts:
        return None
    at = next((index for index, metrics in enumerate(charts) if metric in metrics), None)
    if at is None or metric is None:
        return charts[0][0]
    here, found = charts[at], charts[min(max(at + by, 0), len(charts) - 1)]
    column = here.index(metric)
    if len(found) % len(here) == 0 or len(here) % len(found) == 0:
        column = column * len(found) // len(here)
    return found[min(column, len(found) - 1)]


def row_of(rows: Sequence[PageRow], metric: str | None) -> int:
    """The index of the row in which `metric` stands; 0 if it stands nowhere."""
    return next((index for index, row in enumerate(rows) if metric in row.metrics), 0)


def page_with(rows: Sequence[PageRow], row: int, first: int, columns: int, width: int, height: int) -> Page:
    """The page that begins nearest to row `first` and shows `row`, with its heading where it comes first.

    Near the end of the rows a page begins so early that it is full.
    """
    has_heading = row > 0 and not rows[row - 1].metrics
    first = min(first, row - 1 if has_heading else row)
    page = place(rows, first, columns, width, height)
    while row >= page.end:
        page = place(rows, page.first + 1, columns, width, height)
    while page.first > 0 and page.end == len(rows):
        earlier = place(rows, page.first - 1, columns, width, height)
        if earlier.end < len(rows):
            break
        page = earlier
    return page
