"""`tailboard [PATH ...]`: the explorer."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tailboard_tui.settings import Settings


def run(roots: Sequence[str], settings: Settings) -> int:
    """Open the explorer on `roots` and give its exit status: 1 where there is no terminal, or after a bug."""
    from tailboard_tui.terminal import PlainTerminalDriver, TerminalDriver, check_terminal

    is_served = "TEXTUAL_DRIVER" in os.environ  # textual-serve: a browser instead of a terminal
    problem = None if is_served else check_terminal()
    if problem is not None:
        print(f"tailboard: {problem}", file=sys.stderr)
        return 1
    gc.disable()  # Imports make much that stays; the app lets collections begin once the runs are shown.
    from tailboard_tui.app import TailboardApp

    driver = PlainTerminalDriver if settings.ascii else TerminalDriver
    app = TailboardApp(roots, settings, driver_class=None if is_served else driver)
    app.run()
    return app.return_code or 0
