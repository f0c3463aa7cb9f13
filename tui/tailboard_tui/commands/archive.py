"""`tailboard archive`, and what it shares with `rm`: runs to the trash folder beside them, and back."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tailboard_tui.commands.common import (
    Cell,
    Heading,
    Subparsers,
    add_command,
    add_json,
    add_root,
    print_table,
    resolve_runs,
    roots,
)
from tailboard_tui.commands.failures import FAILED, OK, CommandError, UsageError, message
from tailboard_tui.text import units
from tailboard_tui.text.safe import clean

if TYPE_CHECKING:
    from tailboard_tui.store.trash import Kind, Trashed


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    add_arguments(
        add_command(
            subparsers,
            "archive",
            "Move runs of tailboard's own format out of the list, to .tailboard-trash/archived beside them.\n"
            "Archived runs are kept until you delete them by hand. A run that is running is not moved.",
            (
                "tailboard archive run-a run-b",
                "tailboard archive --list",
                "tailboard archive --undo run-a",
                "tailboard runs/.tailboard-trash/archived",
            ),
        )
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that `archive` and `rm` share."""
    parser.add_argument(
        "runs", nargs="*", metavar="RUN", help="id, beginning of an id, name, path, or `latest`"
    )
    parser.add_argument("--undo", action="store_true", help="move them back; without RUN the last one moved")
    parser.add_argument("--list", action="store_true", help="what was moved and can be moved back")
    add_json(parser, "one JSON object for each run moved or listed")
    add_root(parser)


def run(args: argparse.Namespace) -> int:
    """Archive, list or bring back."""
    return move(args, "archived")


def move(args: argparse.Namespace, kind: Kind) -> int:
    """What the arguments ask for, of one kind of trash."""
    from tailboard_tui.store import trash

    places = roots(args.root)
    if args.list or args.undo:
        items = [item for item in trash.listing(places) if item.kind == kind]
        if args.list:
            report(items, args.json)
            return OK
        return _undo(_chosen(items, args.runs), args.json)
    if not args.runs:
        raise UsageError("which runs? (--list shows what was moved)")
    moved: list[Trashed] = []
    refused = False
    for row in resolve_runs(args.runs, args.root):
        try:
            moved.append(trash.discard(row, places, kind, time.time()))
        except trash.TrashError as error:
            message(f"{clean(row.facts.name or row.facts.id, 80)} is not moved: {clean(str(error))}")
            refused = True
    _tell(moved, kind, args.json)
    return FAILED if refused else OK


def _tell(moved: Sequence[Trashed], kind: Kind, as_json: bool) -> None:
    if as_json:
        report(moved, as_json)
        return
    command = "archive" if kind == "archived" else "rm"
    for item in moved:
        print(f"{kind} {clean(item.name)}; `tailboard {command} --undo` brings it back")


def _chosen(items: Sequence[Trashed], refs: Sequence[str]) -> list[Trashed]:
    """The moved runs that are meant, by directory or name: the latest of several, by default the last one.

    Raises:
        CommandError: There is none.
    """
    if not items:
        raise CommandError("nothing was moved that could be moved back")
    if not refs:
        return [items[0]]
    chosen = []
    for ref in refs:
        found = next((item for item in items if item.name == ref or _name_of(item) == ref), None)
        found = found or next((item for item in items if item.name.startswith(ref)), None)
        if found is None:
            raise CommandError(f"nothing called {clean(ref)} was moved; --list shows what was")
        chosen.append(found)
    return chosen


def _name_of(item: Trashed) -> str | None:
    """What the run calls itself."""
    from tailboard_tui.store.lookup import RunNotFound, find_run

    try:
        return find_run(item.path, (), full=False).facts.name
    except RunNotFound:
        return None


def _undo(items: Sequence[Trashed], as_json: bool) -> int:
    from tailboard_tui.store import trash

    for item in items:
        try:
            path = trash.restore(item)
        except trash.TrashError as error:
            raise CommandError(f"{clean(item.name)} is not moved back: {clean(str(error))}") from None
        if as_json:
            _print_object(item, "restored", path)
        else:
            print(f"back: {clean(path)}")
    return OK


def report(items: Sequence[Trashed], as_json: bool) -> None:
    """Print moved runs."""
    if as_json:
        for item in items:
            _print_object(item, item.kind, item.path)
        return
    if not items:
        print("nothing", file=sys.stderr)
        return
    headings = [
        Heading("run", is_optional=False),
        Heading("name"),
        Heading("moved"),
        Heading("from", least_width=20),
    ]
    print_table(
        headings,
        [
            [
                Cell(clean(item.name)),
                Cell(clean(_name_of(item) or "", 60)),
                Cell(units.moment(item.time)),
                Cell(clean(item.folder)),
            ]
            for item in items
        ],
    )


def _print_object(item: Trashed, state: str, path: str) -> None:
    from tailboard.layout import FORMAT
    from tailboard_tui.store.objects import dumps

    print(dumps({"format": FORMAT, "name": item.name, "state": state, "moved": item.time, "path": path}))
