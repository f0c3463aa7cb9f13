"""SQLite files of others: what stands beside them, in their schema and in their cells harms nobody."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reading import read_all, series_of
from tailboard_tui.formats.base import Reader
from tailboard_tui.formats.database import INTERRUPTED
from tailboard_tui.formats.detect import find, reader_of
from tailboard_tui.formats.sqlitedb import DatabaseError, ask, tables

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fuzz"))

from target_databases import DATABASES, small_database


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database of MLflow's with one run."""
    path = tmp_path / "mlflow.db"
    path.write_bytes(small_database(DATABASES["mlflow_db"]))
    return path


def only_run(path: Path) -> Reader:
    (found,) = find(str(path.parent))
    return reader_of(found)


def change(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize("suffix", ["-journal", "-wal", "-shm"])
@pytest.mark.parametrize(
    "make",
    [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path), lambda path: os.symlink(path, path)],
    ids=["fifo", "directory", "device", "loop"],
)
def test_what_stands_beside_a_database_and_is_no_file_is_not_opened(
    database: Path, suffix: str, make: Callable[[str], None]
) -> None:
    make(f"{database}{suffix}")
    with pytest.raises(DatabaseError, match="not a regular file"):
        ask(str(database), tables)
    assert list(find(str(database.parent))) == []


def test_a_database_whose_writer_died_within_a_write_is_read_and_says_so(database: Path) -> None:
    hot = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(2000)
    Path(f"{database}-journal").write_bytes(hot)
    reader = only_run(database)
    facts = reader.facts()
    assert facts.name == "a run"
    assert [problem.message for problem in facts.problems] == [INTERRUPTED]
    assert series_of(read_all(reader)[0])["loss"] == ([3.0], [0.5])
    assert Path(f"{database}-journal").read_bytes() == hot


@pytest.mark.parametrize("kind", ["VIRTUAL", "STORED"])
def test_computed_columns_are_not_asked_for(database: Path, kind: str) -> None:
    column = f"value GENERATED ALWAYS AS (printf('%.*c', 900000000, 'x')) {kind}"
    change(database, "DROP TABLE tags", f"CREATE TABLE tags (key, run_uuid, {column})")
    with pytest.raises(DatabaseError, match="computed columns"):
        ask(str(database), tables)


def test_a_view_is_not_asked_for(database: Path) -> None:
    value = "SELECT 'mlflow.note.content', printf('%.*c', 900000000, 'x'), run_uuid FROM runs"
    change(database, "DROP TABLE tags", f"CREATE VIEW tags (key, value, run_uuid) AS {value}")
    reader = only_run(database)
    reader.facts()
    _, problems = read_all(reader)
    assert any("not authorized" in problem.message for problem in problems)


def test_a_value_of_megabytes_is_not_read(database: Path) -> None:
    change(database, "UPDATE tags SET value = zeroblob(5000000)")
    reader = only_run(database)
    assert reader.facts().notes is None
    points, problems = read_all(reader)
    assert series_of(points)["loss"] == ([3.0], [0.5])
    assert [problem.message for problem in problems] == ["string or blob too big"]


def test_rows_without_end_come_to_an_end(database: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'k', i, 'r' FROM n"
    change(database, "DROP TABLE params", f"CREATE VIEW params (key, value, run_uuid) AS {endless}")
    assert list(find(str(database.parent))) == []


def test_a_column_called_rowid_does_not_make_reading_go_round(database: Path) -> None:
    columns = ", ".join(DATABASES["mlflow_db"]["metrics"])
    change(
        database,
        "ALTER TABLE metrics ADD COLUMN rowid",
        f"INSERT INTO metrics ({columns}, rowid) SELECT {columns}, 9 FROM metrics",
        f"INSERT INTO metrics ({columns}, rowid) SELECT {columns}, x'35' FROM metrics LIMIT 1",
    )
    reader = only_run(database)
    _, problems = read_all(reader, [1] * 8)
    assert any("row ids" in problem.message for problem in problems)


def test_names_that_are_no_text_are_told_as_text(database: Path) -> None:
    change(database, "UPDATE params SET key = x'ff'", "UPDATE latest_metrics SET key = 7")
    facts = only_run(database).facts()
    assert all(isinstance(name, str) for name in (*facts.config, *facts.last_values))


def test_a_file_is_only_read(database: Path) -> None:
    trigger = "CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM tags; END"
    change(database, "PRAGMA journal_mode=WAL", trigger)
    before = {path: path.read_bytes() for path in database.parent.iterdir()}

    def write(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE t (a)")

    with pytest.raises(DatabaseError):
        ask(str(database), write)
    read_all(only_run(database))
    assert {path: path.read_bytes() for path in database.parent.iterdir()} == before
