"""Choosing one or several of a list, narrowed by typing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tailboard_tui.text.safe import clean
from tailboard_tui.type_ahead import TypingScreen
from tailboard_tui.widgets.line import TextLine


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose."""

    id: str
    title: str
    """May hold data: it is cleaned where it is shown."""
    note: str = ""


class Pick(TypingScreen[list[str] | None]):
    """Gives the ids chosen, in order, or None when left."""

    CSS_PATH = "pick.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012  # as in Screen
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", show=False),
        Binding("down", "down", "down", show=False),
        Binding("up", "up", "up", show=False),
        Binding("pagedown", "page(1)", "page", show=False),
        Binding("pageup", "page(-1)", "page", show=False),
        Binding("tab", "toggle_choice", "choose", show=False, priority=True),
        Binding("shift+down", "shift(1)", "later", show=False, priority=True),
        Binding("shift+up", "shift(-1)", "earlier", show=False, priority=True),
    ]

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        *,
        chosen: Sequence[str] = (),
        several: bool = False,
        hint: str = "",
        footnote: str = "",
    ) -> None:
        """Prepare the dialog.

        Args:
            chosen: Ids chosen already; they stand first, in their order.
            hint: What the keys do, in the frame.
            footnote: More of it, below the list.
            several: Whether more than one can be chosen (tab), and put in order (shift+arrows).
        """
        super().__init__()
        by_id = {choice.id: choice for choice in choices}
        self.chosen = [id for id in chosen if id in by_id]
        rest = [choice for choice in choices if choice.id not in self.chosen]
        self.choices = [by_id[id] for id in self.chosen] + rest
        self._title = title
        self._several = several
        self._hint = hint or (
            "Tab choose · Shift+↑↓ order · Enter done" if several else "Enter choose · Esc leave"
        )
        self._footnote = footnote
        self._visible: list[Choice] = []

    def compose(self) -> ComposeResult:
        """A line to type in above the list."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(self._title)
            dialog.border_subtitle = Content(self._hint)
            yield Input(placeholder="type to narrow", compact=True)
            yield OptionList()
            if self._footnote:
                yield TextLine(Content(self._footnote))

    def on_mount(self) -> None:
        """Show all choices."""
        self.query_one(OptionList).can_focus = False
        self._list("")
        self.begin_typing(self.query_one(Input))

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        self._list(event.value)

    def _list(self, text: str, highlighted: str | None = None) -> None:
        words = text.casefold().split()
        self._visible = [
            choice
            for choice in self.choices
            if choice.id == highlighted
            or all(word in f"{choice.title} {choice.note}".casefold() for word in words)
        ] + self.extra_choices(text)
        options = self.query_one(OptionList)
        options.set_options([Option(self._line(choice)) for choice in self._visible])
        if self._visible:
            places = [place for place, choice in enumerate(self._visible) if choice.id == highlighted]
            options.highlighted = places[0] if places else 0

    def list_again(self, highlighted: str) -> None:
        """Something about the choices is otherwise: those chosen first, the highlight on that one."""
        by_id = {choice.id: choice for choice in self.choices}
        rest = [choice for choice in self.choices if choice.id not in self.chosen]
        self.choices = [by_id[id] for id in self.chosen] + rest
        self._list(self.query_one(Input).value, highlighted)

    def extra_choices(self, text: str) -> list[Choice]:
        """Choices made of what was typed; none here."""
        return []

    def note_of(self, choice: Choice) -> str:
        """What stands behind the title."""
        return choice.note

    def _line(self, choice: Choice) -> Content:
        mark = ""
        if self._several:
            mark = "● " if choice.id in self.chosen else "  "
        shown = self.note_of(choice)
        note = f"  {clean(shown, 60)}" if shown else ""
        return Content.assemble((mark, "$accent"), clean(choice.title, 80), (note, "$text-dim"))

    @property
    def highlighted(self) -> Choice | None:
        """The choice that keys work on."""
        place = self.query_one(OptionList).highlighted
        return self._visible[place] if place is not None and place < len(self._visible) else None

    def action_leave(self) -> None:
        """Leave everything as it was."""
        self.dismiss(None)

    def action_down(self) -> None:
        """Next choice."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """Choice before."""
        self.query_one(OptionList).action_cursor_up()

    def action_page(self, direction: int) -> None:
        """A page of choices."""
        options = self.query_one(OptionList)
        place = (options.highlighted or 0) + direction * max(options.size.height - 1, 1)
        if options.option_count:
            options.highlighted = max(0, min(place, options.option_count - 1))

    def action_toggle_choice(self) -> None:
        """Choose, or not any more."""
        found = self.highlighted
        if found is None or not self._several:
            return
        if found.id in self.chosen:
            self.chosen.remove(found.id)
        else:
            self.chosen.append(found.id)
        self._list(self.query_one(Input).value, found.id)

    def action_shift(self, by: int) -> None:
        """Move a chosen one earlier or later."""
        found = self.highlighted
        if found is None or found.id not in self.chosen:
            return
        place = self.chosen.index(found.id)
        self.chosen.insert(max(place + by, 0), self.chosen.pop(place))
        self.list_again(found.id)

    @on(Input.Submitted)
    def _enter(self) -> None:
        found = self.highlighted
        if self._several:
            self.dismiss(self.chosen)
        else:
            self.dismiss([found.id] if found else None)

    @on(OptionList.OptionSelected)
    def _click(self, event: OptionList.OptionSelected) -> None:
        if self._several:
            self.action_toggle_choice()
        else:
            self.dismiss([self._visible[event.option_index].id])
