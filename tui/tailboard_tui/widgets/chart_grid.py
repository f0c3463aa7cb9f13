"""The charts with their keys: how they are looked at, filtered, and read off."""

from __future__ import annotations

from dataclasses import replace

from textual import on
from textual.message import Message
from textual.widgets import Input

from tailboard_tui.actions import bindings
from tailboard_tui.plot.smooth import Smoothing
from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.chart_moving import ChartMoving
from tailboard_tui.widgets.chart_page import beside
from tailboard_tui.widgets.chart_view import MOST_COLUMNS, ends_of
from tailboard_tui.widgets.figure_content import figures


class ChartGrid(ChartMoving):
    """A grid of charts by groups. `show` gives it the runs, `view` is how it looks at them."""

    BINDINGS = bindings("charts")

    class ShowInLog(Message):
        """The log is to be shown where it was at that Unix time."""

        def __init__(self, moment: float) -> None:
            super().__init__()
            self.moment = moment

    def go_back(self) -> bool:
        """Leave what is being typed, the read-out, the full size, or the filter, in that order."""
        if any(field.display for field in self.query(Input)):
            self._close_inputs()
        elif self.figure is not None:
            self.figure = None
            self._redraw()
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

    # Looking

    def action_show_figure(self) -> None:
        """Best values of the focused metric as bars, then against each varied hyperparameter, then charts."""
        rows = [run.row for run in self.content.selection.runs]
        if len(rows) < 2:
            self.notify("Mark runs with Space first; then F compares their best values.", markup=False)
            return
        found = figures(rows)
        at = found.index(self.figure) + 1 if self.figure in found else 0
        self.figure = found[at] if at < len(found) else None
        self._redraw()

    def action_cycle_x_axis(self) -> None:
        """The next kind of x axis that the runs know; the cursor stays at its moment."""
        metric = self.focused_metric
        when = self.content.moment(metric, self.view) if metric is not None else None
        view = self.view.with_next_x()
        if view.x_kind == "epoch" and not self.content.has_epochs:
            view = view.with_next_x()
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

    def action_hold_y(self) -> None:
        """Type the ends of the focused chart's y axis, beginning with what they are now."""
        place = self._layout_of_focused()
        if place is not None:
            self._type_into("#y-range", f"{place.y.low:.6g} {place.y.high:.6g}")

    @on(Input.Submitted, "#y-range")
    def _hold_y(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            ends = ends_of(event.value)
        except ValueError as error:
            self.notify(clean(str(error), 200), severity="warning", markup=False)
            return
        if self.focused_metric is not None:
            self._look_at(self.view.with_y_range(self.focused_metric, ends))
        self._close_inputs()

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
        self._type_into("#filter", self.view.pattern)

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        if event.input.display and event.value != self.view.pattern:
            self._first = 0
            self._change(pattern=event.value)

    @on(Input.Submitted, "#filter")
    def _close_inputs(self) -> None:
        for field in self.query(Input):
            field.display = False
        self.focus()

    def _type_into(self, name: str, text: str) -> None:
        field = self.query_one(name, Input)
        field.display = True
        field.value = text
        self.screen.set_focus(field)  # at once: what is typed next is meant for it

    def on_focus(self) -> None:
        """Show which chart has the keys."""
        self._redraw()

    def on_blur(self) -> None:
        """No chart has them."""
        self._redraw()
