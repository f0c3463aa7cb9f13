"""What the explorer does with the tabs on the right: opening, focus, and what panes ask of each other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on
from textual.screen import Screen
from textual.widget import Widget

from tailboard_tui.messages import OriginWanted
from tailboard_tui.screens.panes import PANES, import_pane, make_pane
from tailboard_tui.screens.run_source import RunSource
from tailboard_tui.settings import Settings
from tailboard_tui.view_state import ViewState
from tailboard_tui.widgets.run_table import RunTable
from tailboard_tui.widgets.tab_bar import TabBar

if TYPE_CHECKING:
    from tailboard_tui.store.comparison import Comparison
    from tailboard_tui.widgets.chart_grid import ChartGrid
    from tailboard_tui.widgets.info_lines import Origin
    from tailboard_tui.widgets.info_pane import InfoPane
    from tailboard_tui.widgets.log_pane import LogPane
    from tailboard_tui.widgets.selection import Pane, Selection

WAIT_FOR_POINTS_S = 0.15
"""How long a pane keeps showing the run before, while the points of the next are read."""


class PaneActions(Screen[None]):
    """The part of the explorer that works on the panes. Mixed into `Explorer`, which holds the selection."""

    settings: Settings
    source: RunSource
    view: ViewState
    table: RunTable
    marks: list[str]

    def init_panes(self) -> None:
        """No pane is made yet."""
        self._panes: dict[str, Widget] = {}
        self._tab = PANES[0].id
        self._focuses_pane = False
        self._is_bringing_pane = False
        self._waited_for: str | None = None
        self._is_done_waiting = False

    def save_view_soon(self) -> None:
        """Keep the view for the next time, once it has not changed for a moment."""
        raise NotImplementedError

    def selection_changed(self) -> None:
        """Cursor, marks or baseline are others: show it."""
        raise NotImplementedError

    def show_header(self) -> None:
        """Say where we look, how many runs there are, and how the chosen one is doing."""
        raise NotImplementedError

    @property
    def shows_right(self) -> bool:
        """Whether the tabs are on the screen."""
        return not self.has_class("-no-runs") and (not self.has_class("-narrow") or self.has_class("-open"))

    def show_in_pane(self, selection: Selection) -> None:
        """Give the open pane what it is to show; the first one is made now."""
        if not self._panes and _is_only_a_log(selection):
            self._open_tab("log", take_focus=True)
            return
        if not self._panes and not self._is_bringing_pane and self._is_alone():
            self.add_class("-open")
            self._focuses_pane = True
            self.show_header()
        if not self.shows_right:
            return
        pane = self._panes.get(self._tab)
        if pane is None:
            self._bring_first_pane()
        elif not pane.is_mounted:
            self.call_after_refresh(self.selection_changed)  # its parts are not there yet
        elif not self._is_worth_waiting(selection):
            as_pane(pane).show(selection)
            if self._focuses_pane:
                self.call_after_refresh(self._focus_pane)  # an empty pane had nothing to give it to

    def _is_alone(self) -> bool:
        """Whether one run was named, rather than a folder of runs: a list of one would only take room."""
        places, rows = self.source.places(), self.source.rows()
        return len(places) == len(rows) == 1 and rows[0].key == places[0].path

    def _is_worth_waiting(self, selection: Selection) -> bool:
        """Whether the pane keeps its picture for a moment, since the run's points are about to come.

        Otherwise every step of the cursor would draw an empty pane first, and send it over the wire.
        """
        current = selection.current
        if current is None or current.points is not None or (current.row.is_read and not current.row.metrics):
            self._waited_for = None
            return False
        if self._waited_for != current.row.key:
            self._waited_for, self._is_done_waiting = current.row.key, False
            self.set_timer(WAIT_FOR_POINTS_S, self._stop_waiting)
            return True
        return not self._is_done_waiting

    def _stop_waiting(self) -> None:
        self._is_done_waiting = True
        self.selection_changed()

    def _bring_first_pane(self) -> None:
        """Import what the pane needs beside the event loop, which goes on hearing keys; then make it."""
        if self._is_bringing_pane:
            return
        self._is_bringing_pane, tab = True, self._tab

        def bring() -> None:
            import_pane(tab)
            self.call_later(self._make_first_pane)

        self.run_worker(bring, name="first pane", group="first pane", thread=True)

    def _make_first_pane(self) -> None:
        self._is_bringing_pane = False
        if self.is_attached and self.shows_right and self._tab not in self._panes:
            self._open_tab(self._tab, take_focus=self._focuses_pane)

    def _open_tab(self, tab: str, *, take_focus: bool) -> None:
        """Show that tab; its pane is made now if it is the first time."""
        self._tab = tab
        self.query_one(TabBar).choose(tab)
        if tab not in self._panes:
            pane = make_pane(tab)
            if tab == "charts":
                self._restore_charts(pane)
            self._panes[tab] = pane
            self.query_one("#panes").mount(pane)
        for name, pane in self._panes.items():
            pane.display = name == tab
        if self.has_class("-narrow"):
            self.add_class("-open")
            take_focus = True
        if take_focus:
            self._focuses_pane = True
            self.call_after_refresh(self._focus_pane)  # a new pane has its parts only then
        self.selection_changed()

    def _restore_charts(self, pane: Widget) -> None:
        """Look at the charts as the last time, or as the settings say."""
        from tailboard_tui.widgets.chart_grid import ChartGrid
        from tailboard_tui.widgets.chart_view import ChartView

        assert isinstance(pane, ChartGrid)
        if self.view.charts:
            pane.view = ChartView.from_json(self.view.charts)
        elif self.settings.smoothing:
            smoothing = replace(pane.view.smoothing, strength=self.settings.smoothing)
            pane.view = replace(pane.view, smoothing=smoothing)

    def _focus_pane(self) -> None:
        pane = self._panes.get(self._tab)
        if self._focuses_pane and pane is not None and not pane.has_focus_within:
            parts = [pane, *pane.query("*")]
            self.set_focus(next((part for part in parts if part.focusable and part.display), None))

    @on(TabBar.TabChosen)
    def _choose_tab(self, message: TabBar.TabChosen) -> None:
        self._open_tab(message.tab, take_focus=True)

    def action_tab_charts(self) -> None:
        """Show the charts."""
        self._open_tab("charts", take_focus=True)

    def action_tab_log(self) -> None:
        """Show the output."""
        self._open_tab("log", take_focus=True)

    def action_tab_config(self) -> None:
        """Show the configuration."""
        self._open_tab("config", take_focus=True)

    def action_tab_system(self) -> None:
        """Show resource samples."""
        self._open_tab("system", take_focus=True)

    def action_tab_media(self) -> None:
        """Show images, histograms, tables and text."""
        self._open_tab("media", take_focus=True)

    def action_tab_info(self) -> None:
        """Show where the run comes from."""
        self._open_tab("info", take_focus=True)

    def action_compare_runs(self) -> None:
        """Compare the marked runs: their configurations side by side, what differs first."""
        if len({*self.marks, self.table.cursor_key} - {None}) < 2:
            self.notify("Mark runs with Space first; then C compares them.", markup=False)
        else:
            self.action_tab_config()

    # What panes ask of each other

    def on_chart_grid_show_in_log(self, message: ChartGrid.ShowInLog) -> None:
        """Jump to what was printed at the moment of the charts' cursor."""
        self._open_tab("log", take_focus=True)
        self._hand_over("go_to_time", message.moment)

    def on_log_pane_show_in_charts(self, message: LogPane.ShowInCharts) -> None:
        """Set the charts' cursor to the moment of a line of the log."""
        self._open_tab("charts", take_focus=True)
        self._hand_over("show_moment", message.moment)

    def _hand_over(self, method: str, moment: float) -> None:
        """Give the open pane a moment once it shows its run; a new pane has its parts only then."""

        def give() -> None:
            pane = self._panes.get(self._tab)
            if pane is not None and hasattr(pane, method):
                getattr(pane, method)(moment)

        self.set_timer(WAIT_FOR_POINTS_S, give)

    def on_chart_grid_view_changed(self, message: ChartGrid.ViewChanged) -> None:
        """Keep how charts are looked at, for the next time."""
        if self._tab == "charts":
            self.view.charts = message.view.to_json()
            self.save_view_soon()

    @on(OriginWanted)
    def _read_origin(self, message: OriginWanted) -> None:
        """Info shows another run: read its diff and packages, beside the event loop."""

        def read() -> None:
            from tailboard_tui.screens.origin import read_origin

            origin = read_origin(message.diff_path, message.packages_path)
            self.app.call_from_thread(self._give_origin, message.key, origin)

        self.run_worker(read, name="origin", group="origin", exclusive=True, thread=True)

    def _give_origin(self, key: str, origin: Origin) -> None:
        self._info_pane().set_origin(key, origin)

    def on_info_pane_comparison_wanted(self, message: InfoPane.ComparisonWanted) -> None:
        """Info shows marked runs: compare them, which reads files and walks points, beside the event loop."""

        def compare() -> None:
            from tailboard_tui.store.comparison import compare_runs

            runs = message.runs
            found = compare_runs(
                [run.row for run in runs], [run.points for run in runs], 0, message.known_origins
            )
            self.app.call_from_thread(self._give_comparison, found)

        self.run_worker(compare, name="comparison", group="comparison", thread=True)

    def _give_comparison(self, found: Comparison) -> None:
        self._info_pane().set_comparison(found)

    def _info_pane(self) -> InfoPane:
        """The pane that has asked for something."""
        from tailboard_tui.widgets.info_pane import InfoPane

        pane = self._panes["info"]
        assert isinstance(pane, InfoPane)
        return pane


def as_pane(widget: Widget) -> Pane:
    """The widget as what every tab is; `make_pane` makes nothing else."""
    return widget  # type: ignore[return-value]  # structural: each pane's test checks that it meets Pane


def _is_only_a_log(selection: Selection) -> bool:
    """Whether the run is a file of output without metrics, which is there to be read."""
    facts = selection.current.row.facts if selection.current is not None else None
    return (
        facts is not None and not facts.last_values and facts.path in {file.path for file in facts.log_files}
    )
