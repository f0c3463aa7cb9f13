"""Targets that are SQLite files: any bytes in place of a sound file, and sound files with any rows.

SQLite keeps any kind of value in any column, whatever its type says; a table may be a view.
"""

from __future__ import annotations

import contextlib
import sqlite3
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

from checking import check_below, write

Cell = str | int | float | bytes | None
Table = Mapping[str, Cell]

_RUN = "0123456789abcdef"

DATABASES: dict[str, dict[str, Table]] = {
    "mlflow_db": {
        "experiments": {"experiment_id": 1, "name": "default"},
        "runs": {
            "run_uuid": _RUN,
            "name": "a run",
            "user_id": "root",
            "status": "FINISHED",
            "start_time": 1795463251766,
            "end_time": 1795463252554,
            "lifecycle_stage": "active",
            "experiment_id": 1,
        },
        "latest_metrics": {
            "key": "loss",
            "value": 0.5,
            "timestamp": 1795463251766,
            "step": 3,
            "is_nan": 0,
            "run_uuid": _RUN,
        },
        "metrics": {
            "key": "loss",
            "value": 0.5,
            "timestamp": 1795463251766,
            "run_uuid": _RUN,
            "step": 3,
            "is_nan": 0,
        },
        "params": {"key": "lr", "value": "0.1", "run_uuid": _RUN},
        "tags": {"key": "mlflow.note.content", "value": "a note", "run_uuid": _RUN},
    },
    "trackio": {
        "metrics": {
            "id": 1,
            "run_id": _RUN,
            "timestamp": "2026-11-23T19:47:38.490221+00:00",
            "run_name": "a run",
            "step": 3,
            "metrics": b'{"loss":0.5,"nested":{"a":"NaN"}}',
        },
        "configs": {
            "id": 1,
            "run_id": _RUN,
            "run_name": "a run",
            "config": b'{"lr":0.1,"_Username":"root","_Created":"2026-11-23T19:47:38+00:00"}',
        },
        "alerts": {
            "run_id": _RUN,
            "timestamp": "2026-11-23T19:47:38+00:00",
            "title": "high",
            "text": "loss",
            "level": "warn",
        },
    },
    "aim": {
        "experiment": {"id": 1, "name": "default"},
        "run": {
            "id": 1,
            "hash": _RUN,
            "name": "a run",
            "description": "a note",
            "is_archived": 0,
            "created_at": "2026-11-23 22:04:51.288190",
            "finalized_at": None,
            "experiment_id": 1,
        },
        "tag": {"id": 1, "name": "good"},
        "run_tag": {"run_id": 1, "tag_id": 1},
    },
}
"""Kind -> table -> column -> a value as its tracker writes it: what the readers ask for."""

ODD: tuple[Cell, ...] = (
    *(None, 0, -1, 2**63 - 1, -(2**63), 0.5, -1e308, 1e308, float("inf"), 5e-324),
    *(
        "",
        "x" * 5000,
        "NaN",
        "\x1b]52;c;eA==\x07",
        "\ud800".encode("utf-8", "surrogatepass"),
        b"",
        b"\xff\x00",
    ),
    *('{"a":1e999}', '{"a":' * 3000, '{"":{"":[1,{}]}}', "9999-12-31T23:59:59+00:00", "1e999", "-0"),
)
"""Values in the place of others."""

TYPES = ("", "INTEGER", "TEXT", "BLOB", "REAL", "NUMERIC", "INTEGER PRIMARY KEY", "ANY UNIQUE")


class Choices:
    """Numbers out of the input, 0 when it is used up."""

    def __init__(self, data: bytes) -> None:
        self._left = iter(data)

    def byte(self) -> int:
        """The next byte."""
        return next(self._left, 0)


def small_database(tables: Mapping[str, Table]) -> bytes:
    """A sound file of a kilobyte a table with one row in each."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("PRAGMA page_size=512")
        for name, row in tables.items():
            connection.execute(f"CREATE TABLE {name} ({', '.join(row)})")
            _insert(connection, name, row)
        connection.commit()
        return connection.serialize()


def odd_database(tables: Mapping[str, Table], data: bytes) -> bytes:
    """A sound file in which the input chooses kinds of tables, types of columns, and values."""
    choices = Choices(data)
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("PRAGMA page_size=512")
        connection.execute("CREATE TABLE made (a)")  # SQLite has no file without a table
        for name, row in tables.items():
            with contextlib.suppress(sqlite3.Error):  # two primary keys, a second row of a unique one
                _add_table(connection, name, row, choices)
        connection.commit()
        return connection.serialize()


def _add_table(connection: sqlite3.Connection, name: str, row: Table, choices: Choices) -> None:
    kind = choices.byte()
    columns = [f"{column} {TYPES[choices.byte() % len(TYPES)]}" for column in row]
    if kind == 1:
        columns.append("made INTEGER GENERATED ALWAYS AS (abs(random())) VIRTUAL")
    table = f"{name}_rows" if kind == 2 else name
    connection.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    for _ in range(1 + choices.byte() % 4):
        _insert(connection, table, {column: _cell(value, choices) for column, value in row.items()})
    if kind == 2:
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {table}")


def _cell(value: Cell, choices: Choices) -> Cell:
    """The value as it is, one of `ODD`, or bytes of the input as a number or a text."""
    choice = choices.byte()
    if choice < 128:
        return value
    if choice < 128 + len(ODD):
        return ODD[choice - 128]
    raw = bytes(choices.byte() for _ in range(8))
    if choice % 3:
        return struct.unpack("<q" if choice % 3 == 1 else "<d", raw)[0]
    return raw.decode("latin-1")


def _insert(connection: sqlite3.Connection, table: str, row: Table) -> None:
    places = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", tuple(row.values()))


def of_bytes(name: str) -> Callable[[bytes, Path], None]:
    """The target that takes its input for a file."""
    file = ".aim/run_metadata.sqlite" if name == "aim" else "project.db"

    def run(data: bytes, directory: Path) -> None:
        write(directory / "root" / file, data)
        check_below(directory / "root")

    return run


def of_rows(data: bytes, directory: Path) -> None:
    """The target that takes its input for rows: the first byte chooses the kind of database."""
    name = list(DATABASES)[data[0] % len(DATABASES)] if data else "trackio"
    root = directory / name
    of_bytes(name)(odd_database(DATABASES[name], data[1:]), root)


def row_seeds() -> list[bytes]:
    """Each kind as it is, and with an odd value here and there."""
    kinds = range(len(DATABASES))
    return [bytes([kind, *odd]) for kind in kinds for odd in (b"", b"\0" * 9 + bytes(range(128, 150)) * 8)]
