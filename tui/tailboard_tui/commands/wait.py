"""`tailboard wait`: come back when runs have ended, with an exit status that tells how."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tailboard_tui.commands.common import (
    Subparsers,
    add_command,
    add_json,
    add_root,
    resolve_runs,
    seconds,
)
from tailboard_tui.commands.failures import FAILED, OK, CommandError, message
from tailboard_tui.text.safe import clean

if TYPE_CHECKING:
    from tailboard_tui.store.model import RunRow

LIVE = ("running", "stalled")
POLL_S = 0.5
MAX_POLL_S = 5.0
"""A run that takes hours is asked less often."""


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "wait",
        "Wait until runs have ended. Exit status 0: they finished; 1: one failed, was killed or crashed.\n"
        "A stalled run has not ended: --timeout says how long to wait.",
        (
            "tailboard wait latest && tailboard show latest",
            "tailboard wait run-a run-b --any",
            "tailboard wait latest --timeout 3600 || mail -s 'it broke' me@example.org < /dev/null",
        ),
    )
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="id, beginning of an id, name, path, or `latest`"
    )
    how_many = parser.add_mutually_exclusive_group()
    how_many.add_argument("--all", action="store_true", help="until all have ended (the default)")
    how_many.add_argument(
        "--any", action="store_true", help="until the first has ended, and tell how that one did"
    )
    parser.add_argument(
        "--timeout", type=seconds, metavar="SECONDS", help="give up after that long: exit status 1"
    )
    add_json(parser, "the ended runs as JSON, one object a line, as `ls --json`")
    add_root(parser)


def run(args: argparse.Namespace) -> int:
    """Wait for the runs."""
    rows = resolve_runs(args.runs, args.root)
    deadline = None if args.timeout is None else time.monotonic() + args.timeout
    rows = wait(rows, look, any_run=args.any, deadline=deadline)
    ended = [row for row in rows if row.status not in LIVE]
    _report(ended, args.json)
    return OK if all(row.status == "finished" for row in ended) else FAILED


def look(row: RunRow) -> RunRow:
    """The run as it is now, without its points.

    Raises:
        CommandError: It is gone.
    """
    from tailboard_tui.store.lookup import RunNotFound, find_run

    try:
        return find_run(row.key, (), full=False)
    except RunNotFound as error:
        raise CommandError(clean(str(error))) from None


def wait(
    rows: Sequence[RunRow],
    look: Callable[[RunRow], RunRow],
    *,
    any_run: bool,
    deadline: float | None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[RunRow]:
    """The runs once all (or any) of them have ended.

    Args:
        look: Gives the newest state of a run.
        deadline: By `time.monotonic`, seconds; None waits for ever.

    Raises:
        CommandError: The deadline has passed.
    """
    pause_s = POLL_S
    enough = any if any_run else all
    current = list(rows)
    while not enough(row.status not in LIVE for row in current):
        left_s = MAX_POLL_S if deadline is None else deadline - time.monotonic()
        if left_s <= 0:
            waiting = ", ".join(clean(row.facts.name, 60) for row in current if row.status in LIVE)
            raise CommandError(f"still running: {waiting}")
        sleep(min(pause_s, left_s))
        pause_s = min(pause_s * 1.1, MAX_POLL_S)
        current = [look(row) if row.status in LIVE else row for row in current]
    return current


def _report(ended: Sequence[RunRow], as_json: bool) -> None:
    if as_json:
        from tailboard_tui.store.objects import dumps, run_object

        for row in ended:
            full = resolve_runs([row.key], None)[0]
            print(dumps(run_object(full, time.time())))
        return
    for row in ended:
        message(f"{clean(row.facts.name, 60)}: {row.status}, {clean(row.status_reason)}")
