"""What a redraw of the charts costs, beside plotext fed with points that were thinned for it beforehand.

    python benchmarks/draw.py [--points 1000000] [--rounds 7]

12 charts of 4 runs each at 49x12 cells, and one of 8 runs at 200x50. CPU milliseconds, medians of the rounds;
ours and plotext's turns alternate in one process, so that the ratio holds on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np

from tailboard_tui.plot.chart import draw
from tailboard_tui.plot.line import Line
from tailboard_tui.plot.palette import DARK
from tailboard_tui.plot.smooth import Smoothing, smooth
from tailboard_tui.plot.spec import ChartSpec, Look, Trace

SIZE, RUNS, CHARTS = (49, 12), 4, 12
BIG, BIG_RUNS = (200, 50), 8


def curve(points: int, seed: int) -> np.ndarray:
    """A noisy loss, the worst case for drawing: tall columns."""
    rng = np.random.default_rng(seed)
    place = np.linspace(0, 1, points)
    return 2 * np.exp(-5 * place) + 0.3 + 0.1 * rng.standard_normal(points)


def spec(x: np.ndarray, ys: list[np.ndarray], smooths: list[np.ndarray] | None = None) -> ChartSpec:
    lines = [Line.of(x, y) for y in ys]
    over = [Line.of(x, y) for y in smooths] if smooths else [None] * len(lines)
    traces = tuple(
        Trace(f"run {i}", "abcdefgh"[i], DARK[i], line, smooth=top)
        for i, (line, top) in enumerate(zip(lines, over, strict=True))
    )
    return ChartSpec("train/loss", traces, goal="minimize")


def thinned(y: np.ndarray, columns: int) -> tuple[list[float], list[float]]:
    """Two points per dot column: the least that plotext can draw the same picture from."""
    starts = np.linspace(0, y.size, columns + 1).astype(int)[:-1]
    low, high = np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts)
    xs = np.repeat(starts, 2).astype(float)
    return xs.tolist(), np.stack((low, high), axis=1).ravel().tolist()


def plotext_figure(thin: list[tuple[list[float], list[float]]], size: tuple[int, int]) -> str:
    from plotext import figure

    figure.clear()
    figure.plot_size(*size)
    for xs, ys in thin:
        figure.draw(figure.signal(xs, ys, marker="braille").lines())
    return str(figure.build())


def cpu_ms(act: Callable[[], object]) -> float:
    """Of drawing again what was drawn just before; the turn in between has emptied the caches."""
    act()
    begin = time.process_time()
    act()
    return (time.process_time() - begin) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    args = parser.parse_args()
    x = np.arange(args.points, dtype=np.float64)
    ys = [curve(args.points, seed) for seed in range(BIG_RUNS)]
    smooths = [smooth(y, Smoothing("ema", 0.99)) for y in ys]
    # Charts of points of their own, as a page of metrics has them: no cache of the processor holds them all.
    small = [spec(x, [y * (chart + 1) for y in ys[:RUNS]]) for chart in range(CHARTS)]
    smoothed, big = spec(x, ys[:RUNS], smooths[:RUNS]), spec(x, ys)
    thin_small = [thinned(y, 2 * SIZE[0]) for y in ys[:RUNS]]
    thin_big = [thinned(y, 2 * BIG[0]) for y in ys]
    look = Look()
    grown = [np.concatenate((y, y[:100])) for y in ys[:1]]
    longer = np.arange(args.points + 100, dtype=np.float64)
    turns: dict[str, Callable[[], object]] = {
        "12 charts x 4 runs, 49x12": lambda: [draw(chart, *SIZE, look) for chart in small],
        "the same with smoothed lines": lambda: [draw(smoothed, *SIZE, look) for _ in range(CHARTS)],
        "1 chart x 8 runs, 200x50": lambda: draw(big, *BIG, look),
        "plotext: 12 charts x 4 runs": lambda: [plotext_figure(thin_small, SIZE) for _ in range(CHARTS)],
        "plotext: 1 chart x 8 runs": lambda: plotext_figure(thin_big, BIG),
        "prepare one line": lambda: Line.of(x, ys[0]),
        "extend one line by 100": lambda: big.traces[0].line.extended(longer, grown[0]),
        "smooth one line (ema)": lambda: smooth(ys[0], Smoothing("ema", 0.99)),
    }
    for act in turns.values():
        act()
    times: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(args.rounds):
        for name, act in turns.items():
            times[name].append(cpu_ms(act))
    medians = {name: statistics.median(found) for name, found in times.items()}
    ratio = medians["plotext: 12 charts x 4 runs"] / medians["12 charts x 4 runs, 49x12"]
    if args.json:
        print(json.dumps({"points": args.points, "cpu_ms": medians, "plotext_ratio": ratio}))
        return
    for name, found in medians.items():
        print(f"{name:34} {found:9.2f} ms")
    print(f"plotext needs {ratio:.0f} times as long; budget for the first row: 60 ms")


if __name__ == "__main__":
    main()
