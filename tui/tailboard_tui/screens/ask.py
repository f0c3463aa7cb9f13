"""A question before something that cannot be taken back with one key."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from tailboard_tui.widgets.line import TextLine


class Ask(ModalScreen[bool]):
    """True for `y`, False for anything else that closes it."""

    CSS_PATH = "ask.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", show=False),
        Binding("n,escape,q", "answer(False)", "no", show=False),
    ]

    def __init__(self, question: Content) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """The question in a frame."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_subtitle = Content("y yes · n no")
            yield TextLine(self._question)

    def action_answer(self, answer: bool) -> None:
        """Give the answer."""
        self.dismiss(answer)
