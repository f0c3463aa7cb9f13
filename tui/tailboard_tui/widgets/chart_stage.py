"""The charts of the shown runs, brought up to date: what is visible is drawn, what changed is drawn again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input, Static

from tailboard_tui.plot.spec import Look
from tailboard_tui.widgets import narrow_update
from tailboard_tui.widgets.chart import Chart
from tailboard_tui.widgets.chart_bar import ChartBar
from tailboard_tui.widgets.chart_board import ChartBoard
from tailboard_tui.widgets.chart_content import ChartContent, Stream
from tailboard_tui.widgets.chart_figure import ChartFigure
from tailboard_tui.widgets.chart_lines import Job, Prepared, prepare
from tailboard_tui.widgets.chart_look import look_of
from tailboard_tui.widgets.chart_page import (
    Group,
    Page,
    PageRow,
    Slot,
    column_count,
    groups,
    page_rows,
    place,
)
from tailboard_tui.widgets.chart_readout import ChartReadout
from tailboard_tui.widgets.chart_view import ChartView, PatternError, matcher
from tailboard_tui.widgets.figure_content import Figure, figures
from tailboard_tui.widgets.pace import Pace
from tailboard_tui.widgets.selection import Selection

REDRAW_INTERVAL_S = 0.35
"""Live charts are drawn at most three times a second: that looks continuous, and a slow line carries it.
What a key asks for is drawn at once."""


class ChartStage(Vertical, can_focus=True):
    """Charts of metrics, drawn as the view says. The keys are those of `ChartGrid`."""

    DEFAULT_CSS = """
    ChartStage { height: 1fr; }
    ChartStage > Input { display: none; height: 1; border: none; padding: 0 1; }
    ChartStage > #state { display: none; height: 1fr; padding: 1 2; }
    ChartStage.-empty > #state { display: block; }
    ChartStage.-empty > ChartBoard, ChartStage.-figure > ChartBoard { display: none; }
    ChartStage.-figure > ChartFigure { display: block; }
    """
    view: reactive[ChartView] = reactive(ChartView())
    """How the charts are looked at. Set it to restore what was kept; `ViewChanged` tells of changes."""

    class ViewChanged(Message, namespace="chart_grid"):
        """The user changed the view."""

        def __init__(self, view: ChartView) -> None:
            super().__init__()
            self.view = view

    class CursorMoved(Message, namespace="chart_grid"):
        """The read-out stands elsewhere; on nothing if x is None."""

        def __init__(self, x: float | None, moment: float | None) -> None:
            super().__init__()
            self.x = x
            self.moment = moment
            """Unix seconds of the current run's point there."""

    def __init__(self, *, stream: Stream = "metrics", view: ChartView | None = None) -> None:
        super().__init__()
        self.set_reactive(ChartStage.view, view or ChartView())
        self.content = ChartContent(stream)
        self.focused_metric: str | None = None
        self.is_zoomed = False
        self.figure: Figure | None = None
        """What is shown in the place of the charts."""
        self._first = 0
        self._page = Page((), 0, 0)
        self._rows: list[PageRow] = []
        self._columns = 1
        self._is_preparing = False
        self._is_first_look = False
        """Whether lines are prepared that were not seen before: they are drawn as soon as all are ready."""
        self._state_text = ""
        self._stale: deque[tuple[Slot, Chart]] = deque()
        """Charts on screen that may show less than what is known."""
        self._is_drawing = False
        """Whether the next one's turn is waited for."""
        self._pace = Pace(self, REDRAW_INTERVAL_S, self._redraw)

    def compose(self) -> ComposeResult:
        """Line of names and state, charts, read-out, what is typed."""
        yield ChartBar()
        yield ChartBoard()
        yield ChartFigure()
        yield Static(id="state")
        yield ChartReadout()
        yield Input(placeholder="text, glob* or ~regex", id="filter")
        yield Input(placeholder="ends of the y axis: 0 1; nothing lets it follow the points", id="y-range")

    def on_mount(self) -> None:
        """Send little to the terminal while points arrive."""
        narrow_update.install()

    # What is shown

    def show(self, selection: Selection) -> None:
        """Show these runs; see `selection.Pane`."""
        self.content.take(selection)
        self._pace.request()

    def show_moment(self, moment: float) -> None:
        """Put the cursor where the charts were at that Unix time."""
        x = self.content.x_at(moment, self.view)
        if x is not None:
            self._change(cursor=x)

    def on_show(self) -> None:
        """Draw what came while the pane was hidden."""
        self._redraw()

    def watch_view(self, old: ChartView, new: ChartView) -> None:
        """Draw by the new view, and tell of a moved cursor."""
        if not self.is_mounted:
            return
        self._redraw()
        if old.cursor != new.cursor:
            metric = self.focused_metric
            when = self.content.moment(metric, new) if metric is not None and new.cursor is not None else None
            self.post_message(self.CursorMoved(new.cursor, when))

    def _change(self, **changes: object) -> None:
        self._look_at(replace(self.view, **changes))  # type: ignore[arg-type]  # names are fields of ChartView

    def _look_at(self, view: ChartView) -> None:
        if view != self.view:
            self.view = view
            self.post_message(self.ViewChanged(view))

    # Drawing

    def _redraw(self) -> None:
        """Bring everything visible up to date; what has not changed costs next to nothing."""
        if not self.is_mounted or not self.display or not self.size:
            return
        board = self.query_one(ChartBoard)
        names = self.content.metrics()
        shown, problem = self._matching(names)
        self._say_state(names, shown)
        found = groups(shown, self.view.pinned)
        self._place(found, board)
        look = look_of(self.app, is_ascii=self._is_ascii)
        for slot, heading in board.headings:
            group = slot.row.group
            is_folded = group.name in self.view.folded
            heading.show(group.name, len(group.metrics), look, is_folded=is_folded)
        self._show_readout(look)
        self._show_figure(look)
        count = problem or (f"{len(shown)} of {len(names)}" if len(shown) < len(names) else "")
        self.query_one(ChartBar).show(self.content.selection.runs, self.view, count, look)
        self._stale = deque(sorted(board.charts, key=lambda item: item[0].metric != self.focused_metric))
        if not self._is_drawing:
            self._draw_next()

    def _draw_next(self) -> None:
        """Draw one stale chart, the focused one first, and come back for the others.

        Between two of them the event loop has its turn: a key waits for one chart, and the redraw that it
        asks for takes the place of what is left of this one.
        """
        self._is_drawing = False
        if not self._stale or not self.is_mounted:
            return
        slot, chart = self._stale.popleft()
        assert slot.metric is not None
        spec = self.content.spec(
            slot.metric,
            self.view,
            extent=self.content.shared_extent(self.query_one(ChartBoard).metrics, self.view),
            is_focused=slot.metric == self.focused_metric and self.has_focus,
            is_full=self.is_zoomed,
        )
        chart.wheel_zooms = self.is_zoomed
        chart.show(slot.metric, spec, look_of(self.app, is_ascii=self._is_ascii))
        if self._stale:
            self._is_drawing = self.call_later(self._draw_next)
        else:
            self._prepare_waiting()

    @property
    def _is_ascii(self) -> bool:
        settings = getattr(self.app, "settings", None)
        return bool(getattr(settings, "ascii", False))

    def _matching(self, names: list[str]) -> tuple[list[str], str]:
        """The metrics that are to be shown, and what is wrong with the filter."""
        problem = ""
        try:
            matches: Callable[[str], bool] = matcher(self.view.pattern)
        except PatternError as error:
            matches, problem = (lambda name: True), str(error)
        hidden = frozenset() if self.view.shows_hidden else self.view.hidden
        return [name for name in names if matches(name) and name not in hidden], problem

    def _place(self, found: list[Group], board: ChartBoard) -> None:
        """Choose the rows on the page and put the charts there."""
        ordered = [name for group in found for name in group.metrics]
        if self.focused_metric not in ordered:
            self.focused_metric = ordered[0] if ordered else None
        width, height = board.size.width or self.size.width, board.size.height or self.size.height - 1
        if self.is_zoomed and self.focused_metric is not None:
            group = next(group for group in found if self.focused_metric in group.metrics)
            row = PageRow(group, (self.focused_metric,))
            board.place([Slot(row, self.focused_metric, 0, 0, width, height)])
            return
        sizes = [len(group.metrics) for group in found if group.name not in self.view.folded]
        self._columns = column_count(width, sizes, self.view.columns)
        self._rows = page_rows(found, self._columns, self.view.folded)
        self._page = place(self._rows, self._first, self._columns, width, height)
        board.place(self._page.slots)

    def _say_state(self, names: list[str], shown: list[str]) -> None:
        """What there is to say where there is no chart."""
        runs = self.content.selection.runs
        text = ""
        if not runs:
            text = "No run is selected."
        elif not names:
            is_reading = any(not run.row.is_read for run in runs)
            text = "Reading …" if is_reading else self._nothing_logged()
        elif not shown:
            text = "No metric matches. Esc clears the filter, H shows hidden charts."
        if text != self._state_text:  # setting it lays the whole screen out again
            self._state_text = text
            self.set_class(bool(text), "-empty")
            self.query_one("#state", Static).update(Content(text))

    def _nothing_logged(self) -> str:
        rows = [run.row for run in self.content.selection.runs]
        is_live = any(row.status in ("running", "stalled") for row in rows)
        text = "No metrics yet." if is_live else "No metrics were logged."
        if any(row.facts.problems for row in rows):
            text += " What could not be read stands under Info."
        return (
            f"{text} What was printed stands under Log." if any(row.facts.log_files for row in rows) else text
        )

    def _show_figure(self, look: Look) -> None:
        runs, metric = self.content.selection.runs, self.focused_metric
        if self.figure not in figures([run.row for run in runs]) or metric is None or len(runs) < 2:
            self.figure = None
        self.set_class(self.figure is not None, "-figure")
        if self.figure is not None and metric is not None:
            self.query_one(ChartFigure).show(metric, self.figure, runs, look)

    def _show_readout(self, look: Look) -> None:
        table = self.query_one(ChartReadout)
        rows = self.content.readout(self.focused_metric, self.view) if self.focused_metric else []
        if rows and self.focused_metric is not None:
            table.show(self.focused_metric, rows, look)
        else:
            table.hide()

    # Long lines are prepared in a thread

    def _prepare_waiting(self) -> None:
        if self._is_preparing or not self.content.lines.waiting:
            return
        self._is_preparing = True
        jobs = deque(self.content.lines.waiting.values())
        self.run_worker(lambda: self._prepare(jobs), thread=True, group="lines")

    def _prepare(self, jobs: deque[Job]) -> None:
        """In the thread: make one line after the other, so that what each replaces can go at once."""
        while jobs:
            job = jobs.popleft()
            self.app.call_from_thread(self._take_prepared, job, prepare(job), is_last=not jobs)

    def _take_prepared(self, job: Job, line: Prepared | None, *, is_last: bool) -> None:
        if any(run.row.key == job.key.run for run in self.content.selection.runs):
            self.content.lines.put(job, line)
        self._is_preparing = not is_last
        self._is_first_look |= job.old is None
        if is_last and self._is_first_look:
            self._is_first_look = False
            self._redraw()
        else:
            self._pace.request()
