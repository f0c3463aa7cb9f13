"""The charts of the shown runs: a grid by groups, one at full size, and a cursor that all of them share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input, Static

from tailboard_tui.actions import bindings
from tailboard_tui.plot.chart import Layout
from tailboard_tui.plot.smooth import Smoothing
from tailboard_tui.plot.spec import Look
from tailboard_tui.widgets import narrow_update
from tailboard_tui.widgets.chart import Chart
from tailboard_tui.widgets.chart_bar import ChartBar
from tailboard_tui.widgets.chart_board import ChartBoard, GroupHeading
from tailboard_tui.widgets.chart_content import ChartContent, Stream
from tailboard_tui.widgets.chart_lines import Job, Prepared, prepare
from tailboard_tui.widgets.chart_look import look_of
from tailboard_tui.widgets.chart_page import (
    Group,
    Page,
    PageRow,
    Slot,
    beneath,
    beside,
    column_count,
    groups,
    page_rows,
    page_with,
    place,
    row_of,
)
from tailboard_tui.widgets.chart_readout import ChartReadout
from tailboard_tui.widgets.chart_view import MOST_COLUMNS, ChartView, PatternError, matcher
from tailboard_tui.widgets.pace import Pace
from tailboard_tui.widgets.selection import Selection

REDRAW_INTERVAL_S = 0.25
"""Live charts are drawn at most four times a second: it looks continuous, and a slow line carries it.
What a key asks for is drawn at once."""


class ChartGrid(Vertical, can_focus=True):
    """Charts of metrics. `show` gives it the runs, `view` is how it looks at them."""

    DEFAULT_CSS = """
    ChartGrid { height: 1fr; }
    ChartGrid > Input { display: none; height: 1; border: none; padding: 0 1; }
    ChartGrid > #state { display: none; height: 1fr; padding: 1 2; }
    ChartGrid.-empty > #state { display: block; }
    ChartGrid.-empty > ChartBoard { display: none; }
    """
    BINDINGS = bindings("charts")

    view: reactive[ChartView] = reactive(ChartView())
    """How the charts are looked at. Set it to restore what was kept; `ViewChanged` tells of changes."""

    class ViewChanged(Message):
        """The user changed the view."""

        def __init__(self, view: ChartView) -> None:
            super().__init__()
            self.view = view

    class CursorMoved(Message):
        """The read-out stands elsewhere; on nothing if x is None."""

        def __init__(self, x: float | None, moment: float | None) -> None:
            super().__init__()
            self.x = x
            self.moment = moment
            """Unix seconds of the current run's point there."""

    class ShowInLog(Message):
        """The log is to be shown where it was at that Unix time."""

        def __init__(self, moment: float) -> None:
            super().__init__()
            self.moment = moment

    def __init__(self, *, stream: Stream = "metrics", view: ChartView | None = None) -> None:
        super().__init__()
        self.set_reactive(ChartGrid.view, view or ChartView())
        self.content = ChartContent(stream)
        self.focused_metric: str | None = None
        self.is_zoomed = False
        self._first = 0
        self._page = Page((), 0, 0)
        self._rows: list[PageRow] = []
        self._columns = 1
        self._is_preparing = False
        self._pace = Pace(self, REDRAW_INTERVAL_S, self._redraw)

    def compose(self) -> ComposeResult:
        """Line of names and state, charts, read-out, filter."""
        yield ChartBar()
        yield ChartBoard()
        yield Static(id="state")
        yield ChartReadout()
        yield Input(placeholder="text, glob* or ~regex")

    def on_mount(self) -> None:
        """Send little to the terminal while points arrive."""
        narrow_update.install()

    # What is shown

    def show(self, selection: Selection) -> None:
        """Show these runs; see `selection.Pane`."""
        self.content.take(selection)
        self._pace.request()

    def go_back(self) -> bool:
        """Leave the filter's input, the read-out, the full size, or the filter, in that order."""
        field = self.query_one(Input)
        if field.display:
            self._close_filter()
        elif self.view.cursor is not None:
            self._change(cursor=None)
        elif self.is_zoomed:
            self.is_zoomed = False
            self._redraw()
        elif self.view.pattern:
            self._change(pattern="")
        else:
            return False
        return True

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
        extent = self.content.extent(board.metrics, self.view) if self.view.x_kind != "index" else None
        for slot, chart in board.charts:
            assert slot.metric is not None
            is_focused = slot.metric == self.focused_metric and self.has_focus
            spec = self.content.spec(
                slot.metric, self.view, extent=extent, is_focused=is_focused, is_full=self.is_zoomed
            )
            chart.wheel_zooms = self.is_zoomed
            chart.show(slot.metric, spec, look)
        self._show_readout(look)
        count = problem or (f"{len(shown)} of {len(names)}" if len(shown) < len(names) else "")
        self.query_one(ChartBar).show(self.content.selection.runs, self.view, count, look)
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
        self.set_class(bool(text), "-empty")
        self.query_one("#state", Static).update(Content(text))

    def _nothing_logged(self) -> str:
        return "No metrics yet."

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
        jobs = list(self.content.lines.waiting.values())
        self.run_worker(lambda: self._prepare(jobs), thread=True, group="lines")

    def _prepare(self, jobs: list[Job]) -> None:
        """In the thread: make each line, and hand all of them over at once."""
        done = [(job, prepare(job)) for job in jobs]
        self.app.call_from_thread(self._take_prepared, done)

    def _take_prepared(self, done: list[tuple[Job, Prepared | None]]) -> None:
        self._is_preparing = False
        shown = {run.row.key for run in self.content.selection.runs}
        for job, line in done:
            if job.key.run in shown:
                self.content.lines.put(job, line)
        self._pace.request()

    # Moving

    def action_move_down(self) -> None:
        """To the chart below."""
        self._focus(beneath(self._rows, self.focused_metric, 1))

    def action_move_up(self) -> None:
        """To the chart above."""
        self._focus(beneath(self._rows, self.focused_metric, -1))

    def action_move_left(self) -> None:
        """To the chart on the left, or the cursor to the left."""
        self._sideways(-1)

    def action_move_right(self) -> None:
        """To the chart on the right, or the cursor to the right."""
        self._sideways(1)

    def action_first_chart(self) -> None:
        """To the first chart, or the first point."""
        self._to_end(0)

    def action_last_chart(self) -> None:
        """To the last chart, or the last point."""
        self._to_end(1)

    def action_page_charts_down(self) -> None:
        """One page on."""
        if not self.is_zoomed and self._page.end < len(self._rows):
            self._first = self._page.end
            self._focus(beside(self._rows[self._page.end :], None, 0))
        else:
            self._focus(beside(self._rows, self.focused_metric, 1))

    def action_page_charts_up(self) -> None:
        """One page back."""
        if not self.is_zoomed and self._page.first > 0:
            self._first = max(self._page.first - (self._page.end - self._page.first), 0)
            self._focus(beside(self._rows[self._first :], None, 0))
        else:
            self._focus(beside(self._rows, self.focused_metric, -1))

    def _focus(self, metric: str | None) -> None:
        """Go to that chart, turning pages so that it is seen."""
        self.focused_metric = metric
        if not self.is_zoomed and self._rows:
            size = self.query_one(ChartBoard).size
            row = row_of(self._rows, metric)
            self._first = page_with(
                self._rows, row, self._first, self._columns, size.width, size.height
            ).first
        self._redraw()

    def _sideways(self, by: int) -> None:
        if self.view.cursor is None:
            self._focus(beside(self._rows, self.focused_metric, by))
            return
        place = self._layout_of_focused()
        if place is None or self.focused_metric is None:
            return
        cell = place.x_at(place.left + 1) - place.x_at(place.left)
        x = self.content.step_cursor(self.focused_metric, self.view, cell, by)
        if x is not None:
            self._look_at(replace(self.view.around(x), cursor=x))

    def _layout_of_focused(self) -> Layout | None:
        for slot, chart in self.query_one(ChartBoard).charts:
            if slot.metric == self.focused_metric:
                return chart.place
        return None

    def _to_end(self, which: int) -> None:
        if self.view.cursor is None:
            names = [name for row in self._rows for name in row.metrics]
            self._focus(names[-which] if names else None)
        elif self.focused_metric is not None:
            ends = self.content.extent([self.focused_metric], self.view)
            if ends is not None:
                self._look_at(replace(self.view.around(ends[which]), cursor=ends[which]))

    # Looking

    def action_zoom_chart(self) -> None:
        """The focused chart alone at full size, and back to the same place."""
        self.is_zoomed = not self.is_zoomed and self.focused_metric is not None
        self._redraw()

    def action_cycle_x_axis(self) -> None:
        """The next kind of x axis; the cursor stays at its moment."""
        metric = self.focused_metric
        when = self.content.moment(metric, self.view) if metric is not None else None
        view = self.view.with_next_x()
        if when is not None:
            view = replace(view, cursor=self.content.x_at(when, view))
        self._look_at(view)

    def action_toggle_log_y(self) -> None:
        """A logarithmic y axis for the focused chart."""
        if self.focused_metric is not None:
            self._look_at(self.view.toggled("log_y", self.focused_metric))

    def action_toggle_log_x(self) -> None:
        """A logarithmic x axis for all charts."""
        self._change(is_log_x=not self.view.is_log_x)

    def action_smooth_more(self) -> None:
        """One step stronger."""
        self._look_at(self.view.with_strength(1))

    def action_smooth_less(self) -> None:
        """One step weaker."""
        self._look_at(self.view.with_strength(-1))

    def action_smooth_none(self) -> None:
        """Points as logged."""
        self._change(smoothing=Smoothing(self.view.smoothing.method))

    def action_cycle_smoothing(self) -> None:
        """The next method."""
        self._look_at(self.view.with_next_method())

    def action_toggle_cursor(self) -> None:
        """Begin to read off at the newest point, or stop."""
        if self.view.cursor is not None or self.focused_metric is None:
            self._change(cursor=None)
            return
        ends = self.content.extent([self.focused_metric], self.view)
        if ends is not None:
            self._change(cursor=self.view.window[1] if self.view.window is not None else ends[1])

    def action_zoom_window(self) -> None:
        """Half of the window, around the cursor or at its newest end."""
        self._zoom(self.view.cursor, 0.5)

    def action_reset_window(self) -> None:
        """All of x, and free y axes."""
        self._change(window=None, y_ranges=())

    def _zoom(self, around: float | None, factor: float) -> None:
        extent = self.content.extent(self.query_one(ChartBoard).metrics, self.view)
        if extent is not None:
            self._look_at(self.view.closer(extent, around, factor))

    def action_hold_y(self) -> None:
        """Hold the y axis of the focused chart as it is, or let it follow the points again."""
        metric, place = self.focused_metric, self._layout_of_focused()
        if metric is not None and place is not None:
            held = self.view.y_range(metric) is not None
            self._look_at(self.view.with_y_range(metric, None if held else (place.y.low, place.y.high)))

    def action_toggle_outliers(self) -> None:
        """All points, or outliers left outside and overwritten points left out."""
        self._change(is_everything=not self.view.is_everything)

    def action_compare_baseline(self) -> None:
        """Read off differences from the baseline run, or plain values again."""
        is_difference = not (self.view.is_difference and self.view.cursor is not None)
        self._change(is_difference=is_difference)
        if is_difference and self.view.cursor is None:
            self.action_toggle_cursor()

    def action_toggle_band(self) -> None:
        """Groups of runs as mean and band, or every run."""
        self._change(has_bands=not self.view.has_bands)

    def action_pin_chart(self) -> None:
        """Keep the focused chart at the top, or no longer."""
        if self.focused_metric is not None:
            self._look_at(self.view.toggled("pinned", self.focused_metric))

    def action_hide_chart(self) -> None:
        """Hide the focused chart; with hidden charts shown, show it again or hide them again."""
        metric = self.focused_metric
        if metric is None or (self.view.shows_hidden and metric not in self.view.hidden):
            self._change(shows_hidden=not self.view.shows_hidden)
            return
        following = beside(self._rows, metric, 1)
        self._look_at(self.view.toggled("hidden", metric))
        self._focus(following if following != metric else beside(self._rows, None, 0))

    def action_fold_group(self) -> None:
        """Fold the group of the focused chart, or unfold all when nothing is left to see."""
        found = next((row.group.name for row in self._rows if self.focused_metric in row.metrics), None)
        if found is not None and len({row.group.name for row in self._rows}) > 1:
            self._look_at(self.view.toggled("folded", found))
        elif found is None:
            self._change(folded=frozenset())

    def action_more_columns(self) -> None:
        """One more chart side by side."""
        self._change(columns=min(self._columns + 1, MOST_COLUMNS))

    def action_fewer_columns(self) -> None:
        """One fewer."""
        self._change(columns=max(self._columns - 1, 1))

    def action_show_in_log(self) -> None:
        """Ask for the log at the cursor's moment, or at the newest point's."""
        metric = self.focused_metric
        if metric is None:
            return
        ends = self.content.extent([metric], self.view)
        view = (
            self.view if self.view.cursor is not None or ends is None else replace(self.view, cursor=ends[1])
        )
        when = self.content.moment(metric, view)
        if when is not None:
            self.post_message(self.ShowInLog(when))

    # Filter

    def action_filter_charts(self) -> None:
        """Type a filter; charts follow while typing."""
        field = self.query_one(Input)
        field.display = True
        field.value = self.view.pattern
        field.focus()

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        if self.query_one(Input).display and event.value != self.view.pattern:
            self._first = 0
            self._change(pattern=event.value)

    @on(Input.Submitted)
    def _close_filter(self) -> None:
        self.query_one(Input).display = False
        self.focus()

    # Mouse

    @on(Chart.Picked)
    def _pick(self, event: Chart.Picked) -> None:
        event.stop()
        self.focus()
        self._focus(event.metric)
        if event.is_double:
            self.action_zoom_chart()

    @on(Chart.Dragged)
    def _mark_window(self, event: Chart.Dragged) -> None:
        event.stop()
        self._look_at(replace(self.view, window=event.x).with_y_range(event.metric, event.y))

    @on(Chart.Wheeled)
    def _wheel_zoom(self, event: Chart.Wheeled) -> None:
        event.stop()
        self._zoom(event.x, 0.8 if event.is_closer else 1.25)

    @on(ChartBoard.Resized)
    def _fit_board(self, event: ChartBoard.Resized) -> None:
        event.stop()
        self._redraw()

    @on(GroupHeading.Clicked)
    def _fold(self, event: GroupHeading.Clicked) -> None:
        event.stop()
        self._look_at(self.view.toggled("folded", event.group))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Further rows."""
        self._scroll(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Earlier rows."""
        self._scroll(-1)

    def _scroll(self, by: int) -> None:
        if not self.is_zoomed and (by < 0 or self._page.end < len(self._rows)):
            self._first = max(self._page.first + by, 0)
            self._redraw()

    def on_focus(self) -> None:
        """Show which chart has the keys."""
        self._redraw()

    def on_blur(self) -> None:
        """No chart has them."""
        self._redraw()
