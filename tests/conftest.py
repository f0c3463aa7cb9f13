"""What holds for every test."""

from __future__ import annotations

import os
import signal


def pytest_configure() -> None:
    """Begin as a user's shell would.

    A job started in the background, as CI may start us, inherits SIGINT and SIGHUP as ignored, and hands
    that on to every program that a test starts and then interrupts. Variables of tailboard itself would
    send the runs of tests into a directory of the user.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for name in list(os.environ):
        if name.startswith("TAILBOARD_"):
            del os.environ[name]
