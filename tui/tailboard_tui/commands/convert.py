"""`tailboard convert`: runs of any format as run directories of our own, or as TensorBoard event files."""

from __future__ import annotations

import argparse

from tailboard_tui.commands.common import (
    Subparsers,
    add_command,
    add_json,
    add_root,
    resolve_runs,
)
from tailboard_tui.commands.failures import FAILED, OK, message
from tailboard_tui.text.safe import clean


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "convert",
        "Write runs of any format as run directories of tailboard's own, or as event files of TensorBoard.\n"
        "The originals stay as they are. What is written is read back and compared: run directories with\n"
        "every step, time and value, event files with what they can hold, float32 and whole steps.",
        (
            "tailboard convert lightning_logs/version_3 -o runs",
            "tailboard convert latest -o tb --format tensorboard",
        ),
    )
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="id, beginning of an id, name, path, or `latest`"
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="where each run gets a directory"
    )
    parser.add_argument(
        "--format", choices=("tailboard", "tensorboard"), default="tailboard", help="what is written"
    )
    add_json(parser, "one JSON object a run")
    add_root(parser)


def run(args: argparse.Namespace) -> int:
    """Convert the runs, one after the other; a run that cannot be converted does not keep the others."""
    import os
    import time

    from tailboard.layout import FORMAT
    from tailboard_tui.store.conversion import ConversionError, event_directory, to_native, to_tensorboard
    from tailboard_tui.store.objects import dumps
    from tailboard_tui.store.runs import load_points

    failures = 0
    for row in resolve_runs(args.runs, args.root):
        points = load_points(row)
        try:
            if args.format == "tailboard":
                written = to_native(row.facts, points, args.output, time.time())
            else:
                directory = event_directory(row.facts, args.output)
                written = to_tensorboard(row.facts, points, directory, time.time())
        except (ConversionError, OSError) as error:
            failures += 1
            message(f"{clean(row.facts.id)}: {clean(str(error))}")
            continue
        if args.json:
            path = os.path.abspath(written.path)
            origin = {"id": row.facts.id, "source": row.facts.source}
            print(dumps({"format": FORMAT, **origin, "path": path, "points": written.points}))
        else:
            message(f"{clean(row.facts.id)}: {written.points} points in {clean(written.path)}")
    return FAILED if failures else OK
