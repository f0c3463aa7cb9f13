"""Which runs the table lists and in which order: filter, sort, groups, fold. No Textual in here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tailboard_tui.widgets.run_table_columns import FIXED_COLUMNS, RunColumn
from tailboard_tui.widgets.run_table_order import OrderKey, SortColumn, order_by

if TYPE_CHECKING:
    from tailboard_tui.store.fields import Getter
    from tailboard_tui.store.model import RunRow, Status

Predicate = Callable[["RunRow"], bool]


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in the list."""

    key: str
    depth: int = 0
    """Groups that it stands in."""


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group of runs, open or folded."""

    key: str
    """Unique among the lines, and no run's key: it begins with a NUL."""
    title: str
    """What its runs share: the value of the column that groups."""
    runs: tuple[str, ...]
    """Keys of all runs below it, in order."""
    is_open: bool
    depth: int = 0


Line = RunLine | GroupLine


class RunLines:
    """Runs as lines. Keys and lines are kept: a change costs what changed and one pass over the rest."""

    def __init__(self) -> None:
        self.lines: Sequence[Line] = ()
        self.rows: Mapping[str, RunRow] = {}
        """All runs, hidden and filtered ones included."""
        self.listed: int = 0
        """Runs that pass the filter."""
        self.counts: Counter[Status] = Counter()
        """All runs by status."""
        self.shows_hidden = False
        self.folded: set[str] = set()
        self._rows: dict[str, RunRow] = {}
        self.rows = self._rows
        self._keys: dict[str, OrderKey] = {}
        self._run_lines: dict[str, RunLine] = {}
        self._passing: set[str] = set()
        self._index: dict[str, int] = {}
        self._order: list[str] = []
        self._predicate: Predicate | None = None
        self._sort: tuple[SortColumn, ...] = ()
        self._order_key = order_by(())
        self._groups: tuple[RunColumn, ...] = ()
        self._finders: tuple[Getter, ...] = ()
        self._now = 0.0

    @property
    def sort(self) -> tuple[SortColumn, ...]:
        """The columns that order the list; empty: the newest run first."""
        return self._sort

    @property
    def groups(self) -> tuple[RunColumn, ...]:
        """The columns that group the list, the outermost first."""
        return self._groups

    def index_of(self, key: str | None) -> int | None:
        """The number of the line with that key."""
        return None if key is None else self._index.get(key)

    def update(self, rows: Iterable[RunRow], removed: Iterable[str], now: float) -> tuple[set[str], bool]:
        """Take in changed and removed runs.

        Returns:
            The keys of runs whose row changed, and whether the lines changed (not only what stands in them).
        """
        self._now = now
        changed: set[str] = set()
        moved = False
        for key in removed:
            gone = self._rows.pop(key, None)
            if gone is not None:
                self.counts[gone.status] -= 1
                self._keys.pop(key, None)
                self._run_lines.pop(key, None)
                moved |= key in self._passing
                self._passing.discard(key)
        for row in rows:
            if self._rows.get(row.key) is row:
                continue
            changed.add(row.key)
            moved |= self._admit(row)
        if moved:
            self._rebuild()
        return changed, moved

    def _admit(self, row: RunRow) -> bool:
        """Store `row`; whether that can change the lines."""
        old = self._rows.get(row.key)
        self._rows[row.key] = row
        self.counts[row.status] += 1
        if old is not None:
            self.counts[old.status] -= 1
        passes = self._passes(row)
        was_passing = row.key in self._passing
        key, before = self._order_key(row, self._now), self._keys.get(row.key)
        moved = passes != was_passing or (passes and key != before)
        if passes:
            self._passing.add(row.key)
            if self._groups and old is not None:
                moved |= any(find(old, self._now) != find(row, self._now) for find in self._finders)
        else:
            self._passing.discard(row.key)
        if key != before:
            self._keys[row.key] = key
        return moved

    def _passes(self, row: RunRow) -> bool:
        if row.is_hidden and not self.shows_hidden:
            return False
        return self._predicate is None or self._predicate(row)

    def set_filter(self, predicate: Predicate | None) -> None:
        """List only the runs for which `predicate` is true."""
        self._predicate = predicate
        self._rescan()

    def set_shows_hidden(self, shows_hidden: bool) -> None:
        """List hidden runs too, or not."""
        self.shows_hidden = shows_hidden
        self._rescan()

    def set_sort(self, sort: Sequence[SortColumn], now: float) -> None:
        """Order the list."""
        self._sort = tuple(sort)
        self._order_key = find = order_by(sort)
        self._now = now
        self._keys = {key: find(row, now) for key, row in self._rows.items()}
        self._order = []
        self._rebuild()

    def set_groups(self, groups: Sequence[RunColumn]) -> None:
        """Group the list."""
        from tailboard_tui.store.fields import getter  # not before the first paint

        self._groups = tuple(groups)
        self._finders = tuple(getter(_field(column)) for column in groups)
        self._rebuild()

    def toggle_fold(self, group_key: str) -> None:
        """Fold an open group or open a folded one."""
        self.folded ^= {group_key}
        self._rebuild()

    def _rescan(self) -> None:
        self._passing = {key for key, row in self._rows.items() if self._passes(row)}
        self._rebuild()

    def _rebuild(self) -> None:
        self._order = order = self._sorted()
        self.listed = len(order)
        self.lines = self._grouped(order, 0, "") if self._groups else [self._run_line(key) for key in order]
        self._index = {line.key: number for number, line in enumerate(self.lines)}

    def _run_line(self, key: str) -> RunLine:
        line = self._run_lines.get(key)
        if line is None:
            line = self._run_lines[key] = RunLine(key)
        return line

    def _sorted(self) -> list[str]:
        """The passing runs in order. Sorting is a single pass where those of before still are in order."""
        find = self._keys.__getitem__
        before = [key for key in self._order if key in self._passing]
        added = sorted(self._passing.difference(before), key=find)
        return sorted(before + added, key=find)

    def _grouped(self, order: Sequence[str], depth: int, path: str) -> list[Line]:
        if depth == len(self._groups):
            return [RunLine(key, depth) for key in order]
        from tailboard_tui.store.groups import group_rows

        column = self._groups[depth]
        field = _field(column)
        lines: list[Line] = []
        for group in group_rows([self._rows[key] for key in order], [field], self._now):
            runs = tuple(row.key for row in group.rows)
            value = column.text(group.rows[0], self._now)
            group_key = f"{path}\0{column.id}={group.by[field]!r}"
            is_open = group_key not in self.folded
            title = value if column.id in FIXED_COLUMNS and value else f"{column.title}={value or '—'}"
            lines.append(GroupLine(group_key, title, runs, is_open, depth))
            if is_open:
                lines += self._grouped(runs, depth + 1, group_key)
        return lines


def _field(column: RunColumn) -> str:
    """The key of `store.fields` that stands for the column: `config:lr` -> `config.lr`."""
    return column.id.replace("config:", "config.", 1)
