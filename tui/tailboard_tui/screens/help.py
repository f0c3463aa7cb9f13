"""All keys on one screen, from the table of actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from tailboard_tui.actions import SCOPE_TITLES, actions, key_labels, keymap
from tailboard_tui.widgets.line_view import LineView, ViewLine

KEY_CELLS = 16


class Help(ModalScreen[None]):
    """Every key and what it does; keys that the user changed as he changed them."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark", "close", "close", show=False)]

    def __init__(self, remapped: Mapping[str, str]) -> None:
        super().__init__()
        self._keymap, _ = keymap(remapped)

    def compose(self) -> ComposeResult:
        """The list in a frame."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content("Keys")
            dialog.border_subtitle = Content("Esc close")
            yield LineView()

    def on_mount(self) -> None:
        """Fill the list."""
        self.query_one(LineView).set_lines(help_lines(self._keymap))

    def action_close(self) -> None:
        """Back to where we were."""
        self.dismiss(None)


def help_lines(remapped: Mapping[str, str]) -> list[ViewLine]:
    """The table of actions as lines, by scope."""
    lines: list[ViewLine] = []
    for scope, title in SCOPE_TITLES.items():
        found = actions(scope)
        if not found:
            continue
        if lines:
            lines.append(ViewLine(()))
        lines.append(ViewLine(((title, "heading"),)))
        for action in found:
            keys = key_labels(remapped.get(action.id, action.keys))
            lines.append(ViewLine(((f"{keys:<{KEY_CELLS}}", "number"), (action.help, "key")), action.id))
    return lines
