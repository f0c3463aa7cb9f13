"""Charts of all the hostile runs: nothing raises, nothing overflows, nothing gets out."""

from __future__ import annotations

from pathlib import Path

from rich.cells import cell_len

from faults.corpus import build
from tailboard_tui.plot.chart import draw
from tailboard_tui.plot.smooth import Smoothing
from tailboard_tui.plot.spec import Look
from tailboard_tui.plot.xaxis import X_KINDS
from tailboard_tui.store.lookup import load_points, load_rows
from tailboard_tui.widgets.chart_content import ChartContent
from tailboard_tui.widgets.chart_view import ChartView
from tailboard_tui.widgets.selection import Selection, ShownRun


def test_every_hostile_run_can_be_drawn(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    root.mkdir()
    build(root)
    rows = load_rows([str(root)])
    assert len(rows) > 100
    drawn = 0
    for row in rows:
        run = ShownRun(row, load_points(row), "#56b4e9", "a", True)
        content = ChartContent("any")
        content.take(Selection((run,)))
        names = content.metrics()[:4]
        for number, kind in enumerate(X_KINDS):
            is_log = number % 2 == 1
            view = ChartView(
                x_kind=kind,
                is_log_x=is_log,
                log_y=frozenset(names if is_log else ()),
                smoothing=Smoothing("ema", 0.9 if is_log else 0.0),
                is_everything=is_log,
                cursor=3.0,
            )
            for name in names:
                content.traces(name, view)
                content.prepare_all()
                spec = content.spec(
                    name, view, extent=content.extent([name], view), is_focused=True, is_full=is_log
                )
                text = draw(spec, 60, 12, Look()).text()
                assert all(cell_len(line) <= 60 for line in text.split("\n"))
                assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in text.replace("\n", ""))
                content.readout(name, view)
                drawn += 1
    assert drawn > 500
