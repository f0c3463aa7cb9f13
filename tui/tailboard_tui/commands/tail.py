"""`tailboard tail`: what a run printed, as the terminal showed it, and as it goes on."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from tailboard.layout import OUTPUT, OUTPUT_INDEX, is_run_id, ranked
from tailboard_tui.commands.common import (
    Subparsers,
    add_command,
    add_json,
    add_root,
    default_roots,
    resolve_run,
)
from tailboard_tui.commands.failures import OK, CommandError, UsageError
from tailboard_tui.commands.tail_end import DEFAULT_LINES, print_end
from tailboard_tui.commands.tail_print import Printer
from tailboard_tui.text.safe import clean

if TYPE_CHECKING:
    from tailboard_tui.formats.base import LogFile


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "tail",
        "Print the end of what a run printed. A progress bar is one line, its last state; "
        "escape sequences other than colours are made harmless.",
        (
            "tailboard tail latest -f",
            "tailboard tail baseline -n 100 --grep warning",
            "tailboard tail latest --since 10m --json",
            "tailboard tail train.log",
        ),
    )
    parser.add_argument(
        "run", metavar="RUN", help="id, beginning of an id, name, path, `latest`, or a log file"
    )
    parser.add_argument(
        "-n",
        "--lines",
        type=_count,
        metavar="N",
        help=f"the last N lines (default {DEFAULT_LINES}; all with --since)",
    )
    parser.add_argument("-f", "--follow", action="store_true", help="go on as the run prints more")
    parser.add_argument(
        "--since", metavar="TIME", help="only what was printed since then: 10m, 2h, 2026-11-23 14:05"
    )
    parser.add_argument(
        "--grep", metavar="TEXT", help="only lines with TEXT (capitals make it case-sensitive) or ~REGEX"
    )
    parser.add_argument(
        "--file",
        metavar="NAME",
        help="one of the run's output files, by name or number (default: all, by time)",
    )
    parser.add_argument("--raw", action="store_true", help="the bytes as they are, escape sequences included")
    add_json(parser, "one object per line: file, line, time, text")
    add_root(parser)


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number


def run(args: argparse.Namespace) -> int:
    """Print the end of the log."""
    if args.raw and (args.json or args.grep or args.since):
        raise UsageError("--raw prints bytes untouched: it cannot be combined with --json, --grep or --since")
    outputs = _find_outputs(args)
    printer = Printer(args)
    if len(outputs) == 1 and not (args.json or args.grep or args.since):
        count = DEFAULT_LINES if args.lines is None else args.lines
        places = [print_end(outputs[0].path, count, is_raw=args.raw, hold=args.follow)]
    else:
        from tailboard_tui.commands.tail_chosen import print_chosen

        places = print_chosen(args, _log_files(outputs), printer)
    sys.stdout.flush()
    if args.follow:
        from tailboard_tui.commands.tail_follow import follow

        follow(args, _log_files(outputs), places, printer)
    return OK


# Which files


class _Output(NamedTuple):
    """A `LogFile`, before what that needs is imported: 40 ms, as much as all the rest."""

    path: str
    name: str
    index_path: str | None = None


def _log_files(outputs: list[_Output]) -> list[LogFile]:
    from tailboard_tui.formats.base import LogFile

    return [LogFile(*output) for output in outputs]


def _find_outputs(args: argparse.Namespace) -> list[_Output]:
    """The files to print, one at least.

    Raises:
        CommandError: There is no such run, or it has no output.
    """
    if os.path.isfile(args.run):
        return [_Output(args.run, os.path.basename(args.run))]
    name = args.run
    files = _own_outputs(args.run, args.root)
    if not files:
        row = resolve_run(args.run, args.root)
        name = row.facts.name
        files = [_Output(file.path, file.name, file.index_path) for file in row.facts.log_files]
    if not files:
        raise CommandError(f"{clean(name)} has no output")
    if args.file is None:
        return files
    names = [file.name for file in files]
    if args.file in names:
        return [files[names.index(args.file)]]
    if args.file.isdecimal() and 1 <= int(args.file) <= len(files):
        return [files[int(args.file) - 1]]
    raise CommandError(f"no output file {clean(args.file)}; there are: {', '.join(map(clean, names))}")


def _own_outputs(ref: str, roots: list[str] | None) -> list[_Output]:
    """The output of a run in our own format whose directory `ref` spells, without reading any run."""
    places = [ref] if os.sep in ref or os.path.isdir(ref) else []
    if is_run_id(ref):
        places += [os.path.join(root, ref) for root in roots or default_roots()]
    for place in places:
        try:
            names = [entry.name for entry in os.scandir(place) if entry.is_file(follow_symlinks=False)]
        except OSError:
            continue
        if OUTPUT not in names:
            continue
        ranks = [int(part) for name in names if (part := name[len("output.rank") : -len(".log")]).isdecimal()]
        wanted = [(ranked(OUTPUT, rank), ranked(OUTPUT_INDEX, rank)) for rank in sorted({0, *ranks})]
        return [
            _Output(os.path.join(place, name), name, os.path.join(place, index))
            for name, index in wanted
            if name in names
        ]
    return []
