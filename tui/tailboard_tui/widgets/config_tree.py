"""The configuration of the run under the cursor; with marked runs, side by side."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from tailboard_tui.widgets.config_lines import compare_lines, tree_lines
from tailboard_tui.widgets.line_view import LineView, ViewLine
from tailboard_tui.widgets.selection import Selection, ShownRun


class ConfigLines(LineView):
    """The lines of the pane, which holds what they are made of."""

    def action_toggle_line(self) -> None:
        """Fold or unfold the part under the cursor."""
        pane = self.parent
        line = self.cursor_line
        if isinstance(pane, ConfigTree) and line is not None and line.folds is not None:
            pane.toggle_fold(line.key)

    def action_tree_filter(self) -> None:
        """Search keys and values."""
        if isinstance(self.parent, ConfigTree):
            self.parent.open_search()

    def action_only_differences(self) -> None:
        """Leave out what all runs agree on, or show it again."""
        if isinstance(self.parent, ConfigTree):
            self.parent.toggle_differences()


class ConfigTree(Vertical):
    """A nested tree for one run; columns for several, what differs first."""

    DEFAULT_CSS = """
    ConfigTree Input { display: none; height: 1; border: none; }
    ConfigTree.-searching Input { display: block; }
    ConfigTree ConfigLines { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._selection = Selection()
        self._folded: set[str] = set()
        self._only_differences = False
        self._shown: object = None

    def compose(self) -> ComposeResult:
        """A line to search in above the lines."""
        yield Input(placeholder="search keys and values", compact=True)
        yield ConfigLines()

    def show(self, selection: Selection) -> None:
        """Show these runs' configurations."""
        self._selection = selection
        self._show()

    def go_back(self) -> bool:
        """Leave the search."""
        if not self.has_class("-searching"):
            return False
        self.query_one(Input).value = ""
        self.remove_class("-searching")
        self.query_one(ConfigLines).focus()
        return True

    def on_resize(self) -> None:
        """Columns follow the width."""
        self._show()

    def toggle_fold(self, path: str) -> None:
        """Fold an open part or open a folded one."""
        self._folded ^= {path}
        self._show()

    def toggle_differences(self) -> None:
        """Show only what differs, or all."""
        self._only_differences = not self._only_differences
        self._show()

    def open_search(self) -> None:
        """Type what to look for."""
        self.add_class("-searching")
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        event.stop()
        self._show()

    @on(Input.Submitted)
    def _done(self, event: Input.Submitted) -> None:
        event.stop()
        self.set_class(bool(event.value), "-searching")
        self.query_one(ConfigLines).focus()

    def _runs(self) -> list[ShownRun]:
        """The shown runs, the baseline first, else the run under the cursor."""
        runs = list(self._selection.runs)
        runs.sort(key=lambda run: run.row.key != self._selection.baseline)
        return runs

    def _show(self) -> None:
        if not self.is_mounted:
            return
        runs = self._runs()
        wanted = self.query_one(Input).value.strip()
        configs = [run.row.facts.config for run in runs]
        # The facts of a run are one object until they are read again.
        state = (
            tuple(
                (id(config), run.color, run.letter, run.row.facts.name)
                for config, run in zip(configs, runs, strict=True)
            ),
            wanted,
            self.size.width,
            self._only_differences,
            frozenset(self._folded),
        )
        if state != self._shown:
            self._shown = state
            self.query_one(ConfigLines).set_lines(self._make_lines(runs, wanted))

    def _make_lines(self, runs: list[ShownRun], wanted: str) -> list[ViewLine]:
        if not runs:
            return []
        configs = [run.row.facts.config for run in runs]
        if len(runs) > 1:
            return compare_lines(
                runs, configs, self.size.width, only_differences=self._only_differences, wanted=wanted
            )
        lines = tree_lines(configs[0], self._folded, wanted)
        if lines:
            return lines
        if wanted and configs[0]:
            return [ViewLine((("Nothing matches.", "dim"),))]
        return [
            ViewLine((("This run has no configuration.", "dim"),)),
            ViewLine(()),
            ViewLine((("Give it one: ", "dim"), ("tailboard.init(config={...})", "text"))),
        ]
