"""Reading another program's SQLite file without leaving a trace: no lock file, no write, bounded time.

Source: https://www.sqlite.org/uri.html, https://www.sqlite.org/wal.html#read_only_databases.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from tailboard_tui.files.opening import open_regular

if TYPE_CHECKING:
    import sqlite3

MAGIC = b"SQLite format 3\0"

TIME_LIMIT_S = 2.0
"""For one look: a table without an index is read in slices all the same."""

_WAL_AT = 18
"""Byte of the header that is 2 where writes go to a write-ahead log."""

Result = TypeVar("Result")


class DatabaseError(Exception):
    """The file cannot be read now; the message says why."""


class BusyError(DatabaseError):
    """Its writer is at work: ask again."""


def is_database(path: str) -> bool:
    """Whether a regular file begins as SQLite's do."""
    return _header(path).startswith(MAGIC)


def ask(path: str, question: Callable[[sqlite3.Connection], Result]) -> Result:
    """What `question` gives for a read-only connection to the file at `path`.

    A database with a write-ahead log is opened as immutable where the log is empty or its index is
    missing: SQLite would make both files otherwise. What happens to it meanwhile is told by its state.

    Raises:
        BusyError: It is being written to.
        DatabaseError: It is no database, damaged, or takes too long.
    """
    import sqlite3

    before = _state(path)
    header = _header(path)
    if not header.startswith(MAGIC):
        raise DatabaseError("no SQLite file" if header else "cannot be read")
    is_immutable = header[_WAL_AT] == 2 and not (_size(f"{path}-wal") and os.path.exists(f"{path}-shm"))
    mode = "immutable=1" if is_immutable else "mode=ro"
    end = time.monotonic() + TIME_LIMIT_S
    try:
        connection = sqlite3.connect(
            f"file:{quote(os.fsencode(path))}?{mode}", uri=True, timeout=0.05, check_same_thread=False
        )
        try:
            connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            connection.execute("PRAGMA query_only=ON")
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute("PRAGMA cell_size_check=ON")
            answer = question(connection)
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise BusyError(str(error)) from None
        raise DatabaseError("takes too long to read" if "interrupted" in str(error) else str(error)) from None
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise DatabaseError(str(error)) from None
    except (ValueError, TypeError, OverflowError) as error:  # SQLite keeps any kind of value in any column
        raise DatabaseError(f"holds values of another kind: {error}"[:200]) from None
    if is_immutable and _state(path) != before:
        raise BusyError("written to while it was read")
    return answer


def tables(connection: sqlite3.Connection) -> dict[str, frozenset[str]]:
    """The real tables (no views) with the names of their columns."""
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns = "SELECT name FROM pragma_table_info(?)"
    return {name: frozenset(row[0] for row in connection.execute(columns, (name,))) for name in names[:500]}


def _header(path: str) -> bytes:
    try:
        fd = open_regular(path)
    except OSError:
        return b""
    try:
        return os.pread(fd, 100, 0)
    except OSError:
        return b""
    finally:
        os.close(fd)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _state(path: str) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns, _size(f"{path}-wal"))
