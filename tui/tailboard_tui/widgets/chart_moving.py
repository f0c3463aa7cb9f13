"""Moving among charts and along their x axis, by keys and mouse."""

from __future__ import annotations

from dataclasses import replace

from textual import events, on

from tailboard_tui.plot.layout import Layout
from tailboard_tui.widgets.chart import Chart
from tailboard_tui.widgets.chart_board import ChartBoard, GroupHeading
from tailboard_tui.widgets.chart_page import beneath, beside, page_with, row_of
from tailboard_tui.widgets.chart_stage import ChartStage

PAN_SHARE = 0.25
"""Of its width, that a key moves the window."""


class ChartMoving(ChartStage):
    """Charts that one goes through: from one to the next, from point to point, window by window."""

    def action_move_down(self) -> None:
        """To the chart below."""
        self._focus(beneath(self._rows, self.focused_metric, 1))

    def action_move_up(self) -> None:
        """To the chart above."""
        self._focus(beneath(self._rows, self.focused_metric, -1))

    def action_move_left(self) -> None:
        """To the chart on the left; the cursor or, at full size, the window to the left."""
        self._sideways(-1)

    def action_move_right(self) -> None:
        """To the chart on the right; the cursor or, at full size, the window to the right."""
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
            if self.is_zoomed and self.view.window is not None:
                self._pan(PAN_SHARE * by)
                return
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

    def action_zoom_chart(self) -> None:
        """The focused chart alone at full size, and back to the same place."""
        self.is_zoomed = not self.is_zoomed and self.focused_metric is not None
        self._redraw()

    # The window of x

    def action_zoom_window(self) -> None:
        """Half of the window, around the cursor or at its newest end."""
        self._zoom(self.view.cursor, 0.5)

    def action_pan_left(self) -> None:
        """The window a quarter of its width to the left."""
        self._pan(-PAN_SHARE)

    def action_pan_right(self) -> None:
        """The window a quarter of its width to the right."""
        self._pan(PAN_SHARE)

    def _pan(self, by: float) -> None:
        extent = self.content.extent(self.query_one(ChartBoard).metrics, self.view)
        if extent is not None:
            self._look_at(self.view.panned(extent, by))

    def action_reset_window(self) -> None:
        """All of x, and free y axes."""
        self._change(window=None, y_ranges=())

    def _zoom(self, around: float | None, factor: float) -> None:
        extent = self.content.extent(self.query_one(ChartBoard).metrics, self.view)
        if extent is not None:
            self._look_at(self.view.closer(extent, around, factor))

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
