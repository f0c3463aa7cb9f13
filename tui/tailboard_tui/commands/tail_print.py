"""How `tailboard tail` prints rows: plain, as JSON, or with the name of the file where there are several."""

from __future__ import annotations

import argparse
import sys

from tailboard.layout import FORMAT
from tailboard_tui.commands.common import has_color
from tailboard_tui.text.ansi import Line, encode
from tailboard_tui.text.safe import clean


def shown(line: Line) -> str:
    """The row with its colours where a terminal wants them."""
    return encode(line) if has_color() else line.text


class Printer:
    """Prints rows of one file or of several.

    Attributes:
        labels: By name of file, what stands before its rows, for several files in order of time.
        has_headings: Whether `==> name <==` stands above the rows of another file than before.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        """Nothing is printed yet."""
        self.labels: dict[str, Line] = {}
        self.has_headings = False
        self._as_json: bool = args.json
        self._is_live = sys.stdout.isatty() and not (args.raw or args.json or args.grep)
        self._live = ""
        self._headed: str | None = None

    def head(self, name: str) -> None:
        """Say whose rows follow, where that is wanted and not said yet."""
        if self.has_headings and not self._as_json and self._headed != name:
            gap = "\n" if self._headed is not None else ""
            self._headed = name
            sys.stdout.write(f"{gap}==> {clean(name)} <==\n")
            sys.stdout.flush()

    def row(self, name: str, line: Line, number: int | None, when: float | None) -> None:
        """Print one row.

        Args:
            name: Its file's.
            line: What it shows.
            number: From 1, for JSON.
            when: Unix seconds, for JSON.
        """
        self.erase_live()
        if self._as_json:
            import json

            record = {"format": FORMAT, "file": name, "line": number, "time": when, "text": line.text}
            print(json.dumps(record, ensure_ascii=False))
            return
        self.head(name)
        label = self.labels.get(name)
        print(f"{shown(label)} {shown(line)}" if label is not None else shown(line))

    def draw_live(self, line: Line) -> None:
        """The unfinished row, drawn over as it changes: the progress bar that people watch."""
        if not self._is_live or self.labels or self.has_headings:
            return
        import shutil

        from rich.cells import set_cell_size

        width = shutil.get_terminal_size().columns
        text = set_cell_size(line.text, max(width - 1, 1)).rstrip()
        if text != self._live:
            self._live = text
            sys.stdout.write(f"\r{text}\x1b[K")

    def erase_live(self) -> None:
        """Take the unfinished row off the screen."""
        if self._live:
            sys.stdout.write("\r\x1b[K")
            self._live = ""
