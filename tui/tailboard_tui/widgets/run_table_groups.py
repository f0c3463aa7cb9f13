"""Runs that stand together in the run list, and which of these groups are folded. No Textual in here.

Runs of one sweep (a Hydra multirun, or runs with the same `group`) have a row of their own where there are
`SWEEP_RUNS` of them; fewer stand in the list as they are. The row is folded, unless one of its runs is
running, or was while it was listed, or the filter takes only some of its runs. What the user folds or opens
stays so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.run_table_columns import FIXED_COLUMNS, NAME_LIMIT, RunColumn

if TYPE_CHECKING:
    from tailboard_tui.store.fields import Getter
    from tailboard_tui.store.model import RunRow

SWEEP_RUNS = 3
"""A row for two would save one line when folded, and cost one when open."""

LIVE = frozenset({"running", "stalled"})

SWEEP = RunColumn(
    "sweep",
    "sweep",
    FIXED_COLUMNS["group"].text,
    FIXED_COLUMNS["group"].key,
    FIXED_COLUMNS["group"].width,
)
"""Not shown as a column: it groups, in its own way, the runs that stand together by themselves."""


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
    """Keys of all listed runs below it, in order."""
    is_open: bool
    depth: int = 0
    total: int = 0
    """Runs of a sweep whether the filter takes them or not; 0 where nobody counts."""


Line = RunLine | GroupLine


def sweep_of(row: RunRow) -> str | None:
    """What the runs of one sweep have in common, and no others have."""
    group = row.facts.group
    return f"{row.facts.project or ''}\0{group}" if group else None


class RunGroups:
    """Makes lines of runs in order, and knows the folds."""

    def __init__(self) -> None:
        self.columns: tuple[RunColumn, ...] = (SWEEP,)
        """What groups the runs, the outermost first."""
        self.finders: tuple[Getter, ...] = ()
        """The values of the other columns than the sweep."""
        self.folds: dict[str, bool] = {}
        """Whether a group is open, where the user has said so."""
        self.sweeps: dict[str, str | None] = {}
        """What `sweep_of` says of all runs that are not hidden."""
        self.around: dict[str, tuple[str, ...]] = {}
        """The groups that a listed run stands in."""
        self._opened: set[str] = set()
        self._known: dict[str, RunLine] = {}
        self._sizes: Counter[str | None] = Counter()
        self._rows: Mapping[str, RunRow] = {}
        self._now = 0.0

    def set_columns(self, columns: Sequence[RunColumn]) -> None:
        """Group by these."""
        self.columns = tuple(columns)
        self.finders = ()
        others = [column for column in columns if column.id != SWEEP.id]
        if others:
            from tailboard_tui.store.fields import getter  # not before the first paint

            self.finders = tuple(getter(_field(column)) for column in others)

    def set_open(self, group_key: str, is_open: bool) -> None:
        """The user folds or opens a group."""
        self.folds.pop(group_key, None)
        self.folds[group_key] = is_open

    def forget(self, run_key: str) -> bool:
        """The run is gone; whether it was one of a sweep."""
        self._known.pop(run_key, None)
        return self.sweeps.pop(run_key, None) is not None

    def reveal(self, run_key: str) -> bool:
        """Open what hides the run; False where it is not listed."""
        groups = self.around.get(run_key, ())
        self._opened.update(groups)
        for key in groups:
            self.folds.pop(key, None)
        return bool(groups)

    def is_other(self, old: RunRow, new: RunRow, now: float) -> bool:
        """Whether a run's change may change the groups."""
        is_live = new.status in LIVE
        if sweep_of(old) != sweep_of(new) or (sweep_of(new) and (old.status in LIVE) != is_live):
            return True
        return any(find(old, now) != find(new, now) for find in self.finders)

    def lines(self, order: Sequence[str], rows: Mapping[str, RunRow], now: float) -> list[Line]:
        """The lines of these runs, in this order."""
        self._rows, self._now = rows, now
        self._sizes = Counter(self.sweeps.values())
        self.around = {}
        return self._lines_of(order, 0, "", ())

    def _lines_of(self, order: Sequence[str], depth: int, path: str, above: tuple[str, ...]) -> list[Line]:
        if depth == len(self.columns):
            return [self._run_line(key, depth) for key in order]
        column = self.columns[depth]
        lines: list[Line] = []
        for key, title, runs, total in (
            self._sweeps(order) if column.id == SWEEP.id else self._groups(order, column)
        ):
            if not key:
                lines.append(self._run_line(runs[0], depth))
                continue
            group_key = f"{path}\0{key}"
            groups = (*above, group_key)
            self.around.update(dict.fromkeys(runs, groups))
            is_open = self._is_open(group_key, runs, total)
            lines.append(GroupLine(group_key, title, runs, is_open, depth, total))
            below = self._lines_of(runs, depth + 1, group_key, groups)
            if is_open:
                lines += below
        return lines

    def _run_line(self, key: str, depth: int) -> RunLine:
        line = self._known.get(key)
        if line is None or line.depth != depth:
            line = self._known[key] = RunLine(key, depth)
        return line

    def _is_open(self, group_key: str, runs: Sequence[str], total: int) -> bool:
        if total and any(self._rows[key].status in LIVE for key in runs):
            self._opened.add(group_key)
        said = self.folds.get(group_key)
        if said is not None:
            return said
        return group_key in self._opened or len(runs) != total

    def _sweeps(self, order: Sequence[str]) -> Iterator[tuple[str, str, tuple[str, ...], int]]:
        """Key, title, runs and number of all runs of each sweep, where its first run stands; runs alone."""
        members: dict[str, list[str]] = {}
        for key in order:
            sweep = self.sweeps.get(key)
            if sweep is None or self._sizes[sweep] < SWEEP_RUNS:
                members[key] = []
            else:
                members.setdefault(f"\0{sweep}", []).append(key)
        for name, runs in members.items():
            if runs:
                title = clean(name.rpartition("\0")[2][:NAME_LIMIT])
                yield f"sweep={name!r}", title, tuple(runs), self._sizes[name[1:]]
            else:
                yield "", "", (name,), 0

    def _groups(
        self, order: Sequence[str], column: RunColumn
    ) -> Iterator[tuple[str, str, tuple[str, ...], int]]:
        """The same of runs with the same value of `column`; nobody counts those that are not listed."""
        from tailboard_tui.store.groups import group_rows

        field = _field(column)
        for group in group_rows([self._rows[key] for key in order], [field], self._now):
            value = column.text(group.rows[0], self._now)
            title = value if column.id in FIXED_COLUMNS and value else f"{column.title}={value or '—'}"
            yield f"{column.id}={group.by[field]!r}", title, tuple(row.key for row in group.rows), 0


def _field(column: RunColumn) -> str:
    """The key of `store.fields` that stands for the column: `config:lr` -> `config.lr`."""
    return column.id.replace("config:", "config.", 1)
