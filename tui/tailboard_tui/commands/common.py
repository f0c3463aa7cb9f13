"""What the commands share: where runs are looked for, how failures are told, tables and colours."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, NoReturn, TypeAlias

from tailboard.layout import DEFAULT_DIR, ENV_DIR
from tailboard_tui.commands.failures import CommandError, UsageError
from tailboard_tui.text.safe import clean

if TYPE_CHECKING:
    from tailboard_tui.store.model import RunRow
    from tailboard_tui.store.query import Query

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What `add_parser` of a command is given."""


class Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        """Give up.

        Raises:
            UsageError: Always.
        """
        raise UsageError(f"{clean(message)}; `{self.prog} --help` tells more")


def add_command(
    subparsers: Subparsers, name: str, description: str, examples: Sequence[str] = ()
) -> argparse.ArgumentParser:
    """The parser of one command, with its examples below the options."""
    shown = "\n".join(f"  {example}" for example in examples)
    return subparsers.add_parser(
        name,
        description=description,
        epilog=f"Examples:\n{shown}" if examples else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_root(parser: argparse.ArgumentParser) -> None:
    """The option that says where runs are looked for."""
    parser.add_argument(
        "--root",
        action="append",
        metavar="PATH",
        help=f"look for runs here (default: ${ENV_DIR}, ./{DEFAULT_DIR}, else the current directory)",
    )


def add_json(parser: argparse.ArgumentParser, what: str) -> None:
    """The option for JSON on stdout."""
    parser.add_argument("--json", action="store_true", help=f"print {what}")


def whole_number(text: str) -> int:
    """The type of `-n`: 0 or more.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"not a whole number: {clean(text, 40)!r}")
    return int(text)


def seconds(text: str) -> float:
    """The type of spans of time: 0 or more.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    try:
        span_s = float(text)
    except ValueError:
        span_s = math.nan
    if not span_s >= 0:
        raise argparse.ArgumentTypeError(f"not a number of seconds: {clean(text, 40)!r}")
    return span_s


def default_roots() -> list[str]:
    """`$TAILBOARD_DIR`, else `./runs`, else the current directory."""
    chosen = os.environ.get(ENV_DIR)
    if chosen:
        return [chosen]
    return [DEFAULT_DIR] if os.path.isdir(DEFAULT_DIR) else [os.curdir]


def roots(paths: Sequence[str] | None, *, is_live: bool = False) -> list[str]:
    """`paths`, or the default; places on other machines as the folders of their copies.

    Args:
        is_live: Whether the caller shows runs as they come: it need not wait until all is copied.

    Raises:
        CommandError: One of them does not exist, or cannot be reached.
    """
    from tailboard_tui.files.remote import is_remote

    chosen = list(paths or default_roots())
    for at, path in enumerate(chosen):
        if is_remote(path):
            chosen[at] = _copy_of(path, is_live)
        elif not os.path.exists(path):
            raise CommandError(f"no such file or directory: {clean(path)}")
    return chosen


def _copy_of(place: str, is_live: bool) -> str:
    """The folder of the copy of a remote place, kept up to date until this process ends."""
    from tailboard_tui.files.remote import RemoteError

    try:
        from tailboard_tui.files.mirror import mirrored

        mirror = mirrored(place)
        if not is_live:
            mirror.wait()
    except RemoteError as error:
        raise CommandError(f"{clean(place)}: {clean(str(error))}") from None
    return mirror.folder


def resolve_run(ref: str, places: Sequence[str] | None) -> RunRow:
    """The run that `ref` names, fully read; errors as `resolve_runs`."""
    return resolve_runs([ref], places)[0]


def resolve_runs(refs: Sequence[str], places: Sequence[str] | None) -> list[RunRow]:
    """The runs that `refs` name, fully read, each once, in that order.

    Raises:
        CommandError: One names none, or is not the only one.
    """
    from tailboard_tui.store.lookup import RunNotFound, find_runs

    try:
        return find_runs(refs, roots(places))
    except RunNotFound as error:
        raise CommandError(clean(str(error))) from None


def parse_query(text: str) -> Query:
    """The query of `-q`.

    Raises:
        UsageError: It is none; the message shows the place.
    """
    from tailboard_tui.store.query import compile_query

    query = compile_query(text)
    if query.problem is not None:
        mark = " " * query.problem.position + "^"
        raise UsageError(f"in the query: {query.problem.message}\n  {clean(text)}\n  {mark}")
    return query


Color = Literal["bold", "dim", "red", "green", "yellow", "blue", "cyan", "magenta"]

_SGR = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36}

STATUS_COLORS: dict[str, Color] = {
    "running": "green",
    "stalled": "yellow",
    "failed": "red",
    "crashed": "red",
    "killed": "magenta",
    "unknown": "dim",
}


def has_color() -> bool:
    """Whether stdout takes colours: a terminal, no `NO_COLOR`, `TERM` not dumb."""
    return (
        sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM", "") not in ("", "dumb")
    )


def paint(text: str, color: Color | None) -> str:
    """`text` in a colour of the terminal's own palette, where stdout takes colours."""
    return f"\x1b[{_SGR[color]}m{text}\x1b[0m" if color and has_color() else text


def output_width() -> int | None:
    """Cells that a line may have, or None where stdout is no terminal: nothing is cut in a pipe."""
    if not sys.stdout.isatty():
        return None
    import shutil

    return shutil.get_terminal_size().columns


class Cell(NamedTuple):
    """One cell of a printed table. The text is clean."""

    text: str
    color: Color | None = None


class Heading(NamedTuple):
    """One column of a printed table."""

    title: str
    is_number: bool = False
    least_width: int | None = None
    """Cells that it may be cut to when the table is too wide; None: never cut."""
    is_optional: bool = True
    """Whether it is left out when the table is still too wide; the last ones go first."""


GAP = "  "


def print_table(headings: Sequence[Heading], rows: Iterable[Sequence[Cell]]) -> int:
    """Print a table that fits the terminal.

    Returns:
        The number of columns left out for want of room.
    """
    from rich.cells import cell_len, set_cell_size

    lines = [[Cell(heading.title, "dim") for heading in headings], *map(list, rows)]
    widths = [max(cell_len(line[at].text) for line in lines) for at in range(len(headings))]
    shown = _fit(headings, widths, output_width())
    last = shown[-1] if shown else None
    for line in lines:
        parts = []
        for at in shown:
            text, width = line[at].text, widths[at]
            if cell_len(text) > width:
                text = set_cell_size(text, max(width - 1, 0)) + "…"
            pad = " " * (width - cell_len(text))
            painted = paint(text, line[at].color)
            if headings[at].is_number:
                parts.append(pad + painted)
            else:
                parts.append(painted if at == last else painted + pad)
        print(GAP.join(parts).rstrip())
    return len(headings) - len(shown)


def _fit(headings: Sequence[Heading], widths: list[int], room: int | None) -> list[int]:
    """Indices of the columns that fit into `room` cells; narrows `widths` in place."""
    shown = list(range(len(headings)))
    if room is None:
        return shown

    def excess() -> int:
        return sum(widths[at] for at in shown) + len(GAP) * (len(shown) - 1) - room

    narrowable = [at for at in shown if headings[at].least_width is not None]
    while excess() > 0:
        widest = max(narrowable, key=lambda at: widths[at], default=None)
        if widest is None or widths[widest] <= (headings[widest].least_width or 0):
            break
        widths[widest] -= 1
    while excess() > 0:
        spare = [at for at in shown if headings[at].is_optional]
        if not spare:
            break
        shown.remove(spare[-1])
    return shown
