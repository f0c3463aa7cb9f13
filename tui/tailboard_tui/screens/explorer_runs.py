"""What the explorer does with single runs: names and tags, star, hide, trash, problems, alerts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from textual.content import Content
from textual.screen import Screen

from tailboard_tui.messages import RunActionDone
from tailboard_tui.screens.run_source import RunSource
from tailboard_tui.settings import Settings
from tailboard_tui.text import units
from tailboard_tui.text.notification import notification
from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.run_table import RunTable
from tailboard_tui.widgets.run_table_columns import display_name

if TYPE_CHECKING:
    from tailboard_tui.formats.base import Alert
    from tailboard_tui.screens.edit_notes import Notes
    from tailboard_tui.store.annotations import Annotation
    from tailboard_tui.store.model import RunRow
    from tailboard_tui.store.trash import Trashed
    from tailboard_tui.widgets.line_view import ViewLine

ALERTS_KEPT = 500
SHOWN_AT_ONCE = 3
"""Alerts that pop up from one change; the rest wait in the list."""


class RunActions(Screen[None]):
    """The part of the explorer that works on one run. Mixed into `Explorer`, which holds the state."""

    roots: tuple[str, ...]
    settings: Settings
    clock: Callable[[], float]
    source: RunSource
    table: RunTable

    def init_runs(self) -> None:
        """Nothing has happened yet."""
        self._alerts: list[tuple[RunRow, Alert]] = []
        self._trashed: list[Trashed] = []

    def note(self, text: str, *, is_error: bool = False) -> None:
        """Say something for a few seconds; `text` may hold data."""
        self.notify(clean(text, 300), severity="error" if is_error else "information", markup=False)

    def say_choose_run(self) -> None:
        """The cursor stands on a group, and one run is meant."""
        raise NotImplementedError

    def _current(self) -> RunRow | None:
        key = self.table.cursor_key
        if key is None:
            self.say_choose_run()
        return self.source.row(key) if key else None

    def _work(self, work: Callable[[], str], *, refresh: str) -> None:
        """Do `work`, which may touch the disk, beside the event loop; then look at that run again.

        Args:
            work: Gives what to say, or an empty text. An OSError or a ValueError is said instead.
            refresh: The run's key.
        """

        def run() -> None:
            try:
                done = RunActionDone(work(), is_error=False)
            except (OSError, ValueError) as error:
                done = RunActionDone(str(error), is_error=True)
            self.source.refresh((refresh,))
            self.post_message(done)

        self.run_worker(run, name="run action", group="run action", thread=True)

    def on_run_action_done(self, message: RunActionDone) -> None:
        """Say how it went."""
        if message.text:
            self.note(message.text, is_error=message.is_error)

    # Annotations

    def _annotate(self, row: RunRow, make: Callable[[type[Annotation]], Annotation]) -> None:
        now = self.clock()

        def write() -> str:
            from tailboard_tui.store.annotations import Annotation, annotate

            try:
                path = annotate(row.facts, make(Annotation), now)
            except OSError as error:
                raise OSError(f"it could not be written: {error.filename}: {error.strerror}") from error
            is_ours = row.facts.source == "tailboard" and not path.startswith(row.facts.path)
            return f"the run cannot be written to; it is kept in {path}" if is_ours else ""

        self._work(write, refresh=row.key)

    def action_toggle_star(self) -> None:
        """Star the run, or not any more."""
        row = self._current()
        if row is not None:
            is_star = not row.star
            self._annotate(row, lambda make: make(star=is_star))

    def action_hide_run(self) -> None:
        """Hide the run; on a hidden one, show it again."""
        row = self._current()
        if row is not None:
            is_hidden = not row.is_hidden
            self._annotate(row, lambda make: make(hidden=is_hidden))
            if is_hidden and not self.table.model.shows_hidden:
                self.note(f"{display_name(row)} is hidden; . lists hidden runs")

    def action_show_hidden(self) -> None:
        """List hidden runs too, or not any more."""
        self.table.set_shows_hidden(not self.table.model.shows_hidden)

    def action_edit_tags(self) -> None:
        """Edit name, tags and notes."""
        from tailboard_tui.screens.edit_notes import EditNotes, Notes

        row = self._current()
        if row is None:
            return
        before = Notes(row.facts.name, row.facts.tags, row.facts.notes or "")

        def take(after: Notes | None) -> None:
            if after is not None and after != before:
                self._annotate(row, lambda make: make(name=after.name, tags=after.tags, notes=after.notes))

        self.app.push_screen(EditNotes(before), take)

    # Trash

    def action_archive_run(self) -> None:
        """Move the run to the trash folder, after asking."""
        from tailboard_tui.screens.ask import Ask

        row = self._current()
        if row is None:
            return
        now, roots = self.clock(), self.roots
        question = Content.assemble(
            "Move ",
            (display_name(row)[:80], "bold"),
            " to the trash folder?\n\n",
            ("U brings it back.", "$text-dim"),
        )

        def move() -> str:
            from tailboard_tui.store.trash import TrashError, discard

            try:
                self._trashed.append(discard(row, roots, "archived", now))
            except TrashError as error:
                raise ValueError(f"{display_name(row)} is not moved: {error}") from None
            return f"{display_name(row)} is in the trash folder; U brings it back"

        def take(answer: bool | None) -> None:
            if answer:
                self._work(move, refresh=row.key)

        self.app.push_screen(Ask(question), take)

    def action_undo_archive(self) -> None:
        """Bring back the run that was moved last."""
        if not self._trashed:
            self.note("nothing was moved to the trash in this session")
            return
        item = self._trashed.pop()

        def back() -> str:
            from tailboard_tui.store.trash import TrashError, restore

            try:
                return f"{restore(item)} is back"
            except TrashError as error:
                raise ValueError(str(error)) from None

        self._work(back, refresh=f"{item.folder}/{item.name}")

    # Problems and alerts

    def action_show_problems(self) -> None:
        """List what could not be read, of all runs."""
        from tailboard_tui.widgets.line_view import ViewLine

        lines = [
            ViewLine(
                (
                    (f"{display_name(row)[:40]}  ", "text"),
                    (
                        clean(problem.file) + (f":{problem.line}" if problem.line is not None else ""),
                        "warning",
                    ),
                    (f"  {clean(problem.message)}", "dim"),
                ),
                row.key,
            )
            for row in self.source.rows()
            for problem in row.problems
        ]
        self._push_list("Problems", lines, "Everything could be read.")

    def action_show_alerts(self) -> None:
        """List all alerts: those of `run.alert` and those raised since we look."""
        from tailboard_tui.store.alerts import listed
        from tailboard_tui.widgets.line_view import ViewLine

        lines = [
            ViewLine(
                (
                    (f"{units.moment(alert.time)}  ", "dim"),
                    (f"{display_name(row)[:40]}  ", "text"),
                    (clean(alert.title), _ALERT_ROLES[alert.level]),
                    (f"  {clean(alert.text)}", "dim"),
                ),
                row.key,
            )
            for row, alert in listed(self._alerts, self.source.rows())
        ]
        self._push_list("Alerts", lines, "No alerts.")

    def _push_list(self, title: str, lines: list[ViewLine], empty: str) -> None:
        from tailboard_tui.screens.line_list import LineList

        def take(key: str | None) -> None:
            if key:
                self.table.go_to(key)

        self.app.push_screen(LineList(title, lines, empty), take)

    def watch_over(self, rows: Iterable[RunRow]) -> None:
        """Raise alerts for what changed; call before the table takes the rows in."""
        known = self.table.model.rows
        pairs = [(known[row.key], row) for row in rows if row.key in known]
        if not pairs:
            return
        from tailboard_tui.store.alerts import alerts  # not for the first paint

        now = self.clock()
        found = [(row, alert) for before, row in pairs for alert in alerts(before, row, now)]
        if not found:
            return
        self._alerts = [*self._alerts, *found][-ALERTS_KEPT:]
        for row, alert in found[:SHOWN_AT_ONCE]:
            self.notify(
                clean(alert.text, 200) or clean(alert.title, 200),
                title=f"{display_name(row)[:60]}: {clean(alert.title, 80)}",
                severity="information" if alert.level == "info" else alert.level,
                markup=False,
            )
        if self.settings.notify:
            row, alert = found[0]
            self.app.bell()
            self._notify_desktop(f"{display_name(row)[:60]}: {clean(alert.title, 80)}")

    def _notify_desktop(self, text: str) -> None:
        driver = self.app._driver
        if driver is not None and not self.app.is_headless:
            driver.write(notification(text, os.environ))


_ALERT_ROLES = {"info": "text", "warning": "warning", "error": "error"}
