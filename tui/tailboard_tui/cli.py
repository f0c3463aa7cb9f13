"""The command `tailboard`: each command is imported when it is called."""

from __future__ import annotations

import os
import sys

from tailboard_tui.commands.failures import (
    FAILED,
    INTERRUPTED,
    OK,
    PIPE_CLOSED,
    USAGE,
    CommandError,
    UsageError,
    message,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status (docs/commands.md)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            status = _run(given)
        except SystemExit as stop:  # argparse has printed its help or message
            status = stop.code if isinstance(stop.code, int) else OK
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return PIPE_CLOSED
    except UsageError as error:
        message(str(error))
        return USAGE
    except CommandError as error:
        message(str(error))
        return FAILED
    except OSError as error:
        _discard_output()
        message(_os_error_text(error))
        return FAILED
    return status


def _run(given: list[str]) -> int:
    if given[:1] == ["run"]:  # first of all: the user's program waits for what we import
        from tailboard_tui.commands import run

        quick = run.quick_arguments(given[1:])
        if quick is not None:
            return run.run(quick)
    from tailboard_tui.commands.table import COMMANDS, EXPLORE, help_text

    is_explorer = not given or given[0] not in COMMANDS or given[0] == EXPLORE
    if given == ["help"] or (is_explorer and {"-h", "--help"} & set(given)):
        sys.stdout.write(help_text() + "\n")
        return OK
    if given[:1] in (["-V"], ["--version"]):
        sys.stdout.write(f"tailboard {version()}\n")
        return OK
    if is_explorer:
        _check_for_typing_error(given)
        return _explore(given[1:] if given[:1] == [EXPLORE] else given)
    return _dispatch(given)


def _dispatch(given: list[str]) -> int:
    import importlib

    from tailboard_tui.commands.common import Parser

    name = given[0]
    module = importlib.import_module(f"tailboard_tui.commands.{name}")
    subparsers = Parser(prog="tailboard", add_help=False).add_subparsers(prog="tailboard")
    module.add_parser(subparsers)
    status: int = module.run(subparsers.choices[name].parse_args(given[1:]))
    return status


def _explore(given: list[str]) -> int:
    from tailboard_tui.commands.common import Parser, add_root, default_roots, roots

    parser = Parser(prog="tailboard", add_help=False)
    parser.add_argument("paths", nargs="*", metavar="PATH")
    add_root(parser)
    chosen = parser.parse_args(given)
    from tailboard_tui.commands import explore
    from tailboard_tui.files.remote import is_remote
    from tailboard_tui.settings import load_settings

    named = [*chosen.paths, *(chosen.root or ())]
    places = named or default_roots()
    # The default place may come into being later: the explorer can be opened before the first training.
    if named or is_remote(places[0]):
        places = roots(places, is_live=True)
    return explore.run(places, load_settings())


def _check_for_typing_error(given: list[str]) -> None:
    """Tell `tailboard lss` from a path.

    Raises:
        UsageError: The first argument is no path and looks like a command.
    """
    from tailboard_tui.commands.table import COMMANDS, EXPLORE

    if not given or given[0] == EXPLORE or given[0].startswith("-") or os.path.lexists(given[0]):
        return
    import difflib

    near = difflib.get_close_matches(given[0], COMMANDS, n=1, cutoff=0.7)
    if near:
        from tailboard_tui.text.safe import clean

        raise UsageError(
            f"no command and no path is called {clean(given[0])}; did you mean `tailboard {near[0]}`?"
        )


def version() -> str:
    """The installed version."""
    from importlib import metadata

    try:
        return metadata.version("tailboard")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _os_error_text(error: OSError) -> str:
    from tailboard_tui.text.safe import clean

    what = error.strerror or str(error)
    return clean(f"{error.filename}: {what}" if error.filename else what)


def _discard_output() -> None:
    """Send what is still buffered nowhere: the interpreter would try to write it again as it ends."""
    try:
        fd = sys.stdout.fileno()
    except (OSError, ValueError, AttributeError):
        return
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, fd)
    os.close(null)
