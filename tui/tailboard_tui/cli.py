"""The command `tailboard`: one table of commands, each imported when it is called."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from tailboard_tui.commands.common import (
    FAILED,
    INTERRUPTED,
    OK,
    PIPE_CLOSED,
    USAGE,
    CommandError,
    UsageError,
    add_root,
    message,
    roots,
)


class Command(NamedTuple):
    """One row of the table of commands."""

    name: str
    arguments: str
    help: str


EXPLORE = "explore"
"""The command that is meant when none is named."""

GROUPS: tuple[tuple[str, tuple[Command, ...]], ...] = (
    (
        "Look",
        (
            Command(EXPLORE, "[PATH ...]", "the screen: runs, charts, output (the default)"),
            Command("ls", "[PATH ...] [-q QUERY] [--sort KEY] [-n N]", "list runs"),
            Command("show", "RUN", "all facts of one run"),
            Command("tail", "RUN [-f]", "what a run printed"),
            Command("plot", "RUN ... -m METRIC", "draw metrics into the terminal's scrollback"),
            Command("metrics", "RUN -m METRIC", "the points of a metric"),
            Command("compare", "RUN RUN ...", "what differs between runs, and which was best"),
        ),
    ),
    (
        "Record",
        (
            Command("run", "[options] -- COMMAND", "record any program: output, exit code, origin"),
            Command("wait", "RUN ...", "wait for runs to end"),
            Command("demo", "", "live made-up runs, to look around"),
        ),
    ),
    (
        "Keep",
        (
            Command("verify", "RUN ...", "is the data that a run pinned still the same?"),
            Command("export", "RUN ... -o FILE", "points as .csv, .parquet or .jsonl"),
            Command("convert", "RUN ... -o DIR", "runs of any format as our own, or as event files"),
            Command("archive", "RUN ...", "move runs to the trash folder, or back"),
            Command("rm", "RUN ...", "the same, and empty the trash"),
        ),
    ),
    (
        "Set up",
        (
            Command("doctor", "[PATH]", "check the machine and a tree of runs"),
            Command("serve", "[PATH ...]", "the screen in a browser"),
            Command("completion", "bash|zsh|fish", "completion for your shell"),
        ),
    ),
)

COMMANDS = {command.name: command for _, commands in GROUPS for command in commands}

EXAMPLES = (
    ("tailboard", "the runs in ./runs or $TAILBOARD_DIR"),
    ("tailboard ~/experiments", "any folder of runs, of any known format"),
    ("tailboard ls -q 'lr >= 1e-3 status:finished'", "runs that match a query"),
    ("tailboard ls --sort val/acc.best -n 5", "the five best"),
    ("tailboard compare latest baseline", "what made the difference"),
    ("tailboard run -- python train.py", "record a program as it is"),
)


def help_text() -> str:
    """What `tailboard --help` prints."""
    lines = ["tailboard [PATH ...]   the run explorer for the terminal", ""]
    width = max(map(len, COMMANDS))
    for title, commands in GROUPS:
        lines.append(f"{title}:")
        lines += [f"  {command.name:{width}}  {command.help}" for command in commands]
        lines.append("")
    lines.append("Examples:")
    width = max(len(example) for example, _ in EXAMPLES)
    lines += [f"  {example:{width}}  {what}" for example, what in EXAMPLES]
    lines += [
        "",
        "RUN is an id, its beginning, a name, a path, or `latest`; --root says where to look.",
        "`tailboard COMMAND --help` tells more; commands that print facts take --json.",
        "A path that is named like a command is written ./NAME.",
    ]
    return "\n".join(lines)


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
    if given[:1] in (["-h"], ["--help"], ["help"]) and not (given == ["help"] and os.path.exists("help")):
        sys.stdout.write(help_text() + "\n")
        return OK
    if given[:1] in (["-V"], ["--version"]):
        sys.stdout.write(f"tailboard {version()}\n")
        return OK
    if not given or given[0] not in COMMANDS:
        _check_for_typing_error(given)
        given = [EXPLORE, *given]
    return _dispatch(given)


def _dispatch(given: list[str]) -> int:
    name = given[0]
    if name == EXPLORE:
        return _explore(given[1:])
    module = importlib.import_module(f"tailboard_tui.commands.{name}")
    subparsers = argparse.ArgumentParser(prog="tailboard", add_help=False).add_subparsers()
    module.add_parser(subparsers)
    status: int = module.run(subparsers.choices[name].parse_args(given[1:]))
    return status


def _explore(given: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tailboard", add_help=False)
    parser.add_argument("paths", nargs="*", metavar="PATH")
    add_root(parser)
    chosen = parser.parse_args(given)
    from tailboard_tui.commands import explore
    from tailboard_tui.settings import load_settings

    return explore.run(roots([*chosen.paths, *(chosen.root or ())]), load_settings())


def _check_for_typing_error(given: list[str]) -> None:
    """Tell `tailboard lss` from a path.

    Raises:
        UsageError: The first argument is no path and looks like a command.
    """
    if not given or given[0].startswith("-") or os.path.lexists(given[0]):
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
    return clean(f"{os.fsdecode(error.filename)}: {what}" if error.filename else what)


def _discard_output() -> None:
    """Send what is still buffered nowhere: the interpreter would try to write it again as it ends."""
    try:
        fd = sys.stdout.fileno()
    except (OSError, ValueError, AttributeError):
        return
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, fd)
    os.close(null)
