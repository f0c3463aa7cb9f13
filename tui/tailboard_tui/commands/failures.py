"""How commands end: exit statuses, and what they raise where they cannot do what they were asked."""

from __future__ import annotations

import sys

OK, FAILED, USAGE, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141
"""Exit statuses; 130 and 141 are what shells give for SIGINT and SIGPIPE."""


class CommandError(Exception):
    """The command cannot do what it was asked: one line to stderr, exit status 1."""


class UsageError(Exception):
    """The command was called wrongly: one line to stderr, exit status 2."""


def message(text: str) -> None:
    """One line for the user, on stderr."""
    print(f"tailboard: {text}", file=sys.stderr)
