"""Where the run under the cursor comes from; with marked runs, what differs between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from textual.message import Message

from tailboard_tui.messages import OriginWanted
from tailboard_tui.store.comparison import Comparison
from tailboard_tui.store.origins import Origins
from tailboard_tui.store.resources import Resources, resources
from tailboard_tui.widgets.comparison_lines import comparison_lines
from tailboard_tui.widgets.info_lines import Origin, compared_facts, info_lines
from tailboard_tui.widgets.line_view import ViewLine
from tailboard_tui.widgets.search_pane import SearchPane, matching
from tailboard_tui.widgets.selection import Selection, ShownRun

FOLDED_AT_FIRST = frozenset({"Packages", "Hardware"})

COMPARE_AGAIN_S = 1.0
"""While marked runs go on, they are compared anew so long after the last time."""

COMPARE_SHARE = 0.1
"""Of the time; runs that take long to compare are compared less often."""


class InfoPane(SearchPane):
    """Identity, times, cost, environment, code with its diff, data, end and problems."""

    class ComparisonWanted(Message):
        """Marked runs are shown: compare them."""

        def __init__(self, runs: Sequence[ShownRun], known_origins: Origins | None) -> None:
            """Args: runs: The baseline first. known_origins: What is known of where they come from."""
            super().__init__()
            self.runs = runs
            self.known_origins = known_origins

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(FOLDED_AT_FIRST)
        self._clock = clock
        self._origin_key: str | None = None
        self._origin: Origin | None = None
        self._costs: dict[str, tuple[object, Resources]] = {}
        self._comparison: Comparison | None = None
        self._compared: list[ShownRun] = []
        self._asked_at: float | None = None
        self._is_resting = False

    def show(self, selection: Selection) -> None:
        """Show these runs; the files of the one under the cursor are asked for."""
        current = selection.current
        if current is not None and current.row.key != self._origin_key:
            facts = current.row.facts
            self._origin_key, self._origin = current.row.key, None
            if facts.diff_path or facts.packages_path:
                self.post_message(OriginWanted(current.row.key, facts.diff_path, facts.packages_path))
            else:
                self._origin = Origin()
        super().show(selection)
        self._compare()

    def _compare(self) -> None:
        """Ask for a comparison of the marked runs, unless one is under way or nothing of them is new."""
        runs, before = self.runs(), self._compared
        if len(runs) < 2 or self._asked_at is not None:
            return
        if [run.row.key for run in runs] == [run.row.key for run in before]:
            pairs = list(zip(runs, before, strict=True))
            if self._is_resting or all(new.row is old.row and new.points is old.points for new, old in pairs):
                return
            is_same = all(new.row.facts is old.row.facts for new, old in pairs)
        else:
            is_same = False
        origins = self._comparison.origins if self._comparison is not None and is_same else None
        self._compared, self._asked_at = runs, time.monotonic()
        self.post_message(self.ComparisonWanted(runs, origins))

    def set_comparison(self, found: Comparison) -> None:
        """What was asked for; of runs that are not shown any more it is not shown either."""
        took_s = 0.0 if self._asked_at is None else time.monotonic() - self._asked_at
        self._comparison, self._asked_at = found, None
        if self._comparison_of(self.runs()) is not None:
            self.show_lines()
            self._is_resting = True
            self.set_timer(max(COMPARE_AGAIN_S, took_s / COMPARE_SHARE), self._go_on)
        else:
            self._compare()

    def _go_on(self) -> None:
        self._is_resting = False
        self._compare()

    def set_origin(self, key: str, origin: Origin) -> None:
        """The content of the files of that run, if it is still the one shown."""
        if key == self._origin_key:
            self._origin = origin
            self.show_lines()

    def make_lines(self, wanted: str) -> Sequence[ViewLine] | None:
        """All that is known of one run, or several runs side by side."""
        now, runs = self._clock(), self.runs()
        costs = {run.row.key: self._cost(run, now) for run in runs}
        self._costs = {key: found for key, found in self._costs.items() if key in costs}
        folded = set() if wanted else self.folded
        if len(runs) > 1:
            lines = comparison_lines(
                runs,
                [compared_facts(run.row, costs[run.row.key], now) for run in runs],
                self._comparison_of(runs),
                self.size.width,
                folded,
                only_differences=self.only_differences,
            )
            return matching(lines, wanted) or [ViewLine((("Nothing matches.", "dim"),))]
        if not runs:
            return []
        row = runs[0].row
        lines = info_lines(row, costs[row.key], self._origin, now, folded, self.size.width)
        return matching(lines, wanted) or [ViewLine((("Nothing matches.", "dim"),))]

    def _comparison_of(self, runs: Sequence[ShownRun]) -> Comparison | None:
        """The comparison that is at hand, if it is of these runs in this order."""
        found = self._comparison
        if found is None or [row.key for row in found.rows] != [run.row.key for run in runs]:
            return None
        return found

    def _cost(self, run: ShownRun, now: float) -> Resources:
        """What the run used, counted anew only where there are more samples or it ended otherwise."""
        points = run.points
        names = points.system_metrics if points else ()
        counts = tuple(
            found.values.size if points and (found := points.series(name, everything=True)) else 0
            for name in names
        )
        state = (names, counts, run.row.duration_s(now) if run.row.ended is not None else int(now // 10))
        known = self._costs.get(run.row.key)
        if known is None or known[0] != state:
            known = self._costs[run.row.key] = state, resources(run.row, points, now)
        return known[1]
