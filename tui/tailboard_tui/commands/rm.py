"""`tailboard rm`: runs to the trash folder beside them, back, and the trash emptied."""

from __future__ import annotations

import argparse
import sys

from tailboard_tui.commands.archive import add_arguments, move, report
from tailboard_tui.commands.common import Subparsers, add_command, roots
from tailboard_tui.commands.failures import OK, CommandError, UsageError
from tailboard_tui.text.safe import clean


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "rm",
        "Move runs of tailboard's own format to .tailboard-trash/removed beside them.\n"
        "Nothing is deleted before --empty, which takes only what `rm` moved. Running runs are not moved.",
        ("tailboard rm run-a", "tailboard rm --undo", "tailboard rm --empty --yes"),
    )
    add_arguments(parser)
    parser.add_argument("--empty", action="store_true", help="delete what rm moved, for good, after asking")
    parser.add_argument("-y", "--yes", action="store_true", help="with --empty: do not ask")


def run(args: argparse.Namespace) -> int:
    """Remove, list, bring back or empty."""
    if not args.empty:
        return move(args, "removed")
    if args.runs or args.undo or args.list:
        raise UsageError("--empty stands alone")
    from tailboard_tui.store import trash

    items = [item for item in trash.listing(roots(args.root)) if item.kind == "removed"]
    if not items:
        report(items, args.json)
        return OK
    if not args.yes and not _is_confirmed(len(items)):
        raise CommandError("nothing is deleted")
    try:
        trash.empty(items)
    except trash.TrashError as error:
        raise CommandError(clean(str(error))) from None
    if args.json:
        report(items, args.json)
    else:
        print(f"deleted {len(items)} {'run' if len(items) == 1 else 'runs'}")
    return OK


def _is_confirmed(count: int) -> bool:
    """Ask on the terminal.

    Raises:
        UsageError: There is none to ask on.
    """
    if not sys.stdin.isatty():
        raise UsageError("--empty asks first; without a terminal it needs --yes")
    print(
        f"Delete {count} {'run' if count == 1 else 'runs'} for good? [y/N] ",
        end="",
        file=sys.stderr,
        flush=True,
    )
    return sys.stdin.readline().strip().lower() in ("y", "yes")
