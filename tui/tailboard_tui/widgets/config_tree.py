"""The configuration of the run under the cursor; with marked runs, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from tailboard_tui.widgets.compare_lines import compare_lines
from tailboard_tui.widgets.config_lines import tree_lines
from tailboard_tui.widgets.line_view import ViewLine
from tailboard_tui.widgets.search_pane import SearchPane
from tailboard_tui.widgets.selection import ShownRun


class ConfigTree(SearchPane):
    """A nested tree for one run; columns for several, what differs first."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: object = None

    def make_lines(self, wanted: str) -> Sequence[ViewLine] | None:
        """The configurations; None while runs, search, width and folds are the same."""
        runs = self.runs()
        # The facts of a run are one object until they are read again.
        state = (
            tuple((id(run.row.facts.config), run.color, run.letter, run.row.facts.name) for run in runs),
            wanted,
            self.size.width,
            self.only_differences,
            frozenset(self.folded),
        )
        if state == self._shown:
            return None
        self._shown = state
        return self._lines(runs, wanted) if runs else []

    def _lines(self, runs: list[ShownRun], wanted: str) -> list[ViewLine]:
        configs = [run.row.facts.config for run in runs]
        if len(runs) > 1:
            return compare_lines(
                runs, configs, self.size.width, only_differences=self.only_differences, wanted=wanted
            )
        lines = tree_lines(configs[0], self.folded, wanted)
        if lines:
            return lines
        if wanted and configs[0]:
            return [ViewLine((("Nothing matches.", "dim"),))]
        return [
            ViewLine((("This run has no configuration.", "dim"),)),
            ViewLine(()),
            ViewLine((("Give it one: ", "dim"), ("tailboard.init(config={...})", "text"))),
        ]
