"""`tailboard tail`: what a run printed, as the terminal showed it, and as it goes on."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from tailboard.layout import FORMAT, OUTPUT, OUTPUT_INDEX, is_run_id
from tailboard_tui.commands.common import (
    OK,
    CommandError,
    Subparsers,
    UsageError,
    add_command,
    add_json,
    add_root,
    default_roots,
    has_color,
    message,
    resolve_run,
)
from tailboard_tui.files.opening import open_regular
from tailboard_tui.text.ansi import Line, encode
from tailboard_tui.text.safe import clean
from tailboard_tui.text.terminal_line import Settling, last_lines

if TYPE_CHECKING:
    from tailboard_tui.store.logfile import LogText
    from tailboard_tui.store.loghits import Hits
    from tailboard_tui.store.logtime import LogTimes

DEFAULT_LINES = 10
"""As `tail`."""

POLL_S = 0.2
CHUNK_BYTES = 64 * 1024


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "tail",
        "Print the end of what a run printed. A progress bar is one line, its last state; "
        "escape sequences other than colours are made harmless.",
        (
            "tailboard tail latest -f",
            "tailboard tail baseline -n 100 --grep warning",
            "tailboard tail latest --since 10m --json",
            "tailboard tail train.log",
        ),
    )
    parser.add_argument(
        "run", metavar="RUN", help="id, beginning of an id, name, path, `latest`, or a log file"
    )
    parser.add_argument(
        "-n",
        "--lines",
        type=_count,
        metavar="N",
        help=f"the last N lines (default {DEFAULT_LINES}; all with --since)",
    )
    parser.add_argument("-f", "--follow", action="store_true", help="go on as the run prints more")
    parser.add_argument(
        "--since", metavar="TIME", help="only what was printed since then: 10m, 2h, 2026-11-23 14:05"
    )
    parser.add_argument(
        "--grep", metavar="TEXT", help="only lines with TEXT (capitals make it case-sensitive) or ~REGEX"
    )
    parser.add_argument("--file", metavar="NAME", help="which of the run's output files, by name or number")
    parser.add_argument("--raw", action="store_true", help="the bytes as they are, escape sequences included")
    add_json(parser, "one object per line: line, time, text")
    add_root(parser)


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number


def run(args: argparse.Namespace) -> int:
    """Print the end of the log."""
    if args.raw and (args.json or args.grep or args.since):
        raise UsageError("--raw prints bytes untouched: it cannot be combined with --json, --grep or --since")
    path, index_path = _find_log(args)
    if args.json or args.grep or args.since:
        size, rows = _print_chosen(args, path, index_path)
    else:
        rows = 0
        size = _print_end(
            path, DEFAULT_LINES if args.lines is None else args.lines, is_raw=args.raw, hold=args.follow
        )
    sys.stdout.flush()
    if args.follow:
        _Follower(args, path, size, rows).run()
    return OK


# Which file


def _find_log(args: argparse.Namespace) -> tuple[str, str | None]:
    """The file to print and the index of its times.

    Raises:
        CommandError: There is no such run, or it has no output.
    """
    if os.path.isfile(args.run):
        return args.run, None
    own = _own_output(args.run, args.root)
    if own is not None and args.file is None:
        return own
    row = resolve_run(args.run, args.root)
    files = row.facts.log_files
    if not files:
        raise CommandError(f"{clean(row.facts.name)} has no output")
    names = [file.name for file in files]
    if args.file is None:
        return files[0].path, files[0].index_path
    if args.file in names:
        chosen = files[names.index(args.file)]
    elif args.file.isdecimal() and 1 <= int(args.file) <= len(files):
        chosen = files[int(args.file) - 1]
    else:
        raise CommandError(f"no output file {clean(args.file)}; there are: {', '.join(map(clean, names))}")
    return chosen.path, chosen.index_path


def _own_output(ref: str, roots: list[str] | None) -> tuple[str, str] | None:
    """The output of a run in our own format whose directory `ref` spells, without reading any run."""
    places = [ref] if os.sep in ref or os.path.isdir(ref) else []
    if is_run_id(ref):
        places += [os.path.join(root, ref) for root in roots or default_roots()]
    for place in places:
        path = os.path.join(place, OUTPUT)
        if os.path.isfile(path) and not os.path.islink(path):
            return path, os.path.join(place, OUTPUT_INDEX)
    return None


# The end of the file


def _print_end(path: str, lines: int, *, is_raw: bool, hold: bool) -> int:
    """Print the last rows without looking at the rest of the file.

    Args:
        path: The file.
        lines: How many.
        is_raw: Print bytes.
        hold: Leave out an unfinished last row: `_follow` shows it.

    Returns:
        The offset up to which is printed.
    """
    fd = open_regular(path)
    try:
        end = os.fstat(fd).st_size
        data = _last_bytes(fd, end, lines)
    finally:
        os.close(fd)
    if is_raw:
        sys.stdout.buffer.write(_cut(data, lines))
        return end
    unfinished = len(data) - data.rfind(b"\n") - 1 if hold else 0
    data = data[: len(data) - unfinished]
    for line in last_lines(data, lines):
        print(_shown(line))
    return end - unfinished


def _last_bytes(fd: int, end: int, lines: int) -> bytes:
    """Whole physical lines from the end, so many that at least `lines` rows come of them."""
    data, start = b"", end
    while start > 0 and _rows(data) <= lines:
        first = max(start - max(CHUNK_BYTES, len(data)), 0)
        data = os.pread(fd, start - first, first) + data
        start = first
    return data if start == 0 else data.partition(b"\n")[2]


def _cut(data: bytes, lines: int) -> bytes:
    """The last physical lines of `data`."""
    at = len(data) - data.endswith(b"\n")
    for _ in range(lines):
        at = data.rfind(b"\n", 0, max(at, 0))
        if at < 0:
            return data
    return data[at + 1 :] if lines else b""


def _rows(data: bytes) -> int:
    """Rows in `data` as far as newlines tell: those of nested bars are no row ends."""
    return data.count(b"\n") - data.count(b"\x1b[A\n") + (not data.endswith(b"\n"))


def _shown(line: Line) -> str:
    return encode(line) if has_color() else line.text


# Chosen lines


def _print_chosen(args: argparse.Namespace, path: str, index_path: str | None) -> tuple[int, int]:
    """Print rows by time or content, or as JSON; the offset up to which is printed, and rows before it."""
    from tailboard_tui.store.logfile import LogText
    from tailboard_tui.store.logtime import LogTimes

    log = LogText(path)
    log.refresh()
    if log.index is None:
        raise CommandError(f"{clean(path)}: {log.error}")
    while log.index.step():
        pass
    times = LogTimes(log, index_path)
    times.refresh()
    rows = _chosen_rows(args, log, times)
    limit = args.lines if args.lines is not None else None if args.since else DEFAULT_LINES
    if limit is not None:
        rows = rows[max(len(rows) - limit, 0) :] if limit else []
    for row in rows:
        line = log.row(row).line
        _print_line(args, line, row - log.index.first_row + 1, times.time_of(row) if args.json else None)
    done = log.size_bytes, log.index.end_row - log.index.first_row
    log.close()
    return done


def _chosen_rows(args: argparse.Namespace, log: LogText, times: LogTimes) -> list[int] | range:
    assert log.index is not None
    first, end = log.index.first_row, log.index.end_row
    if args.since:
        found = times.row_at(_since(args.since))
        if found is None and first < end:
            raise CommandError("this log has no times")
        first = found if found is not None else first
    if not args.grep:
        return range(first, end)
    return [row for row in _hits(args.grep, log).rows().tolist() if row >= first]


def _hits(typed: str, log: LogText) -> Hits:
    from tailboard_tui.store.logmatch import search_hits
    from tailboard_tui.store.logsearch import Pattern

    pattern = Pattern.parse(typed)
    if pattern is None or pattern.problem:
        raise UsageError(f"--grep: {clean(pattern.problem if pattern else 'nothing to look for')}")
    hits = search_hits(log, pattern)
    while hits.step():
        pass
    hits.close()
    if hits.error:
        raise CommandError(hits.error)
    return hits


def _since(text: str) -> float:
    from tailboard_tui.store.logtime import parse_moment

    moment = parse_moment(text, time.time())
    if moment is None:
        raise UsageError(f"--since: write 10m, 2h, 14:05 or 2026-11-23 14:05, not {clean(text)}")
    return moment


def _print_line(args: argparse.Namespace, line: Line, number: int | None, when: float | None) -> None:
    if not args.json:
        print(_shown(line))
        return
    import json

    print(json.dumps({"format": FORMAT, "line": number, "time": when, "text": line.text}, ensure_ascii=False))


# Going on


class _Follower:
    """Prints what is appended, until it is interrupted."""

    def __init__(self, args: argparse.Namespace, path: str, offset: int, rows: int) -> None:
        self._args = args
        self._path = path
        self._offset = offset
        self._rows = rows
        self._settling = Settling()
        self._shows = _matcher(args.grep)
        self._is_live = sys.stdout.isatty() and not (args.raw or args.json or args.grep)
        self._live = ""

    def run(self) -> None:
        """Follow the file, also when it is truncated or replaced."""
        fd = open_regular(self._path)
        try:
            while True:
                fd = self._same_file(fd)
                while data := os.pread(fd, CHUNK_BYTES, self._offset):
                    self._offset += len(data)
                    self._take_in(data)
                sys.stdout.flush()
                time.sleep(POLL_S)
        finally:
            os.close(fd)
            self._print(self._settling.rest())

    def _same_file(self, fd: int) -> int:
        """The descriptor to read on from; from the beginning when the file is another one."""
        held = os.fstat(fd)
        try:
            found = os.stat(self._path, follow_symlinks=False)
        except OSError:
            return fd  # gone for now; a new one is taken up when it is there
        if (found.st_dev, found.st_ino) != (held.st_dev, held.st_ino):
            fresh = open_regular(self._path)
            os.close(fd)
            fd, self._offset, self._settling = fresh, 0, Settling()
            message(f"{clean(self._path)} was replaced")
        elif held.st_size < self._offset:
            self._offset, self._settling = 0, Settling()
            message(f"{clean(self._path)} was truncated")
        return fd

    def _take_in(self, data: bytes) -> None:
        if self._args.raw:
            sys.stdout.buffer.write(data)
            return
        self._print(self._settling.feed(data))
        if self._is_live:
            self._draw_live(self._settling.open_line)

    def _print(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self._rows += 1
            if self._shows(line.text):
                self._erase_live()
                _print_line(self._args, line, self._rows, time.time())

    def _draw_live(self, line: Line) -> None:
        """The unfinished row, drawn over as it changes: the progress bar that people watch."""
        from rich.cells import set_cell_size

        width = shutil.get_terminal_size().columns
        text = set_cell_size(line.text, max(width - 1, 1)).rstrip()
        if text != self._live:
            self._live = text
            sys.stdout.write(f"\r{text}\x1b[K")

    def _erase_live(self) -> None:
        if self._live:
            sys.stdout.write("\r\x1b[K")
            self._live = ""


def _matcher(typed: str | None) -> Callable[[str], bool]:
    """Whether a new line is to be printed."""
    if not typed:
        return lambda text: True
    from tailboard_tui.store.logsearch import Pattern, make_finder

    pattern = Pattern.parse(typed)
    assert pattern is not None  # `_hits` has looked
    finder = make_finder(pattern)
    return lambda text: bool(finder.spans([text])[0])
