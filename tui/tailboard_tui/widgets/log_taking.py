"""The keys that take lines out of a log: to the clipboard, to a file, to a pager or an editor."""

from __future__ import annotations

import os
import shlex
import subprocess

from textual.app import SuspendNotSupported

from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.log_base import LogBase


class LogTaking(LogBase):
    """Copies and saves lines, and opens the file elsewhere."""

    def action_select_lines(self) -> None:
        """Begin or end a selection at the cursor."""
        view = self.view
        if view.selected_from is None:
            view.select(view.cursor)
            self._note("move to select lines, then y copies or W saves them")
        else:
            view.select(None)
            self._note("")

    def action_copy_lines(self) -> None:
        """Copy the selection or the cursor's line."""
        if self._session is not None:
            self._session.copy(self.view.selection)

    def action_copy_time(self) -> None:
        """Copy when the cursor's line was printed."""
        if self._session is not None:
            self._session.ask_time(self.view.cursor, "copy_time")

    def action_save_log(self) -> None:
        """Type the file to save to."""
        if self.app.is_web:
            self._note("a browser may not write files on this machine; y copies", "$warning")
            return
        view = self.view
        rows = view.visible_rows
        shown = view.selection
        if view.selected_from is None and rows:
            shown = range(rows[0].position, rows[-1].position + 1)
        self._ask(f"save these {len(shown):,} lines to a new file", "", lambda path: self._save(shown, path))

    def _save(self, positions: range, path: str) -> None:
        if self._session is not None and path.strip():
            self._session.save(positions, path.strip())

    def action_open_pager(self) -> None:
        """Leave the screen to $PAGER until it ends."""
        self._open_in("PAGER", "less")

    def action_open_editor(self) -> None:
        """Leave the screen to $EDITOR until it ends."""
        self._open_in("VISUAL" if os.environ.get("VISUAL") else "EDITOR", "vi")

    def _open_in(self, variable: str, default: str) -> None:
        """Run the program that an environment variable names with the file as its last argument."""
        if not self._state.path:
            return
        if self.app.is_web:
            self._note("a browser may not start programs on this machine", "$warning")
            return
        try:
            program = shlex.split(os.environ.get(variable) or default)
            with self.app.suspend():
                subprocess.run([*program, os.path.abspath(self._state.path)], check=False)
        except SuspendNotSupported:
            self._note(f"${variable} needs a terminal", "$warning")
        except (OSError, ValueError) as error:
            self._note(f"${variable}: {clean(str(error))}", "$warning")
        self.app.refresh(layout=True)
