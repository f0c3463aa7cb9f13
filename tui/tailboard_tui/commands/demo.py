"""`tailboard demo`: the explorer on runs that are being written, without writing a script first."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tailboard_tui.commands.common import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add the command."""
    subparsers.add_parser(
        "demo",
        help="live made-up runs, to look around",
        description="Writes small live trainings through the real logger into a temporary folder and opens"
        " the explorer on them. Leaving it ends them and removes the folder.",
    )


def run(args: argparse.Namespace) -> int:
    """Write, look, clean up."""
    from tailboard_tui.commands import explore
    from tailboard_tui.demo import live_runs
    from tailboard_tui.settings import load_settings
    from tailboard_tui.terminal import check_terminal

    problem = check_terminal()
    if problem is not None:
        print(f"tailboard: {problem}", file=sys.stderr)
        return 1
    with live_runs() as root:
        return explore.run([root], load_settings())
