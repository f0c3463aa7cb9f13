"""The output of a run: follows, pauses when scrolled, searches, filters, and knows errors and times."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message

from tailboard_tui.actions import bindings
from tailboard_tui.formats.base import LogFile
from tailboard_tui.store.logsession import LogSession
from tailboard_tui.store.logstate import Answer, Jump, LogState, Published, RowsRead
from tailboard_tui.text.safe import clean
from tailboard_tui.text.units import moment
from tailboard_tui.widgets.line import TextLine
from tailboard_tui.widgets.log_detail import LogDetail
from tailboard_tui.widgets.log_finding import LogFinding
from tailboard_tui.widgets.log_header import header
from tailboard_tui.widgets.log_moving import LogMoving
from tailboard_tui.widgets.log_overview import LogOverview
from tailboard_tui.widgets.log_prompt import LogPrompt
from tailboard_tui.widgets.log_taking import LogTaking
from tailboard_tui.widgets.log_view import LogView
from tailboard_tui.widgets.selection import Selection, ShownRun

NO_OUTPUT = (
    "This run has no output.\n\n"
    "The logger keeps what Python prints; `tailboard run -- COMMAND` keeps everything that a program prints."
)


class LogPane(LogMoving, LogFinding, LogTaking):
    """The log files of one run, one at a time or all merged by time."""

    DEFAULT_CSS = """
    LogPane {
        layout: vertical;
        & #log-header { height: 1; padding: 0 1; }
        & #log-body { height: 1fr; }
        & #log-hint { display: none; padding: 1 3; height: 1fr; color: $text-dim; }
        & #log-note { display: none; height: 1; padding: 0 1; color: $text-dim; }
        & LogPrompt { display: none; height: 1; border: none; padding: 0 1; }
        &.-empty #log-body { height: 1; }
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
        self._when: tuple[int, float | None] = (0, None)

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
        is_merged = bool(self.files) and self._number == len(self.files) and len(files) > 1
        shown = self.files[self._number] if self._number < len(self.files) else None
        self._number = len(files) if is_merged else files.index(shown) if shown in files else 0
        same = shown in files and self._session is not None
        self.files = files
        if same and self._session is not None:
            self._session.files = files
            self._show_header()
        elif self.is_mounted:
            self._start()

    def _start(self) -> None:
        """A new session for the files."""
        self._end()
        self.view.clear()
        self._state = LogState()
        self._awaits_jump, self._awaits_view = False, "no"
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
            if published.generation != self._state.generation:
                self._awaits_jump = False
                if self._awaits_view == "rows":
                    self._awaits_view = "no"
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
        self._awaits_jump, self._awaits_view = False, "no"
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
        if self._session is not None and not self.view.is_following and self._when[0] != self.view.cursor:
            self._session.ask_time(self.view.cursor, "when")
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
                when=self._when[1] if self._when[0] == view.cursor else None,
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
            path = clean(state.path)
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

    # What is done with lines

    def action_raw_log(self) -> None:
        """Every update of a progress bar, or its last."""
        if self._session is not None:
            self._session.show_every_update(not self._state.is_raw)

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
        elif answer.question == "when":
            self._when = answer.position, answer.time
            self._show_header()
        elif answer.question == "copy_time":
            self.app.copy_to_clipboard(moment(answer.time))
            self._note(f"copied {moment(answer.time)}")
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

    def action_switch_log(self) -> None:
        """The next file; after the last one all of them by time."""
        if self._session is not None and len(self.files) > 1:
            self._number = (self._number + 1) % (len(self.files) + 1)
            self._session.open(self._number)
