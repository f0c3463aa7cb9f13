"""Editing what the user may say of a run afterwards: name, tags, notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from tailboard_tui.text.safe import clean
from tailboard_tui.type_ahead import TypingScreen
from tailboard_tui.widgets.line import TextLine

LIMIT_CHARS = 2000


@dataclass(frozen=True, slots=True)
class Notes:
    """What was entered."""

    name: str
    tags: tuple[str, ...]
    notes: str


class EditNotes(TypingScreen[Notes | None]):
    """Three lines to type in; enter in any of them keeps all."""

    CSS_PATH = "edit_notes.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back", show=False)]

    def __init__(self, before: Notes) -> None:
        super().__init__()
        self._before = before

    def compose(self) -> ComposeResult:
        """A line for each."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content("Name, tags, notes")
            dialog.border_subtitle = Content("Tab next · Enter keep · Esc leave")
            for name, value in (
                ("name", self._before.name),
                ("tags", " ".join(self._before.tags)),
                ("notes", self._before.notes),
            ):
                yield TextLine(Content(name))
                yield Input(clean(value, LIMIT_CHARS), id=f"edit-{name}", compact=True)

    def on_mount(self) -> None:
        """Begin with the tags: what is changed most."""
        self.begin_typing(self.query_one("#edit-tags", Input))

    def on_input_submitted(self) -> None:
        """Keep all three."""
        name, tags, notes = (
            self.query_one(f"#edit-{part}", Input).value for part in ("name", "tags", "notes")
        )
        self.dismiss(Notes(name.strip(), tuple(dict.fromkeys(tags.replace(",", " ").split())), notes.strip()))

    def action_leave(self) -> None:
        """Leave everything as it was."""
        self.dismiss(None)
