"""What each chart shows: from selection and view to specs. No widget, so it is tested without a screen."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tailboard_tui.plot import readout
from tailboard_tui.plot.band import Band, mean_band
from tailboard_tui.plot.line import Line
from tailboard_tui.plot.spec import GUTTER, ChartSpec, Trace
from tailboard_tui.plot.xaxis import x_text
from tailboard_tui.store.goal import direction
from tailboard_tui.widgets.chart_lines import ChartLines, LineKey, Prepared, has_epochs, prepare
from tailboard_tui.widgets.chart_view import ChartView
from tailboard_tui.widgets.selection import Selection, ShownRun

SYSTEM_GUTTER = 9
"""Room for `512 MiB`, so that the axes of memory and of load stand in one column."""

Stream = Literal["metrics", "system", "any"]
"""Which of a run's series are charts: its metrics, its resource samples, or both."""


@dataclass(frozen=True, slots=True)
class ReadoutRow:
    """One run at the cursor."""

    letter: str
    name: str
    """Untrusted."""
    color: str
    x: str
    value: float
    smoothed: float | None
    """The smoothed line there, if one is drawn."""
    difference: float | None
    """Value less that of the baseline run, if one is set."""
    time: float
    """Unix seconds of the point."""
    is_baseline: bool = False


class ChartContent:
    """The shown runs as charts."""

    def __init__(self, stream: Stream = "metrics") -> None:
        self.lines = ChartLines()
        self.selection = Selection()
        self._stream = stream
        self._bands: dict[tuple[str, str], tuple[tuple[Line, ...], tuple[Line, Band] | None]] = {}

    def take(self, selection: Selection) -> None:
        """Show other runs, or the same with other points."""
        shown = {run.row.key for run in selection.runs}
        if shown != {run.row.key for run in self.selection.runs}:
            self.lines.keep(shown)
            self._bands.clear()
        self.selection = selection

    def metrics(self) -> list[str]:
        """The names of all metrics that any of the shown runs has."""
        names: dict[str, None] = {}
        for run in self.selection.runs:
            if run.points is not None:
                if self._stream != "system":
                    names.update(dict.fromkeys(run.points.metrics))
                if self._stream != "metrics":
                    names.update(dict.fromkeys(run.points.system_metrics))
        return list(names)

    @property
    def has_epochs(self) -> bool:
        """Whether any of the shown runs says where it stands in epochs."""
        return any(run.points is not None and has_epochs(run.points) for run in self.selection.runs)

    def prepared(self, run: ShownRun, metric: str, view: ChartView) -> Prepared | None:
        """The line of one run, as far as it is ready."""
        is_log = metric in view.log_y
        key = LineKey(run.row.key, metric, view.x_kind, is_log, view.is_everything, view.smoothing)
        return self.lines.get(key, run)

    def prepare_all(self) -> None:
        """Prepare here and now what waits for the thread."""
        for job in list(self.lines.waiting.values()):
            self.lines.put(job, prepare(job))

    def traces(self, metric: str, view: ChartView) -> tuple[Trace, ...]:
        """One trace per run that has the metric, or per group of runs; the run under the cursor first."""
        found: list[tuple[ShownRun, Trace]] = []
        for run in self.selection.runs:
            ready = self.prepared(run, metric, view)
            if ready is not None:
                found.append((run, _trace_of(run, ready)))
        if not view.has_bands:
            return tuple(trace for _, trace in found)
        return self._grouped(metric, found)

    def _grouped(self, metric: str, found: list[tuple[ShownRun, Trace]]) -> tuple[Trace, ...]:
        """Runs of one group as their mean; runs without one, or alone in theirs, as they are."""
        members: dict[str, list[Trace]] = {}
        for run, trace in found:
            group = run.row.facts.group
            members.setdefault(f"group {group}" if group else f"run {run.row.key}", []).append(trace)
        result = []
        for name, traces in members.items():
            if len(traces) == 1:
                result.append(traces[0])
                continue
            lines = tuple(trace.smooth or trace.line for trace in traces)
            known = self._bands.get((metric, name))
            if known is None or known[0] != lines:
                shifts = [trace.shift for trace in traces]
                known = lines, mean_band(list(zip(lines, shifts, strict=True)))
                self._bands[metric, name] = known
            if known[1] is not None:
                mean, band = known[1]
                title = f"{name.removeprefix('group ')} (n={len(traces)})"
                result.append(Trace(title, traces[0].letter, traces[0].color, mean, band=band))
        return tuple(result)

    def spec(
        self,
        metric: str,
        view: ChartView,
        *,
        extent: tuple[float, float] | None,
        is_focused: bool,
        is_full: bool,
    ) -> ChartSpec:
        """The chart of one metric.

        Args:
            extent: Ends of x that it covers at least.
            is_full: Whether it has the whole pane: with a legend and the name of the x axis.
        """
        traces = self.traces(metric, view)
        run = self.selection.current
        defs = run.row.facts.metric_defs if run is not None else ()
        return ChartSpec(
            title=metric,
            traces=traces,
            x_kind=view.x_kind,
            window=view.window,
            extent=extent,
            y_range=view.y_range(metric),
            is_log_x=view.is_log_x,
            is_log_y=metric in view.log_y,
            is_robust=not view.is_everything,
            cursor=view.cursor,
            goal=direction(metric, defs),
            has_legend=is_full and len(traces) > 1 and view.cursor is None,
            has_x_name=is_full,
            is_focused=is_focused and not is_full,
            gutter=SYSTEM_GUTTER if self._stream == "system" else GUTTER,
        )

    def extent(self, metrics: Iterable[str], view: ChartView) -> tuple[float, float] | None:
        """The smallest and the largest x of these metrics; None without points."""
        ends: list[float] = []
        for metric in metrics:
            for trace in self.traces(metric, view):
                line = trace.line
                for start, end in line.segments:
                    ends += (float(line.x[start]) - trace.shift, float(line.x[end - 1]) - trace.shift)
        return (min(ends), max(ends)) if ends else None

    def shared_extent(self, metrics: Iterable[str], view: ChartView) -> tuple[float, float] | None:
        """Ends of x that all charts cover: of resource samples, which are taken together.

        A metric's chart covers its own points only: others may have been logged far longer.
        """
        return self.extent(metrics, view) if self._stream == "system" and view.x_kind != "index" else None

    def step_cursor(self, metric: str, view: ChartView, cells: float, towards: int) -> float | None:
        """Where the cursor goes: to the next point that is at least about `cells`, in units of x, away."""
        if view.cursor is None:
            return None
        best: float | None = None
        for trace in self.traces(metric, view):
            for start, end in trace.line.segments:
                x = trace.line.x[start:end]
                target = view.cursor + trace.shift + cells * towards
                # Half a cell of slack: a point that stands almost there is meant.
                slack = cells * 0.5
                at = int(np.searchsorted(x, target - slack if towards > 0 else target + slack))
                at = at if towards > 0 else at - 1
                if 0 <= at < x.size:
                    place = float(x[at]) - trace.shift
                    if best is None or abs(place - view.cursor) < abs(best - view.cursor):
                        best = place
        return best

    def moment(self, metric: str, view: ChartView) -> float | None:
        """Unix time of the point at the cursor: of the run under the list's cursor, else of any."""
        for run in self.selection.runs:
            ready = self.prepared(run, metric, view)
            if ready is None or view.cursor is None:
                continue
            found = readout.nearest(_trace_of(run, ready), view.cursor)
            if found is not None and ready.can_grow:
                when = float(ready.series.times[found.index])
                if math.isfinite(when):
                    return when
        return None

    def x_at(self, moment: float, view: ChartView) -> float | None:
        """The place on the x axis of the last point logged until `moment`, in Unix seconds."""
        run = self.selection.current
        for metric in self.metrics() if run is not None else ():
            ready = self.prepared(run, metric, view) if run is not None else None
            if ready is None or not ready.can_grow or not ready.line.size:
                continue
            at = max(int(np.searchsorted(ready.series.times, moment, "right")) - 1, 0)
            return float(ready.line.x[at]) - ready.shift
        return None

    def readout(self, metric: str, view: ChartView) -> list[ReadoutRow]:
        """What each run has at the cursor."""
        if view.cursor is None:
            return []
        rows: list[ReadoutRow] = []
        base = self._baseline_value(metric, view)
        for run in self.selection.runs:
            ready = self.prepared(run, metric, view)
            if ready is None:
                continue
            trace = _trace_of(run, ready)
            found = readout.nearest(trace, view.cursor)
            if found is None:
                continue
            smoothed = float(ready.smooth.y[found.index]) if ready.smooth is not None else None
            when = float(ready.series.times[found.index]) if ready.can_grow else math.nan
            is_baseline = base is not None and run.row.key == base[0]
            rows.append(
                ReadoutRow(
                    letter=run.letter,
                    name=run.row.facts.name,
                    color=run.color,
                    x=x_text(view.x_kind, found.x),
                    value=trace.line.first_bad if math.isnan(found.value) else found.value,
                    smoothed=smoothed,
                    difference=None if base is None else found.value - base[1],
                    time=when,
                    is_baseline=is_baseline,
                )
            )
        return rows

    def _baseline_value(self, metric: str, view: ChartView) -> tuple[str, float] | None:
        """Key and value at the cursor of the run that others are compared with, if they are."""
        runs = self.selection.runs
        if not view.is_difference or not runs or view.cursor is None:
            return None
        run = next((run for run in runs if run.row.key == self.selection.baseline), runs[0])
        ready = self.prepared(run, metric, view)
        found = readout.nearest(_trace_of(run, ready), view.cursor) if ready is not None else None
        return None if found is None else (run.row.key, found.value)


def _trace_of(run: ShownRun, ready: Prepared) -> Trace:
    return Trace(
        run.row.facts.name,
        run.letter,
        run.color,
        ready.line,
        ready.smooth,
        shift=ready.shift,
        seams=ready.seams,
    )
