"""What is appended to the files of `tailboard tail -f`, as it comes."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from tailboard_tui.commands.failures import CommandError, message
from tailboard_tui.commands.tail_end import CHUNK_BYTES, Place
from tailboard_tui.commands.tail_print import Printer
from tailboard_tui.files.opening import open_regular
from tailboard_tui.text.ansi import Line
from tailboard_tui.text.safe import clean
from tailboard_tui.text.terminal_line import Settling

if TYPE_CHECKING:
    from tailboard_tui.formats.base import LogFile

POLL_S = 0.2


def follow(
    args: argparse.Namespace, files: Sequence[LogFile], places: Sequence[Place], printer: Printer
) -> None:
    """Print what is appended until interrupted, also when a file is truncated or replaced.

    Raises:
        CommandError: The pattern of `--grep` takes too long.
    """
    shows = _matcher(args.grep)
    followed = [
        _Followed(file, place, printer, shows, is_raw=args.raw)
        for file, place in zip(files, places, strict=True)
    ]
    try:
        while True:
            for one in followed:
                one.take_in()
            sys.stdout.flush()
            time.sleep(POLL_S)
    finally:
        for one in followed:
            one.close()


class _Followed:
    """One file that grows."""

    def __init__(
        self,
        file: LogFile,
        place: Place,
        printer: Printer,
        shows: Callable[[str], bool],
        *,
        is_raw: bool,
    ) -> None:
        self._path, self._name = file.path, file.name
        self._offset, self._rows = place
        self._printer = printer
        self._shows = shows
        self._is_raw = is_raw
        self._settling = Settling()
        self._fd = open_regular(self._path)

    def close(self) -> None:
        """Print rows that were still drawn over, and close the file."""
        os.close(self._fd)
        self._print(self._settling.rest())

    def take_in(self) -> None:
        """Print what was appended."""
        self._look()
        while data := os.pread(self._fd, CHUNK_BYTES, self._offset):
            self._offset += len(data)
            if self._is_raw:
                self._printer.head(self._name)
                sys.stdout.buffer.write(data)
            else:
                self._print(self._settling.feed(data))
                self._printer.draw_live(self._settling.open_line)

    def _look(self) -> None:
        """Begin anew when the file is another one."""
        held = os.fstat(self._fd)
        try:
            found = os.stat(self._path, follow_symlinks=False)
        except OSError:
            return  # gone for now; a new one is taken up when it is there
        if (found.st_dev, found.st_ino) != (held.st_dev, held.st_ino):
            fresh = open_regular(self._path)
            os.close(self._fd)
            self._fd, self._offset, self._settling = fresh, 0, Settling()
            message(f"{clean(self._path)} was replaced")
        elif held.st_size < self._offset:
            self._offset, self._settling = 0, Settling()
            message(f"{clean(self._path)} was truncated")

    def _print(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self._rows += 1
            if self._shows(line.text):
                self._printer.row(self._name, line, self._rows, time.time())


def _matcher(typed: str | None) -> Callable[[str], bool]:
    """Whether a new line is to be printed."""
    if not typed:
        return lambda text: True
    from tailboard_tui.store.logsearch import Pattern, make_finder
    from tailboard_tui.store.regex_process import RegexTimeoutError

    pattern = Pattern.parse(typed)
    assert pattern is not None  # what was printed before has been chosen by it
    finder = make_finder(pattern)

    def shows(text: str) -> bool:
        try:
            return finder.matches(text)
        except RegexTimeoutError as error:
            raise CommandError(str(error)) from error

    return shows
