"""Resource samples of the shown runs: CPU, memory, disk, network, each GPU, on one axis of time."""

from __future__ import annotations

from tailboard_tui.widgets.chart_grid import ChartGrid
from tailboard_tui.widgets.chart_view import ChartView


class SystemPane(ChartGrid):
    """The grid of charts over resource samples; by elapsed time, since samples have no step."""

    def __init__(self) -> None:
        super().__init__(stream="system", view=ChartView(x_kind="elapsed"))

    def _nothing_logged(self) -> str:
        return "No resource samples. tailboard.init(system=True) records them every 10 s."
