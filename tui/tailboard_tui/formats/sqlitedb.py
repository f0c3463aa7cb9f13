"""Reading another program's SQLite file without leaving a trace: no lock file, no write, bounded time.

Source: https://www.sqlite.org/uri.html, https://www.sqlite.org/wal.html#read_only_databases.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from tailboard_tui.files.opening import open_regular

if TYPE_CHECKING:
    import sqlite3

MAGIC = b"SQLite format 3\0"

HEADER_BYTES = 100

TIME_LIMIT_S = 2.0
"""For one look: a table without an index is read in slices all the same."""

LONGEST_BYTES = 4 * 1024 * 1024
"""Of one value or row: a view or column may be computed, `zeroblob(1e9)` takes a few bytes to write."""

_BESIDE = ("-journal", "-wal", "-shm")
"""Files that SQLite opens by itself; it follows links there, and waits for ever for a FIFO's other end."""

MOST_TABLES = 1000
"""A database with more is none of those that we read."""

_COMPUTED = (2, 3)
"""What `PRAGMA table_xinfo` says of generated columns, virtual and stored."""

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


def ask(
    path: str,
    question: Callable[[sqlite3.Connection], Result],
    on_interrupted: Callable[[], object] | None = None,
) -> Result:
    """What `question` gives for a read-only connection to the file at `path`.

    A database with a write-ahead log is opened as immutable where the log is empty or its index is
    missing: SQLite would make both files otherwise. What happens to it meanwhile is told by its state.
    So is one whose writer died within a write: to undo that is up to its own program.

    Args:
        on_interrupted: Called where the answer is from a file in that state.

    Raises:
        BusyError: It is being written to.
        DatabaseError: It is no database, damaged, or takes too long.
    """
    before = _state(path)
    header = _header(path)
    if not header.startswith(MAGIC):
        raise DatabaseError("no SQLite file" if header else "cannot be read")
    if len(header) < HEADER_BYTES:
        raise DatabaseError("it ends within its header")
    for suffix in _BESIDE:
        if not _is_regular_or_missing(path + suffix):
            raise DatabaseError(f"{os.path.basename(path)}{suffix} is not a regular file")
    is_immutable = header[_WAL_AT] == 2 and not (_size(f"{path}-wal") and os.path.exists(f"{path}-shm"))
    try:
        answer = _asked(path, question, is_immutable)
    except _InterruptedError:
        answer = _asked(path, question, is_immutable=True)
        if on_interrupted is not None:
            on_interrupted()
    if is_immutable and _state(path) != before:
        raise BusyError("written to while it was read")
    return answer


class _InterruptedError(Exception):
    """The rest of an interrupted write is to be undone, which needs the right to write."""


def _asked(path: str, question: Callable[[sqlite3.Connection], Result], is_immutable: bool) -> Result:
    """What `question` gives; errors as `ask`."""
    import sqlite3

    mode = "immutable=1" if is_immutable else "mode=ro"
    end = time.monotonic() + TIME_LIMIT_S
    try:
        connection = sqlite3.connect(
            f"file:{quote(os.fsencode(path))}?{mode}", uri=True, timeout=0.05, check_same_thread=False
        )
        try:
            connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_BYTES)
            connection.execute("PRAGMA query_only=ON")
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute("PRAGMA cell_size_check=ON")
            if _computes(connection, path, _state(path)):
                raise DatabaseError("has computed columns, which may take for ever")
            connection.set_authorizer(_allow)
            return question(connection)
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise BusyError(str(error)) from None
        if not is_immutable and ("readonly" in str(error) or "unable to open" in str(error)):
            raise _InterruptedError from None
        raise DatabaseError("takes too long to read" if "interrupted" in str(error) else str(error)) from None
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise DatabaseError(str(error)) from None
    except MemoryError:  # sizes in a damaged file
        raise DatabaseError("asks for more memory than there is") from None
    except (ValueError, TypeError, OverflowError) as error:  # SQLite keeps any kind of value in any column
        raise DatabaseError(f"holds values of another kind: {error}"[:200]) from None


def _allow(action: int, name: str | None, function: str | None, _: str | None, view: str | None) -> int:
    """What a question may do, as SQLite asks: read tables. A view may compute for hours."""
    import sqlite3

    reads = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ)
    is_reading = action in reads or (action, name) == (sqlite3.SQLITE_PRAGMA, "table_info")
    is_allowed = is_reading or (action, function) == (sqlite3.SQLITE_FUNCTION, "max")
    return sqlite3.SQLITE_OK if is_allowed and view is None else sqlite3.SQLITE_DENY


def tables(connection: sqlite3.Connection) -> dict[str, frozenset[str]]:
    """The real tables (no views) with the names of their columns."""
    return {
        name: frozenset(column[1] for column in _columns(connection, "table_info", name))
        for name in _table_names(connection)
    }


def _table_names(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' LIMIT ?", (MOST_TABLES,))
    return [name for (name,) in found]


def _columns(connection: sqlite3.Connection, pragma: str, table: str) -> list[tuple[Any, ...]]:
    quoted = table.replace('"', '""')
    return connection.execute(f'PRAGMA main.{pragma}("{quoted}")').fetchall()


_known: dict[str, tuple[tuple[int, ...], bool]] = {}
"""Of the databases that were asked: their state, and whether columns are computed."""


def _computes(connection: sqlite3.Connection, path: str, state: tuple[int, ...]) -> bool:
    """Whether a table has computed columns; SQLite asks nobody before it computes those."""
    known = _known.get(path)
    if known is None or known[0] != state:
        names = _table_names(connection)
        is_computed = len(names) == MOST_TABLES or any(
            column[6] in _COMPUTED for name in names for column in _columns(connection, "table_xinfo", name)
        )
        known = _known[path] = (state, is_computed)
    return known[1]


def _header(path: str) -> bytes:
    try:
        fd = open_regular(path)
    except OSError:
        return b""
    try:
        return os.pread(fd, HEADER_BYTES, 0)
    except OSError:
        return b""
    finally:
        os.close(fd)


def _is_regular_or_missing(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        return True
    except OSError:
        return False


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
