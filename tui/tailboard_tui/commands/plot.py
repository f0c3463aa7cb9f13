"""`tailboard plot`: the charts of the explorer as text, and figures over many runs."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tailboard_tui.commands.common import (
    Subparsers,
    add_command,
    add_root,
    has_color,
    resolve_runs,
)
from tailboard_tui.commands.failures import OK, CommandError, UsageError
from tailboard_tui.text.safe import clean

if TYPE_CHECKING:
    from tailboard_tui.plot.spec import Look
    from tailboard_tui.store.model import RunRow
    from tailboard_tui.widgets.selection import Selection

X_CHOICES = ("step", "relative", "epoch", "elapsed", "wall", "index")
"""As `plot.xaxis.X_KINDS` (tested), which brings numpy."""

DEFAULT_SIZE = (100, 24)
"""Where stdout is no terminal."""


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "plot",
        "Draw a metric of one or several runs as text: the same chart as in the explorer.",
        (
            "tailboard plot latest -m train/loss",
            "tailboard plot a1 b2 -m val/loss --smooth 0.9 --log-y",
            "tailboard plot a1 b2 c3 -m val/acc --kind scatter --by lr",
        ),
    )
    parser.add_argument(
        "run", nargs="+", metavar="RUN", help="id, beginning of an id, name, path, or `latest`"
    )
    parser.add_argument(
        "-m",
        "--metric",
        action="append",
        required=True,
        metavar="METRIC",
        help="name or glob; one chart each",
    )
    parser.add_argument("--kind", choices=("line", "scatter", "bars", "matrix"), default="line")
    parser.add_argument("--by", metavar="KEY", help="with --kind scatter: the config key on the x axis")
    parser.add_argument("--x", choices=X_CHOICES, default="step", help="what stands on the x axis")
    parser.add_argument("--log-x", action="store_true", help="logarithmic x axis")
    parser.add_argument("--log-y", action="store_true", help="logarithmic y axis")
    parser.add_argument(
        "--smooth", type=float, default=0.0, metavar="W", help="debiased moving average, 0 to 0.999"
    )
    parser.add_argument("--smooth-by", choices=("ema", "mean", "median"), default="ema", metavar="METHOD")
    parser.add_argument("--window", type=float, nargs=2, metavar=("FROM", "TO"), help="ends of the x axis")
    parser.add_argument("--group", action="store_true", help="runs of one group as their mean with a band")
    parser.add_argument("--all", action="store_true", help="with outliers and overwritten points")
    parser.add_argument("--width", type=int, metavar="CELLS", help="default: that of the terminal, else 100")
    parser.add_argument("--height", type=int, metavar="ROWS", help="of each chart")
    parser.add_argument("--ascii", action="store_true", help="without braille and box characters")
    parser.add_argument("--light", action="store_true", help="colours for a light background")
    add_root(parser)


def run(args: argparse.Namespace) -> int:
    """Draw the charts."""
    if not 0 <= args.smooth < 1:
        raise UsageError("--smooth must be at least 0 and below 1")
    rows = resolve_runs(args.run, args.root)
    width, height = _size(args)
    if args.kind == "line":
        print("\n\n".join(_charts(args, rows, width, height)))
    else:
        print("\n\n".join(_figures(args, rows, width, height)))
    return OK


def _size(args: argparse.Namespace) -> tuple[int, int]:
    terminal = (
        shutil.get_terminal_size(DEFAULT_SIZE) if sys.stdout.isatty() else os.terminal_size(DEFAULT_SIZE)
    )
    height = min(max(terminal.lines - 2, 8), 24)
    width = args.width or terminal.columns
    return min(max(width, 20), 1000), min(max(args.height or height, 5), 300)


def _look(args: argparse.Namespace) -> Look:
    from tailboard_tui.plot.spec import LIGHT, Look

    plain = LIGHT if args.light else Look()
    from dataclasses import replace

    return replace(plain, is_ascii=args.ascii, has_color=has_color())


def _selection(rows: Sequence[RunRow], *, dark: bool) -> Selection:
    from tailboard_tui.plot.palette import run_colors, run_letters
    from tailboard_tui.store.runs import load_points
    from tailboard_tui.widgets.selection import Selection, ShownRun

    ids = {row.key: row.facts.id for row in rows}
    if len(set(ids.values())) < len(ids):
        ids = {key: key for key in ids}
    colors = run_colors(list(ids.values()), dark=dark)
    letters = run_letters(list(ids.values()))
    return Selection(
        tuple(
            ShownRun(row, load_points(row), colors[ids[row.key]], letters[ids[row.key]], index == 0)
            for index, row in enumerate(rows)
        )
    )


def _charts(args: argparse.Namespace, rows: Sequence[RunRow], width: int, height: int) -> list[str]:
    from dataclasses import replace

    from tailboard_tui.plot.chart import draw
    from tailboard_tui.plot.smooth import Smoothing
    from tailboard_tui.widgets.chart_content import ChartContent
    from tailboard_tui.widgets.chart_view import ChartView

    content = ChartContent("any")
    content.take(_selection(rows, dark=not args.light))
    metrics = _chosen(args.metric, content.metrics())
    view = ChartView(
        x_kind=args.x,
        is_log_x=args.log_x,
        log_y=frozenset(metrics if args.log_y else ()),
        smoothing=Smoothing(args.smooth_by, args.smooth),
        is_everything=args.all,
        has_bands=args.group,
        window=tuple(args.window) if args.window else None,
    )
    look = _look(args)
    drawn = []
    for metric in metrics:
        content.traces(metric, view)
        content.prepare_all()
        spec = content.spec(metric, view, extent=None, is_focused=False, is_full=True)
        cells = draw(replace(spec, note=view.smoothing.label), width, height, look)
        drawn.append(cells.ansi() if look.has_color else cells.text())
    return drawn


def _chosen(patterns: Sequence[str], known: Sequence[str]) -> list[str]:
    """The metrics that names and globs mean, each once.

    Raises:
        CommandError: One of them matches none.
    """
    from fnmatch import fnmatchcase

    chosen: dict[str, None] = {}
    for pattern in patterns:
        names = [pattern] if pattern in known else [name for name in known if fnmatchcase(name, pattern)]
        if not names:
            shown = ", ".join(clean(name, 60) for name in known[:8]) or "none at all"
            raise CommandError(f"no metric matches {clean(pattern)}; there are: {shown}")
        chosen.update(dict.fromkeys(names))
    return list(chosen)


def _figures(args: argparse.Namespace, rows: Sequence[RunRow], width: int, height: int) -> list[str]:
    if args.kind == "matrix":
        return [_matrix(args, row, key, width) for row in rows for key in args.metric]
    known = list(dict.fromkeys(name for row in rows for name in row.metrics))
    return [_figure(args, rows, metric, width, height) for metric in _chosen(args.metric, known)]


def _matrix(args: argparse.Namespace, row: RunRow, key: str, width: int) -> str:
    """The newest confusion matrix that the run logged under `key`."""
    from tailboard_tui.plot.matrix import draw_matrix
    from tailboard_tui.store.media import MediaStore, matrix_of

    found = [r for r in MediaStore(row.facts.path).read() if r.kind == "confusion_matrix"]
    wanted = [record for record in found if record.key == key]
    if not wanted:
        known = ", ".join(clean(name, 60) for name in dict.fromkeys(record.key for record in found))
        name = clean(row.facts.name or row.facts.id)
        raise CommandError(
            f"{name} has no confusion matrix {clean(key)}; there are: {known or 'none at all'}"
        )
    names, matrix = matrix_of(wanted[-1])
    look = _look(args)
    cells = draw_matrix(matrix, names, f"{key}  step {wanted[-1].step:g}", width, look)
    return cells.ansi() if look.has_color else cells.text()


def _figure(args: argparse.Namespace, rows: Sequence[RunRow], metric: str, width: int, height: int) -> str:
    from tailboard_tui.plot.palette import run_colors, run_letters
    from tailboard_tui.text.plain import plain
    from tailboard_tui.widgets import figure_content
    from tailboard_tui.widgets.selection import ShownRun

    if args.kind == "scatter" and not args.by:
        raise UsageError("--kind scatter needs --by KEY: a config key, such as lr")
    keys = [row.key for row in rows]
    colors, letters = run_colors(keys, dark=not args.light), run_letters(keys)
    runs = [ShownRun(row, None, colors[row.key], letters[row.key], False) for row in rows]
    look = _look(args)
    if args.kind == "bars":
        cells = figure_content.bars(runs, metric, width, height, look)
    else:
        cells = figure_content.scatter(
            runs, metric, args.by, width, height, look, is_log_x=args.log_x or None, is_log_y=args.log_y
        )
    text = cells.ansi() if look.has_color else cells.text()
    return plain(text) if look.is_ascii else text
