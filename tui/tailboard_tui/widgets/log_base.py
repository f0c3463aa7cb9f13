"""What the parts of the log pane share: the session, its state, the prompt, the remark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from tailboard_tui.store.logsession import LogSession
from tailboard_tui.store.logstate import LogState
from tailboard_tui.widgets.line import TextLine
from tailboard_tui.widgets.log_prompt import LogPrompt
from tailboard_tui.widgets.log_view import LogView


class LogBase(Widget):
    """A widget with a `LogView`, a `LogPrompt` and a line for remarks (`#log-note`)."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session: LogSession | None = None
        self._state = LogState()
        self._enter: Callable[[str], None] | None = None
        self._awaits_jump = False
        """Whether a place was asked for that the session has not told yet."""
        self._awaits_view: Literal["no", "rows", "place"] = "no"
        """Whether other rows were asked for that have not come yet, or the place in them has not."""

    @property
    def view(self) -> LogView:
        """The rows."""
        return self.query_one(LogView)

    def _note(self, text: str, style: str = "$text-dim") -> None:
        self.set_class(bool(text), "-noted")
        self.query_one("#log-note", TextLine).show(Content.assemble((text, style)))

    def _ask(self, hint: str, value: str, enter: Callable[[str], None]) -> None:
        """Let the user type a line; `enter` is called with it."""
        self._enter = enter
        prompt = self.query_one(LogPrompt)
        prompt.placeholder = hint
        prompt.value = value
        self.add_class("-typing")
        self.screen.set_focus(prompt)  # at once: what is typed next is meant for it

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._leave_prompt()
        if self._enter is not None:
            self._enter(event.value)

    @on(LogPrompt.Left)
    def _leave_prompt(self) -> None:
        self.remove_class("-typing")
        self.view.focus()
