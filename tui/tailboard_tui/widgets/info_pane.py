"""Where the run under the cursor comes from; with marked runs, what differs between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from tailboard_tui.messages import OriginWanted
from tailboard_tui.store.resources import Resources, resources
from tailboard_tui.widgets.config_lines import compare_lines
from tailboard_tui.widgets.info_lines import Origin, compared_facts, info_lines
from tailboard_tui.widgets.line_view import ViewLine
from tailboard_tui.widgets.search_pane import SearchPane, matching
from tailboard_tui.widgets.selection import Selection, ShownRun

FOLDED_AT_FIRST = frozenset({"Packages", "Hardware"})


class InfoPane(SearchPane):
    """Identity, times, cost, environment, code with its diff, data, end and problems."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(FOLDED_AT_FIRST)
        self._clock = clock
        self._origin_key: str | None = None
        self._origin: Origin | None = None
        self._costs: dict[str, tuple[object, Resources]] = {}

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
        if len(runs) > 1:
            return compare_lines(
                runs,
                [compared_facts(run.row, costs[run.row.key], now) for run in runs],
                self.size.width,
                only_differences=self.only_differences,
                wanted=wanted,
            )
        if not runs:
            return []
        folded = set() if wanted else self.folded
        row = runs[0].row
        lines = info_lines(row, costs[row.key], self._origin, now, folded)
        return matching(lines, wanted) or [ViewLine((("Nothing matches.", "dim"),))]

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
