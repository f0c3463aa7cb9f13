"""`tailboard doctor`: check the machine and a tree of runs, and say what to do."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable

from tailboard_tui.commands.common import (
    Color,
    Subparsers,
    add_command,
    add_json,
    add_root,
    paint,
    roots,
)
from tailboard_tui.commands.failures import FAILED, OK
from tailboard_tui.store.checkup import Check, machine, tree
from tailboard_tui.text.graphics import Graphics, ask
from tailboard_tui.text.safe import clean

MARKS: dict[str, tuple[str, Color]] = {
    "ok": ("ok  ", "green"),
    "note": ("note", "yellow"),
    "bad": ("bad ", "red"),
}


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "doctor",
        "Check the machine (terminal, colours, Unicode, versions, events) and the runs below PATH.\n"
        "Exit status 1 when something is bad.",
        ("tailboard doctor", "tailboard doctor ~/experiments"),
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="folders of runs, runs or files")
    add_json(parser, "one JSON object with all checks")
    add_root(parser)


def run(args: argparse.Namespace) -> int:
    """Check and report."""
    places = roots([*args.paths, *(args.root or ())])
    now = time.time()
    is_terminal = sys.stdout.isatty()
    parts = [("this machine", machine(os.environ, is_terminal=is_terminal, graphics=_graphics()))]
    parts += [(os.path.abspath(place), tree(place, now)) for place in places]
    found: list[tuple[str, Check]] = []
    for title, checks in parts:
        if not args.json:
            print(paint(clean(title), "cyan"))
        for check in checks:
            found.append((title, check))
            if not args.json:
                _print(check)
    if args.json:
        _print_json(found)
    return FAILED if any(check.state == "bad" for _, check in found) else OK


def _graphics() -> Graphics | None:
    """What the terminal has for images; None where there is none to be asked, or it does not answer."""
    from tailboard_tui.terminal import check_terminal

    if check_terminal() is not None:
        return None
    return ask(os.environ, reading=sys.stdin.fileno(), writing=sys.stdout.fileno())


def _print(check: Check) -> None:
    mark, color = MARKS[check.state]
    print(f"  {paint(mark, color)}  {check.topic:11}  {clean(check.text, 2_000)}")
    if check.advice:
        print(f"        {'':11}  {paint('-> ' + clean(check.advice), 'dim')}")


def _print_json(found: Iterable[tuple[str, Check]]) -> None:
    from tailboard.layout import FORMAT
    from tailboard_tui.store.objects import dumps

    checks = [
        {"subject": title, "topic": item.topic, "state": item.state, "text": item.text, "advice": item.advice}
        for title, item in found
    ]
    print(dumps({"format": FORMAT, "checks": checks}))
