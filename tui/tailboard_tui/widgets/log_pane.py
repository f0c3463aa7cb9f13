"""The output of a run: follows, pauses when scrolled, searches, filters, and knows errors and times."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from tailboard_tui.actions import bindings
from tailboard_tui.formats.base import LogFile
from tailboard_tui.store.logsession import LogSession
from tailboard_tui.store.logstate import Answer, Jump, LogState, Published, RowsRead
from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.line import TextLine
from tailboard_tui.widgets.log_detail import LogDetail
from tailboard_tui.widgets.log_header import header
from tailboard_tui.widgets.log_overview import LogOverview
from tailboard_tui.widgets.log_view import SIDE_CELLS, LogView
from tailboard_tui.widgets.selection import Selection, ShownRun

NO_OUTPUT = (
    "This run has no output.\n\n"
    "The logger keeps what Python prints; `tailboard run -- COMMAND` keeps everything that a program prints."
)


class LogPrompt(Input):
    """The line in which a search, a filter or a time is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back", show=False)]

    class Left(Message):
        """The user is done without entering."""

    def action_leave(self) -> None:
        """Escape."""
        self.post_message(self.Left())


class LogPane(Widget):
    """The log files of one run, one at a time."""

    DEFAULT_CSS = """
    LogPane {
        layout: vertical;
        & #log-header { height: 1; padding: 0 1; }
        & #log-body { height: 1fr; }
        & #log-hint { display: none; padding: 1 3; height: 1fr; color: $text-dim; }
        & #log-note { display: none; height: 1; padding: 0 1; color: $text-dim; }
        & LogPrompt { display: none; height: 1; border: none; padding: 0 1; }
        &.-empty #log-body { display: none; }
        &.-empty #log-hint { display: block; }
        &.-noted #log-note { display: block; }
        &.-typing LogPrompt { display: block; }
    }
    """
    BINDINGS = bindings("log")

    class Read(Message):
        """The session's thread has something to show."""

        def __init__(self, session: LogSession, published: Published) -> None:
            super().__init__()
            self.session = session
            self.published = published

    class ShowInCharts(Message):
        """The charts are to show the moment at which a line was printed."""

        def __init__(self, moment: float) -> None:
            super().__init__()
            self.moment = moment
            """Unix seconds."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.files: tuple[LogFile, ...] = ()
        self._number = 0
        self._session: LogSession | None = None
        self._state = LogState()
        self._enter: Callable[[str], None] | None = None

    def compose(self) -> ComposeResult:
        """Header, rows and overview, remark, prompt."""
        yield TextLine(id="log-header")
        with Horizontal(id="log-body"):
            yield LogView()
            yield LogOverview()
        yield LogDetail()
        yield TextLine(id="log-hint")
        yield TextLine(id="log-note")
        yield LogPrompt(compact=True)

    def on_mount(self) -> None:
        """Show the files given before."""
        self._start()

    def on_resize(self) -> None:
        """The header fits its width."""
        self._show_header()

    def on_unmount(self) -> None:
        """End the thread."""
        self._end()

    # What is shown

    def show(self, shown: Selection | ShownRun | None) -> None:
        """Show the output of the run under the cursor."""
        run = shown.current if isinstance(shown, Selection) else shown
        self.open_files(run.row.facts.log_files if run is not None else ())

    def go_back(self) -> bool:
        """Leave the selection of lines, or else the search."""
        if self.view.selected_from is not None:
            self.view.select(None)
        elif self._state.search:
            self._search("")
        else:
            return False
        self._note("")
        return True

    def open_files(self, files: tuple[LogFile, ...]) -> None:
        """Show these files, the first of them first; nothing happens when they are shown already."""
        if files == self.files and (self._session is not None or not files):
            return
        keeps = bool(self.files) and self.files[self._number] in files
        self._number = files.index(self.files[self._number]) if keeps else 0
        same = keeps and self._session is not None and files[self._number] == self.files[self._number]
        self.files = files
        if same and self._session is not None:
            self._session.files = files
            self._show_header()
        elif self.is_mounted:
            self._start()

    @property
    def view(self) -> LogView:
        """The rows."""
        return self.query_one(LogView)

    def _start(self) -> None:
        """A new session for the files."""
        self._end()
        self.view.clear()
        self._state = LogState()
        self._note("")
        if self.files:
            session = LogSession(self.files, lambda published: self._receive(session, published))
            self._session = session
            session.open(self._number)
            self.run_worker(session.work, name="log", group="log", thread=True, exclusive=False)
        self._show_header()
        self._show_hint()

    def _receive(self, session: LogSession, published: Published) -> None:
        self.post_message(self.Read(session, published))

    def _end(self) -> None:
        if self._session is not None:
            self._session.close()
        self._session = None

    @on(Read)
    def _take_in(self, message: Read) -> None:
        message.stop()
        if message.session is not self._session:
            return
        published = message.published
        if isinstance(published, LogState):
            self._state = published
            self.view.show_state(published)
            self._show_header()
            self._show_hint()
            self._show_search()
        elif isinstance(published, RowsRead):
            self.view.show_rows(published)
        elif isinstance(published, Jump):
            self._jump(published)
        else:
            self._answer(published)

    def _jump(self, jump: Jump) -> None:
        if jump.generation != self._state.generation:
            return
        if jump.position is not None:
            self.view.go_to(jump.position, centre=True)
        elif jump.why:
            self._note(jump.why)

    @on(LogView.RowsWanted)
    def _want(self, message: LogView.RowsWanted) -> None:
        message.stop()
        if self._session is not None:
            self._session.want(message.first, message.end)

    @on(LogView.Moved)
    def _moved(self, message: LogView.Moved) -> None:
        message.stop()
        self._show_header()

    @on(LogOverview.PlaceChosen)
    def _go_to_place(self, message: LogOverview.PlaceChosen) -> None:
        message.stop()
        rows = self._state.end - self._state.first
        self.view.go_to(self._state.first + round(message.fraction * (rows - 1)), centre=True)

    def _show_header(self) -> None:
        if not self.is_mounted:
            return
        view, state = self.view, self._state
        rows = max(state.end - state.first, 1)
        bottom = min(view.top + view.size.height, state.end)
        self.query_one("#log-header", TextLine).show(
            header(
                state,
                max(self.size.width - 2, 0),
                below=state.end - bottom,
                line=view.cursor - state.first + 1,
                is_following=view.is_following,
                file_number=self._number,
                files=len(self.files),
            )
        )
        self.query_one(LogOverview).show(
            state.marks, (view.top - state.first) / rows, (bottom - state.first) / rows
        )

    def _show_hint(self) -> None:
        """What stands in place of the rows, where there are none."""
        state = self._state
        text = ""
        if not self.files:
            text = NO_OUTPUT
        elif state.error and not state.is_open:
            path = clean(self.files[self._number].path)
            text = f"{path}\n\ncannot be read: {clean(state.error)}. It is shown as soon as it can."
        elif state.is_open and state.first == state.end:
            text = self._empty_text()
        self.set_class(bool(text), "-empty")
        self.query_one("#log-hint", TextLine).show(Content(text))

    def _empty_text(self) -> str:
        if self._state.filters:
            searched = "" if self._state.indexed == 1 else " yet"
            return f"No line matches the filter{searched}.\n\n& and an empty line take it away."
        return "Nothing printed yet."

    def _note(self, text: str, style: str = "$text-dim") -> None:
        self.set_class(bool(text), "-noted")
        self.query_one("#log-note", TextLine).show(Content.assemble((text, style)))

    # Search and filters

    def _show_search(self) -> None:
        state = self._state
        if not state.search:
            return
        if state.search_error:
            self._note(clean(state.search_error), "$error")
            return
        found = f"{state.search_count:,} line{'' if state.search_count == 1 else 's'} match"
        found += "es" if state.search_count == 1 else ""
        if state.search_fraction < 1:
            found += f", {state.search_fraction * 100:.0f}% searched"
        self._note(f"/{clean(state.search, 80)}   {found}")

    def _ask(self, hint: str, value: str, enter: Callable[[str], None]) -> None:
        """Let the user type a line; `enter` is called with it."""
        self._enter = enter
        prompt = self.query_one(LogPrompt)
        prompt.placeholder = hint
        prompt.value = value
        self.add_class("-typing")
        prompt.focus()

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

    def action_search_log(self) -> None:
        """Type what to look for."""
        self._ask("text, or ~regex; capitals make it case-sensitive", self._state.search, self._search)

    def _search(self, typed: str) -> None:
        if self._session is not None:
            self._session.search(typed)
            self._note("")
            if typed:
                self._session.find(self.view.cursor + 1, forward=False)

    def action_next_match(self) -> None:
        """Down to the next match."""
        if self._session is not None:
            self._session.find(self.view.cursor, forward=True)

    def action_previous_match(self) -> None:
        """Up to the match before."""
        if self._session is not None:
            self._session.find(self.view.cursor, forward=False)

    def action_next_error(self) -> None:
        """Down to the next error."""
        if self._session is not None:
            self._session.find_error(self.view.cursor, forward=True)

    def action_previous_error(self) -> None:
        """Up to the error before."""
        if self._session is not None:
            self._session.find_error(self.view.cursor, forward=False)

    def action_filter_log(self) -> None:
        """Type which lines to show."""
        self._ask(
            "lines to show: text, ~regex, !hide; separate several by  &  ; empty shows all",
            " & ".join(self._state.filters),
            self._filter,
        )

    def _filter(self, typed: str) -> None:
        if self._session is not None:
            filters = tuple(part.strip() for part in typed.split(" & ") if part.strip())
            self._apply_filters(filters, is_folded=self._state.is_folded)

    def _apply_filters(self, filters: tuple[str, ...], *, is_folded: bool) -> None:
        if self._session is not None:
            stay_at = None if self.view.is_following else self.view.cursor
            self._session.filter(filters, is_folded=is_folded, stay_at=stay_at)

    def action_fold_tracebacks(self) -> None:
        """Of tracebacks only the first line and the exception, or all."""
        self._apply_filters(self._state.filters, is_folded=not self._state.is_folded)

    # Moving

    def action_log_down(self) -> None:
        """One line down."""
        self.view.move(1)

    def action_log_up(self) -> None:
        """One line up."""
        self.view.move(-1)

    def action_log_left(self) -> None:
        """Scroll to the left."""
        self.view.scroll_sideways(-SIDE_CELLS)

    def action_log_right(self) -> None:
        """Scroll to the right."""
        self.view.scroll_sideways(SIDE_CELLS)

    def action_log_page_down(self) -> None:
        """One page down."""
        self.view.page(1)

    def action_log_page_up(self) -> None:
        """One page up."""
        self.view.page(-1)

    def action_log_first(self) -> None:
        """To the first line."""
        self.view.go_to(self._state.first)

    def action_log_last(self) -> None:
        """To the last line, and follow."""
        self.view.follow(True)

    def action_follow_log(self) -> None:
        """Follow the end, or stay here."""
        self.view.follow(not self.view.is_following)

    def action_wrap_log(self) -> None:
        """Wrap long lines, or cut them."""
        self.view.wrap(not self.view.is_wrapped)

    def action_raw_log(self) -> None:
        """Every update of a progress bar, or its last."""
        if self._session is not None:
            self._session.show_every_update(not self._state.is_raw)

    # What is done with lines

    def go_to_time(self, unix_s: float) -> None:
        """Show what was printed at that moment."""
        if self._session is not None:
            self._session.go_to_time(unix_s)

    def action_goto_time(self) -> None:
        """Type a time to go to."""
        self._ask("a time: 14:05, 2026-11-23 14:05:30, 10m ago", "", self._go_to_typed_time)

    def _go_to_typed_time(self, typed: str) -> None:
        if self._session is not None and typed.strip():
            self._session.go_to_typed_time(typed)

    def action_show_in_charts(self) -> None:
        """Ask for the time of the cursor's line; the charts are asked when it is known."""
        if self._session is not None:
            self._session.ask_time(self.view.cursor)

    def action_select_lines(self) -> None:
        """Begin or end a selection at the cursor."""
        view = self.view
        if view.selected_from is None:
            view.select(view.cursor)
            self._note("move to select lines, then y copies or W saves them")
        else:
            view.select(None)
            self._note("")

    def action_copy_lines(self) -> None:
        """Copy the selection or the cursor's line."""
        if self._session is not None:
            self._session.copy(self.view.selection)

    def action_save_log(self) -> None:
        """Type the file to save to."""
        if self.app.is_web:
            self._note("a browser may not write files on this machine; y copies", "$warning")
            return
        view = self.view
        rows = view.visible_rows
        shown = view.selection
        if view.selected_from is None and rows:
            shown = range(rows[0].position, rows[-1].position + 1)
        self._ask(f"save these {len(shown):,} lines to a new file", "", lambda path: self._save(shown, path))

    def _save(self, positions: range, path: str) -> None:
        if self._session is not None and path.strip():
            self._session.save(positions, path.strip())

    def action_expand_line(self) -> None:
        """Show the whole line, or every state of the bar under the cursor."""
        detail = self.query_one(LogDetail)
        if detail.display:
            self._close_detail()
        elif self._session is not None:
            self._session.ask_whole(self.view.cursor, max(self.size.width - 2, 1))

    @on(LogDetail.Closed)
    def _close_detail(self) -> None:
        self.query_one(LogDetail).display = False
        self.view.focus()

    def _answer(self, answer: Answer) -> None:
        if answer.problem:
            self._note(clean(answer.problem), "$warning")
        elif answer.question == "time" and answer.time is not None:
            self.post_message(self.ShowInCharts(answer.time))
        elif answer.question == "copy":
            self.app.copy_to_clipboard(answer.text)
            lines = answer.text.count("\n")
            self._note(f"copied {lines:,} line{'' if lines == 1 else 's'}")
            self.view.select(None)
        elif answer.question == "save":
            self._note(f"saved to {clean(answer.text, 200)}")
            self.view.select(None)
        elif answer.question == "whole":
            self.query_one(LogDetail).show(answer.lines)

    def action_open_pager(self) -> None:
        """Leave the screen to $PAGER until it ends."""
        if not self._state.path:
            return
        command = [*shlex.split(os.environ.get("PAGER") or "less"), self._state.path]
        try:
            with self.app.suspend():
                subprocess.run(command, check=False)
        except SuspendNotSupported:
            self._note("a pager needs a terminal", "$warning")
        except (OSError, ValueError) as error:
            self._note(f"{clean(command[0], 60)}: {clean(str(error))}", "$warning")
        self.app.refresh(layout=True)

    def action_switch_log(self) -> None:
        """The next file."""
        if self._session is not None and len(self.files) > 1:
            self._number = (self._number + 1) % len(self.files)
            self._session.open(self._number)
