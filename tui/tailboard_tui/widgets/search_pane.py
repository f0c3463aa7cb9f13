"""Lines about the chosen runs, with a line to search in above them: what Config and Info share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input

from tailboard_tui.actions import bindings
from tailboard_tui.widgets.line_view import LineView, ViewLine
from tailboard_tui.widgets.selection import Selection, ShownRun


class SearchLines(LineView):
    """The lines of the pane, which holds what they are made of."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("tree")

    def action_toggle_line(self) -> None:
        """Fold or unfold the part under the cursor."""
        line = self.cursor_line
        if isinstance(self.parent, SearchPane) and line is not None and line.folds is not None:
            self.parent.toggle_fold(line.key)

    def action_tree_filter(self) -> None:
        """Search keys and values."""
        if isinstance(self.parent, SearchPane):
            self.parent.open_search()

    def action_only_differences(self) -> None:
        """Leave out what all runs agree on, or show it again."""
        if isinstance(self.parent, SearchPane):
            self.parent.toggle_differences()


class SearchPane(Vertical):
    """The base of both panes: parts that fold, a search, and for several runs only what differs."""

    DEFAULT_CSS = """
    SearchPane Input { display: none; height: 1; border: none; }
    SearchPane.-searching Input { display: block; }
    SearchPane SearchLines { height: 1fr; }
    """

    def __init__(self, folded: frozenset[str] = frozenset()) -> None:
        """Args: folded: Keys of the parts that are folded at first."""
        super().__init__()
        self.selection = Selection()
        self.folded = set(folded)
        self.only_differences = False

    def compose(self) -> ComposeResult:
        """A line to search in above the lines."""
        yield Input(placeholder="search keys and values", compact=True)
        yield SearchLines()

    def make_lines(self, wanted: str) -> Sequence[ViewLine] | None:
        """What is to be shown; None where it is as before.

        Args:
            wanted: What the user searches, or an empty text.
        """
        raise NotImplementedError

    def show(self, selection: Selection) -> None:
        """Show these runs."""
        self.selection = selection
        self.show_lines()

    def show_lines(self) -> None:
        """Show what there is now; before the pane has its parts there is nothing to show it in."""
        if self.is_mounted:
            lines = self.make_lines(self.query_one(Input).value.strip())
            if lines is not None:
                self.query_one(SearchLines).set_lines(lines)

    def runs(self) -> list[ShownRun]:
        """The shown runs, the baseline first, else the run under the cursor."""
        return sorted(self.selection.runs, key=lambda run: run.row.key != self.selection.baseline)

    def go_back(self) -> bool:
        """Leave the search."""
        if not self.has_class("-searching"):
            return False
        self.query_one(Input).value = ""
        self.remove_class("-searching")
        self.query_one(SearchLines).focus()
        return True

    def on_resize(self) -> None:
        """Columns follow the width."""
        self.show_lines()

    def toggle_fold(self, key: str) -> None:
        """Fold an open part or open a folded one."""
        self.folded ^= {key}
        self.show_lines()

    def toggle_differences(self) -> None:
        """Show only what differs, or all."""
        if len(self.selection.runs) < 2:
            self.notify("Mark runs with Space first; then d leaves what differs.", markup=False)
            return
        self.only_differences = not self.only_differences
        self.show_lines()

    def open_search(self) -> None:
        """Type what to look for."""
        self.add_class("-searching")
        self.screen.set_focus(self.query_one(Input))  # at once: what is typed next is meant for it

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        event.stop()
        self.show_lines()

    @on(Input.Submitted)
    def _done(self, event: Input.Submitted) -> None:
        event.stop()
        self.set_class(bool(event.value), "-searching")
        self.query_one(SearchLines).focus()


def matching(lines: Sequence[ViewLine], wanted: str) -> list[ViewLine]:
    """The lines with `wanted` in them, each part's heading before them; case does not matter."""
    words = wanted.casefold()
    if not words:
        return list(lines)
    found: list[ViewLine] = []
    heading: ViewLine | None = None
    for line in lines:
        if line.folds is not None:
            heading = line
        elif words in line.text.casefold():
            if heading is not None:
                found += [ViewLine(()), heading] if found else [heading]
                heading = None
            found.append(line)
    return found
