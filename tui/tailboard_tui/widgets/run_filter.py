"""The filter of the run list: a line to type a query in, and under it what is wrong or how many match."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.line import TextLine

if TYPE_CHECKING:
    from tailboard_tui.store.model import RunRow
    from tailboard_tui.store.query_completion import Completions

HISTORY_LIMIT = 50
OFFERS_SHOWN = 12

HINT = (
    "Tab completes  word  tag:x  status:running  lr >= 1e-3  val/loss.min < 0.3  since:2h  ~regex  not or ( )"
)


class RunFilter(Vertical):
    """Shown while it holds a query or is typed in."""

    DEFAULT_CSS = """
    RunFilter { height: auto; display: none; }
    RunFilter.-shown { display: block; }
    RunFilter Input { height: 1; border: none; padding: 0 1; }
    RunFilter TextLine { height: 1; padding: 0 1; color: $text-dim; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "clear"),
        Binding("up", "older", "history"),
        Binding("down", "newer", "newer", show=False),
        Binding("tab", "complete(1)", "complete"),
        Binding("shift+tab", "complete(-1)", "complete", show=False),
    ]

    class FilterChanged(Message):
        """The runs to list are others; None lists all."""

        def __init__(self, predicate: Callable[[RunRow], bool] | None) -> None:
            super().__init__()
            self.predicate = predicate

        def can_replace(self, message: Message) -> bool:
            """Only the newest query matters."""
            return isinstance(message, RunFilter.FilterChanged)

    class FilterLeft(Message):
        """The user is done typing."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        rows: Callable[[], Sequence[RunRow]] = tuple,
    ) -> None:
        """Args: rows: The runs whose keys and values Tab offers."""
        super().__init__()
        self._clock = clock
        self._rows = rows
        self._offered: tuple[str, Completions, str, int] | None = None
        self.history: list[str] = []
        """Queries that were entered, the newest last."""
        self._place = 0
        self._text = ""

    @property
    def query_text(self) -> str:
        """The query, as typed."""
        return self._text

    def open(self) -> None:
        """Show the line and type in it."""
        self.add_class("-shown")
        self._place = len(self.history)
        self._make_line()
        self.screen.set_focus(self.query_one(Input))  # at once: what is typed next is meant for it

    def set_query(self, text: str) -> None:
        """Filter by `text`, from a saved view."""
        self.set_class(bool(text), "-shown")
        if text or self.children:
            self._make_line()
            self.call_next(self._set_text, text)

    def _make_line(self) -> None:
        """Make the line and its remark when they are first needed: not for the first paint."""
        if not self.children:
            self.mount(Input(placeholder="filter the runs", compact=True), TextLine(Content(HINT)))

    def _set_text(self, text: str) -> None:
        self.query_one(Input).value = text

    def clear(self) -> bool:
        """Take the filter away; False if there was none."""
        if not self._text and not self.has_class("-shown"):
            return False
        self._set_text("")
        self.remove_class("-shown")
        return True

    def show_count(self, listed: int, total: int) -> None:
        """Say how many runs match, unless the query is wrong."""
        if self._text and not self._problem and not self._is_offering:
            self._note(f"{listed:,} of {total:,} runs match", "$text-dim")

    @on(Input.Changed)
    def _try(self, event: Input.Changed) -> None:
        """Filter while typing. A wrong query says where it is wrong and filters nothing."""
        from tailboard_tui.store.query import compile_query

        event.stop()
        self._text = event.value.strip()
        query = compile_query(event.value)
        self._problem = query.problem is not None
        if query.problem is not None:
            at = max(query.problem.position - self.query_one(Input).scroll_offset.x, 0)
            self._note(
                " " * min(at, max(self.size.width - 30, 0)) + f"^ {clean(query.problem.message)}", "$error"
            )
        elif not self._text:
            self._note(HINT, "$text-dim")
        if self._is_offering:
            self._show_offers()
        clock = self._clock
        wanted = self._text and query.problem is None
        self.post_message(self.FilterChanged((lambda row: query.matches(row, clock())) if wanted else None))

    _problem = False

    def _note(self, text: str, style: str) -> None:
        self.query_one(TextLine).show(Content.assemble((text, style)))

    @on(Input.Submitted)
    def _enter(self, event: Input.Submitted) -> None:
        event.stop()
        if self._text:
            self.history = [*(text for text in self.history if text != self._text), self._text][
                -HISTORY_LIMIT:
            ]
        self.set_class(bool(self._text), "-shown")
        self.post_message(self.FilterLeft())

    def action_leave(self) -> None:
        """Escape: take the filter away."""
        self.clear()
        self.post_message(self.FilterLeft())

    def action_older(self) -> None:
        """The query before."""
        self._recall(self._place - 1)

    def action_newer(self) -> None:
        """The query after."""
        self._recall(self._place + 1)

    # Completion

    @property
    def _is_offering(self) -> bool:
        """Whether what stands in the line is what Tab put there last."""
        line = self.query_one(Input)
        return self._offered is not None and line.value[: line.cursor_position] == self._completed

    @property
    def _completed(self) -> str:
        """The query up to the cursor with the completion that is offered now."""
        assert self._offered is not None
        before, found, _, place = self._offered
        return before[: found.start] + found.texts[place]

    def action_complete(self, by: int) -> None:
        """Put the next thing that can stand here: a key, or a value that the key takes."""
        from tailboard_tui.store.query_completion import completions

        line = self.query_one(Input)
        if self._is_offering and self._offered is not None:
            before, found, behind, place = self._offered
            self._offered = before, found, behind, (place + by) % len(found.texts)
        else:
            before, behind = line.value[: line.cursor_position], line.value[line.cursor_position :]
            found = completions(before, self._rows(), self._clock())
            if not found.texts:
                return
            self._offered = before, found, behind, 0
        line.value = self._completed + self._offered[2]
        line.cursor_position = len(self._completed)
        self._show_offers()

    def _show_offers(self) -> None:
        if self._offered is not None:
            _, found, _, place = self._offered
            chosen, rest = found.texts[place], found.texts[place + 1 :] + found.texts[:place]
            more = "  ".join(clean(text, 40) for text in rest[:OFFERS_SHOWN])
            self.query_one(TextLine).show(
                Content.assemble((clean(chosen, 60), "$accent"), (f"  {more}", "$text-dim"))
            )

    def _recall(self, place: int) -> None:
        self._place = max(0, min(place, len(self.history)))
        line = self.query_one(Input)
        line.value = self.history[self._place] if self._place < len(self.history) else ""
        line.cursor_position = len(line.value)
