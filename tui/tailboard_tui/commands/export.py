"""`tailboard export`: the points of runs as a table in a file, or as event files of TensorBoard."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from tailboard_tui.commands.common import (
    Subparsers,
    add_command,
    add_json,
    add_root,
    resolve_runs,
)
from tailboard_tui.commands.failures import OK, CommandError, UsageError, message
from tailboard_tui.text.safe import clean

if TYPE_CHECKING:
    from tailboard_tui.store.model import Points, RunRow

ENDINGS = (".csv", ".parquet", ".jsonl")


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "export",
        "Write the points of runs to a file; its ending says the format: .csv, .parquet or .jsonl.\n"
        "Long, a row a point: run, name, metric, step, time, value. Wide: a row a step, a column a metric.\n"
        "With --format tensorboard, one event file a run, in directories below DIR: values as float32 and\n"
        "steps as whole numbers, read back and compared as such.",
        (
            "tailboard export latest -o points.csv",
            "tailboard export run-a run-b -m 'val/*' --wide -o val.parquet",
            "tailboard export run-a run-b --format tensorboard -o events",
        ),
    )
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="id, beginning of an id, name, path, or `latest`"
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="where to write (event files: a directory)"
    )
    parser.add_argument(
        "--format",
        choices=("table", "tensorboard"),
        default="table",
        help="a table (the default), or event files",
    )
    parser.add_argument(
        "-m", "--metric", action="append", metavar="METRIC", help="only these (names or globs)"
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument(
        "--long", action="store_const", dest="shape", const="long", help="a row a point (the default)"
    )
    shape.add_argument("--wide", action="store_const", dest="shape", const="wide", help="a row a step")
    parser.set_defaults(shape="long")
    parser.add_argument("--system", action="store_true", help="resource samples too")
    parser.add_argument(
        "--overwritten", action="store_true", help="with the points that a resumed run logged again"
    )
    parser.add_argument("-f", "--force", action="store_true", help="replace FILE where it exists")
    add_json(parser, "what was written as one JSON object")
    add_root(parser)


def run(args: argparse.Namespace) -> int:
    """Write the file, or the event files."""
    if args.format == "tensorboard":
        if args.shape == "wide":
            raise UsageError("event files are neither long nor wide")
        return _export_events(args)
    return _export_table(args)


def _chosen(args: argparse.Namespace, points: Points) -> list[str]:
    """The metrics that are wanted of a run."""
    from fnmatch import fnmatchcase

    names = [*points.metrics, *(points.system_metrics if args.system else ())]
    if not args.metric:
        return names
    return [name for name in names if any(name == item or fnmatchcase(name, item) for item in args.metric)]


def _export_table(args: argparse.Namespace) -> int:
    import os

    if not args.output.lower().endswith(ENDINGS):
        raise UsageError(f"{clean(args.output)}: the ending says the format; there are {', '.join(ENDINGS)}")
    if os.path.lexists(args.output) and not args.force:
        raise CommandError(f"{clean(args.output)} exists; --force replaces it")
    from tailboard_tui.store.export import Source, export
    from tailboard_tui.store.lookup import load_points

    rows = resolve_runs(args.runs, args.root)
    sources = [Source(row, partial(load_points, row)) for row in rows]
    choose: Callable[[Points], Sequence[str]] = partial(_chosen, args)
    written = export(sources, args.output, args.shape, choose, everything=args.overwritten)
    _tell(args, rows, "rows", written)
    return OK


def _export_events(args: argparse.Namespace) -> int:
    import time

    from tailboard_tui.store.conversion import ConversionError, event_directory, to_tensorboard
    from tailboard_tui.store.lookup import load_points

    rows = resolve_runs(args.runs, args.root)
    written = 0
    for row in rows:
        points = load_points(row)
        try:
            written += to_tensorboard(
                row.facts,
                points,
                event_directory(row.facts, args.output),
                time.time(),
                names=_chosen(args, points),
                everything=args.overwritten,
                over=args.force,
            ).points
        except ConversionError as error:
            hint = "; --force replaces it" if str(error).endswith(" exists") else ""
            raise CommandError(f"{clean(row.facts.id)}: {clean(str(error))}{hint}") from None
    _tell(args, rows, "points", written)
    return OK


def _tell(args: argparse.Namespace, rows: Sequence[RunRow], what: str, written: int) -> None:
    """Say what was written."""
    if args.json:
        import os

        from tailboard.layout import FORMAT
        from tailboard_tui.store.objects import dumps

        runs = [row.facts.id for row in rows]
        print(dumps({"format": FORMAT, "path": os.path.abspath(args.output), what: written, "runs": runs}))
    else:
        count = f"{len(rows)} {'run' if len(rows) == 1 else 'runs'}"
        message(f"{written} {what} of {count} in {clean(args.output)}")
