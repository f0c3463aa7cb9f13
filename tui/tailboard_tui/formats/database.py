"""`DatabaseReader`: one run of several in a SQLite file, its points asked for by ascending row ids."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tailboard_tui.formats.base import Problem, Rows, RunFacts
from tailboard_tui.formats.reading import RunReader
from tailboard_tui.formats.registry import split_run
from tailboard_tui.formats.sources import Complaint, Piece, Source
from tailboard_tui.formats.sqlitedb import BusyError, DatabaseError, ask

if TYPE_CHECKING:
    import sqlite3

ROW_BYTES = 50
"""What a row of a poll's limit counts as."""


INTERRUPTED = "its writer died within a write that nobody has undone yet: the newest rows may be wrong"


class DatabaseReader(RunReader):
    """A run at `<file>#<id>`."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.file, self.run_id = split_run(path)
        self._rows = RowSource(self)
        self._last_facts: RunFacts | None = None

    def sources(self) -> Iterable[Source]:
        """The rows of this run."""
        return [self._rows]

    def watched(self) -> Iterable[str]:
        """The write-ahead log, which grows while the file stays as it is."""
        return [f"{self.file}-wal"]

    def describe(self) -> RunFacts:
        """Facts from the tables; those of the last look while the file is busy."""
        problems: list[Problem] = []
        try:
            facts = ask(self.file, self.tell, lambda: problems.append(Problem("", None, INTERRUPTED)))
            self._last_facts = replace(facts, problems=(*facts.problems, *problems))
        except BusyError:
            self._stamp = None
        except DatabaseError as error:
            self._rows.complain(str(error))
        return self._last_facts or RunFacts(self.run_id, self.run_id, self.source, self.path)

    @abstractmethod
    def tell(self, connection: sqlite3.Connection) -> RunFacts:
        """The facts of this run."""

    @abstractmethod
    def rows_after(
        self, connection: sqlite3.Connection, row_id: int, count: int
    ) -> tuple[Sequence[Rows], int, int]:
        """The points of at most `count` rows of this run with greater row ids.

        Returns:
            The points, the greatest row id met, and how many rows there were.
        """

    @abstractmethod
    def last_row(self, connection: sqlite3.Connection) -> int:
        """The greatest row id of this run, 0 where it has no rows."""


def number_in(value: object) -> float:
    """The number in a cell; NaN where it holds anything else, as SQLite lets it."""
    return float(value) if isinstance(value, int | float) else math.nan


def row_id_of(value: object) -> int:
    """A row id, 0 for none: a table may have a column of that name, which holds anything.

    Raises:
        DatabaseError: It is no integer.
    """
    if value is None:
        return 0
    if not isinstance(value, int):
        raise DatabaseError("its row ids are no integers")
    return value


def told(value: float) -> float | None:
    """A number as facts tell it: None in place of NaN."""
    return None if math.isnan(value) else value


class RowSource:
    """The rows of one run in a database, as a source."""

    prefix = ""

    def __init__(self, reader: DatabaseReader) -> None:
        self.path = reader.file
        self._reader = reader
        self._row_id = 0
        self._last = 0
        self._told: str | None = None
        self._waiting: list[Complaint] = []

    def poll(self, limit_bytes: int) -> Piece:
        """The next rows."""
        count = max(limit_bytes // ROW_BYTES, 1)
        waiting, self._waiting = self._waiting, []
        try:
            last, rows, row_id, met = ask(self.path, lambda connection: self._ask(connection, count))
        except BusyError:
            return Piece(complaints=waiting)
        except DatabaseError as error:
            self.complain(str(error))
            return Piece(complaints=waiting + self._waiting)
        self._told = None
        if last < self._row_id and self._row_id > 0:  # a hostile table may have negative ids only
            self.rewind()
            return Piece(reset=True, more=True)
        self._last = last
        self._row_id = max(row_id, self._row_id)
        return Piece(rows, waiting, False, met * ROW_BYTES, met == count)

    def _ask(self, connection: sqlite3.Connection, count: int) -> tuple[int, Sequence[Rows], int, int]:
        rows, row_id, met = self._reader.rows_after(connection, self._row_id, count)
        return self._reader.last_row(connection), rows, row_id_of(row_id), met

    def complain(self, message: str) -> None:
        """Say what is wrong, once."""
        if message != self._told:
            self._told = message
            self._waiting.append(Complaint(None, message))

    def rewind(self) -> None:
        """Start over."""
        self._row_id = 0

    def close(self) -> None:
        """Nothing stays open."""

    def progress(self) -> tuple[int, int]:
        """Rows read and rows there, in row ids."""
        return self._row_id, self._last
