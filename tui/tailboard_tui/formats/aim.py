"""Aim's repositories: the names and times of their runs, which stand in SQLite.

Metrics and parameters stand in RocksDB files, compressed and in a layout of Aim's own, which only its engine
reads: such a run is listed and says so.
Source: aim/storage/structured/sql_engine/models.py of aim 3.29.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tailboard_tui.formats.base import Finish, Problem, Rows, RunFacts
from tailboard_tui.formats.database import DatabaseReader
from tailboard_tui.formats.names import moment
from tailboard_tui.formats.sqlitedb import DatabaseError, ask, is_database, tables

if TYPE_CHECKING:
    import sqlite3

MAX_RUNS = 20_000

REASON = "metrics are in RocksDB files, which only Aim's own engine reads"

_RUN = (
    "SELECT run.name, run.description, run.created_at, run.finalized_at, experiment.name FROM run "
    "LEFT JOIN experiment ON experiment.id = run.experiment_id WHERE hash = ?"
)
_TAGS = (
    "SELECT tag.name FROM tag JOIN run_tag ON run_tag.tag_id = tag.id JOIN run ON run.id = run_tag.run_id "
    "WHERE run.hash = ? LIMIT 100"
)


class AimReader(DatabaseReader):
    """A run of a repository: what it is called, and why nothing more is told."""

    source = "aim"

    def tell(self, connection: sqlite3.Connection) -> RunFacts:
        """The facts of this run."""
        found = connection.execute(_RUN, (self.run_id,)).fetchone()
        if found is None:
            raise DatabaseError("the run is gone")
        name, notes, created, finalized, experiment = found
        ended = _seconds(finalized)
        is_named = name and name != f"Run: {self.run_id}"  # Aim's own default
        return RunFacts(
            id=self.run_id,
            name=str(name) if is_named else self.run_id[:8],
            source=self.source,
            path=self.path,
            group=str(experiment) if experiment else None,
            tags=tuple(str(row[0]) for row in connection.execute(_TAGS, (self.run_id,))),
            notes=str(notes) if notes else None,
            created=_seconds(created),
            finish=Finish(ended, "finished") if ended is not None else None,
            problems=(Problem("", None, REASON),),
        )

    def rows_after(
        self, connection: sqlite3.Connection, row_id: int, count: int
    ) -> tuple[Sequence[Rows], int, int]:
        """No points: see the module."""
        return [], 0, 0

    def last_row(self, connection: sqlite3.Connection) -> int:
        """No points."""
        return 0


def _seconds(value: object) -> float | None:
    found = moment(value) if isinstance(value, str) else float("nan")
    return found if found == found else None


def claims(path: str) -> bool:
    """Whether the file is the table of runs of a repository."""
    try:
        found = ask(path, tables) if is_database(path) else {}
    except DatabaseError:
        return False
    return {"run", "experiment", "run_tag"} <= found.keys() and {"hash", "finalized_at"} <= found["run"]


def runs_in(path: str) -> Sequence[str]:
    """The runs that are not archived, the newest first."""
    query = "SELECT hash FROM run WHERE is_archived IS NOT 1 ORDER BY created_at DESC LIMIT ?"
    try:
        return ask(path, lambda connection: [str(row[0]) for row in connection.execute(query, (MAX_RUNS,))])
    except DatabaseError:
        return []
