"""`tailboard export`: the points of runs as a CSV, Parquet or JSON Lines file."""

from __future__ import annotations

import argparse
from functools import partial

from tailboard_tui.commands.common import (
    OK,
    CommandError,
    Subparsers,
    UsageError,
    add_command,
    add_json,
    add_root,
    message,
    resolve_runs,
)
from tailboard_tui.text.safe import clean

ENDINGS = (".csv", ".parquet", ".jsonl")


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "export",
        "Write the points of runs to a file; its ending says the format: .csv, .parquet or .jsonl.\n"
        "Long, a row a point: run, name, metric, step, time, value. Wide: a row a step, a column a metric.",
        (
            "tailboard export latest -o points.csv",
            "tailboard export run-a run-b -m 'val/*' --wide -o val.parquet",
        ),
    )
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="id, beginning of an id, name, path, or `latest`"
    )
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="where to write")
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
    """Write the file."""
    import os
    from fnmatch import fnmatchcase

    if not args.output.lower().endswith(ENDINGS):
        raise UsageError(f"{clean(args.output)}: the ending says the format; there are {', '.join(ENDINGS)}")
    if os.path.lexists(args.output) and not args.force:
        raise CommandError(f"{clean(args.output)} exists; --force replaces it")
    from tailboard_tui.store.export import Source, export
    from tailboard_tui.store.lookup import load_points
    from tailboard_tui.store.model import Points

    def choose(points: Points) -> list[str]:
        names = [*points.metrics, *(points.system_metrics if args.system else ())]
        if not args.metric:
            return names
        return [
            name for name in names if any(name == item or fnmatchcase(name, item) for item in args.metric)
        ]

    rows = resolve_runs(args.runs, args.root)
    sources = [Source(row, partial(load_points, row)) for row in rows]
    written = export(sources, args.output, args.shape, choose, everything=args.overwritten)
    if args.json:
        from tailboard.layout import FORMAT
        from tailboard_tui.store.objects import dumps

        runs = [row.facts.id for row in rows]
        print(dumps({"format": FORMAT, "path": os.path.abspath(args.output), "rows": written, "runs": runs}))
    else:
        message(
            f"{written} rows of {len(rows)} {'run' if len(rows) == 1 else 'runs'} in {clean(args.output)}"
        )
    return OK
