"""`tailboard serve`: the explorer in a browser, on this machine unless told otherwise."""

from __future__ import annotations

import argparse
import os
import secrets
import shlex
import socket
import sys
from urllib.parse import quote

from tailboard_tui.commands.common import (
    Subparsers,
    add_command,
    add_root,
    roots,
)
from tailboard_tui.commands.failures import OK, CommandError, message

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

NEW = "new"
"""As a token: make one, which then stands in no list of processes."""


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "serve",
        "Serve the explorer to a browser. By default only this machine can reach it; over SSH,\n"
        "`ssh -L 8000:localhost:8000 HOST` brings it to yours. On any other address it asks for a token;\n"
        "where others have accounts on this machine, let it ask here too: `--token new`.\n"
        "Needs the extra: pip install 'tailboard[serve]'.",
        ("tailboard serve", "tailboard serve ~/experiments --port 8123", "tailboard serve --host 0.0.0.0"),
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="folders of runs, runs or files")
    parser.add_argument(
        "--host", default="localhost", metavar="ADDRESS", help="address to bind (default: localhost)"
    )
    parser.add_argument("--port", type=int, default=8000, help="default: 8000")
    parser.add_argument(
        "--token",
        help="what browsers must bring; `new` makes a random one, the default elsewhere than on loopback",
    )
    add_root(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    try:
        from tailboard_tui.commands.web import GuardedServer
    except ImportError:
        raise CommandError("serve needs textual-serve: pip install 'tailboard[serve]'") from None
    places = roots([*args.paths, *(args.root or ())])
    is_local = args.host in LOOPBACK
    token = args.token or (None if is_local else NEW)
    if token == NEW:
        token = secrets.token_urlsafe(24)
    _check_free(args.host, args.port)
    server = GuardedServer(
        app_command(places), args.host, args.port, token=token, hosts=LOOPBACK if is_local else ()
    )
    name = socket.gethostname() if args.host in ("0.0.0.0", "::", "") else args.host  # noqa: S104  # asked for
    place = f"[{name}]" if ":" in name else name
    asked = f"?token={quote(token)}" if token else ""
    message(f"http://{place}:{args.port}/{asked}  (ctrl+c ends it)")
    if not is_local:
        message("everyone with this address can read the runs, and the connection is not encrypted")
    server.serve()
    return OK


def app_command(places: list[str]) -> str:
    """The command line that each browser gets a process of; a shell runs it, so all of it is quoted."""
    paths = map(os.path.abspath, places)
    return shlex.join([sys.executable, "-P", "-m", "tailboard_tui", "explore", "--", *paths])


def _check_free(host: str, port: int) -> None:
    """Tell at once when the port cannot be had.

    Raises:
        CommandError: Something else has it, or it is not ours to have.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[
            0
        ]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CommandError(f"cannot serve on {host}:{port}: {reason}") from None
