"""Which runs the table lists and in which order: filter, sort, groups, fold. No Textual in here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from tailboard_tui.widgets.run_table_columns import RunColumn
from tailboard_tui.widgets.run_table_groups import GroupLine, Line, RunGroups, RunLine, sweep_of
from tailboard_tui.widgets.run_table_order import OrderKey, SortColumn, order_by

if TYPE_CHECKING:
    from tailboard_tui.store.model import RunRow, Status

__all__ = ["GroupLine", "Line", "Predicate", "RunLine", "RunLines"]

Predicate = Callable[["RunRow"], bool]


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
        self.grouping = RunGroups()
        self._rows: dict[str, RunRow] = {}
        self.rows = self._rows
        self._keys: dict[str, OrderKey] = {}
        self._passing: set[str] = set()
        self._index: dict[str, int] = {}
        self._order: list[str] = []
        self._predicate: Predicate | None = None
        self._sort: tuple[SortColumn, ...] = ()
        self._order_key = order_by(())
        self._now = 0.0

    @property
    def sort(self) -> tuple[SortColumn, ...]:
        """The columns that order the list; empty: the newest run first."""
        return self._sort

    @property
    def groups(self) -> tuple[RunColumn, ...]:
        """The columns that group the list, the outermost first."""
        return self.grouping.columns

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
                moved |= self.grouping.forget(key) or key in self._passing
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
        sweep = self.grouping.sweeps[row.key] = self._sweep_of(row)
        self.counts[row.status] += 1
        if old is not None:
            self.counts[old.status] -= 1
        passes = self._passes(row)
        was_passing = row.key in self._passing
        key, before = self._order_key(row, self._now), self._keys.get(row.key)
        moved = passes != was_passing or (passes and key != before)
        moved |= sweep is not None if old is None else self.grouping.is_other(old, row, self._now)
        if passes:
            self._passing.add(row.key)
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
        self.grouping.sweeps = {key: self._sweep_of(row) for key, row in self._rows.items()}
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
        self.grouping.set_columns(groups)
        self._rebuild()

    def set_open(self, group_key: str, is_open: bool) -> None:
        """Open a group, or fold it."""
        self.grouping.set_open(group_key, is_open)
        self._rebuild()

    def reveal(self, run_key: str) -> bool:
        """Open the folded groups that hide a listed run; whether some did."""
        is_hidden = run_key not in self._index and self.grouping.reveal(run_key)
        if is_hidden:
            self._rebuild()
        return is_hidden

    def set_folds(self, folds: Mapping[str, bool]) -> None:
        """What the user has folded and opened before."""
        self.grouping.folds = dict(folds)
        self._rebuild()

    def _rescan(self) -> None:
        self._passing = {key for key, row in self._rows.items() if self._passes(row)}
        self._rebuild()

    def _rebuild(self) -> None:
        self._order = order = self._sorted()
        self.listed = len(order)
        self.lines = self.grouping.lines(order, self._rows, self._now)
        self._index = {line.key: number for number, line in enumerate(self.lines)}

    def _sweep_of(self, row: RunRow) -> str | None:
        return None if row.is_hidden and not self.shows_hidden else sweep_of(row)

    def _sorted(self) -> list[str]:
        """The passing runs in order. Sorting is a single pass where those of before still are in order."""
        find = self._keys.__getitem__
        before = [key for key in self._order if key in self._passing]
        added = sorted(self._passing.difference(before), key=find)
        return sorted(before + added, key=find)
