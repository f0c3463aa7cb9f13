"""Trackio: `<project>.db` below `$TRACKIO_DIR`, one run a name (or run id) in `metrics`.

Source: gradio-app/trackio `trackio/sqlite_storage.py`. NaN and infinities are JSON strings.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from tailboard_tui.formats.base import Alert, Rows, RunFacts, Value
from tailboard_tui.formats.database import DatabaseReader, number_in, row_id_of, told
from tailboard_tui.formats.flat import flatten
from tailboard_tui.formats.names import moment, number
from tailboard_tui.formats.rowbuilder import RowsBuilder
from tailboard_tui.formats.sqlitedb import DatabaseError, ask, is_database, tables

if TYPE_CHECKING:
    import sqlite3

MAX_RUNS = 20_000


class TrackioReader(DatabaseReader):
    """A run of a trackio project. Its id is `run_id` where the file has one, else its name."""

    source = "trackio"

    def tell(self, connection: sqlite3.Connection) -> RunFacts:
        """The facts of this run."""
        key = _key(connection)
        query = f"SELECT run_name, timestamp FROM metrics WHERE {key} = ? ORDER BY rowid LIMIT 1"  # noqa: S608  # a column
        first = connection.execute(query, (self.run_id,)).fetchone()
        last = connection.execute(
            f"SELECT timestamp, step, metrics FROM metrics WHERE {key} = ? ORDER BY rowid DESC LIMIT 1",  # noqa: S608
            (self.run_id,),
        ).fetchone()
        config = self._config(connection, key)
        name = first[0] if first is not None else self.run_id
        user, group = config.pop("_Username", None), config.pop("_Group", None)
        created = moment(str(config.pop("_Created", ""))) if "_Created" in config else math.nan
        if math.isnan(created) and first is not None:
            created = moment(str(first[1]))
        return RunFacts(
            id=self.run_id,
            name=str(name) or self.run_id,
            source=self.source,
            path=self.path,
            project=os.path.basename(self.file).removesuffix(".db"),
            group=group if isinstance(group, str) else None,
            user=user if isinstance(user, str) else None,
            created=told(created),
            config=config,
            alerts=self._alerts(connection),
            last_step=None if last is None else told(number_in(last[1])),
            last_time=None if last is None else told(moment(str(last[0]))),
            last_values={} if last is None else numbers(last[2]),
        )

    def _config(self, connection: sqlite3.Connection, key: str) -> dict[str, Value]:
        if key not in tables(connection).get("configs", ()):
            return {}
        query = f"SELECT config FROM configs WHERE {key} = ?"  # noqa: S608  # a column
        found = connection.execute(query, (self.run_id,)).fetchone()
        value = _object(found[0]) if found is not None else {}
        return flatten(value)

    def _alerts(self, connection: sqlite3.Connection) -> tuple[Alert, ...]:
        columns = tables(connection).get("alerts", frozenset())
        if not {"timestamp", "title", "text", "level", _key(connection)} <= columns:
            return ()
        query = f"SELECT timestamp, title, text, level FROM alerts WHERE {_key(connection)} = ? LIMIT 1000"  # noqa: S608
        levels: dict[str, Literal["info", "warning", "error"]] = {"warn": "warning", "error": "error"}
        return tuple(
            Alert(moment(str(time)), str(title), str(text or ""), levels.get(str(level), "info"))
            for time, title, text, level in connection.execute(query, (self.run_id,))
        )

    def rows_after(
        self, connection: sqlite3.Connection, row_id: int, count: int
    ) -> tuple[Sequence[Rows], int, int]:
        """The next points."""
        query = (
            f"SELECT rowid, timestamp, step, metrics FROM metrics WHERE {_key(connection)} = ? AND rowid > ? "  # noqa: S608
            "ORDER BY rowid LIMIT ?"
        )
        found = connection.execute(query, (self.run_id, row_id, count)).fetchall()
        builder = RowsBuilder("")
        for _, time, step, text in found:
            builder.add(number_in(step), moment(str(time)), numbers(text))
        return builder.take(), found[-1][0] if found else 0, len(found)

    def last_row(self, connection: sqlite3.Connection) -> int:
        """The greatest row id of this run."""
        query = f"SELECT max(rowid) FROM metrics WHERE {_key(connection)} = ?"  # noqa: S608  # a column
        return row_id_of(connection.execute(query, (self.run_id,)).fetchone()[0])


def numbers(text: object) -> dict[str, float]:
    """The numbers of one logged JSON object, nested ones with joined names."""
    found: dict[str, float] = {}
    for name, value in flatten(_object(text), "/").items():
        if isinstance(value, int | float):
            found[name] = float(value)
        elif isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity"):
            found[name] = number(value) or math.nan
    return found


def _object(text: object) -> dict[str, object]:
    if not isinstance(text, str | bytes):
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _key(connection: sqlite3.Connection) -> str:
    """The column that tells runs apart: older files have names only."""
    return "run_id" if "run_id" in tables(connection).get("metrics", ()) else "run_name"


def claims(path: str) -> bool:
    """Whether the file is a project of trackio."""
    try:
        found = ask(path, tables) if is_database(path) else {}
    except DatabaseError:
        return False
    return {"id", "timestamp", "run_name", "step", "metrics"} <= found.get("metrics", frozenset())


def runs_in(path: str) -> Sequence[str]:
    """The ids of the runs, the newest first."""

    def question(connection: sqlite3.Connection) -> list[str]:
        key = _key(connection)
        query = f"SELECT {key} FROM metrics GROUP BY {key} ORDER BY max(rowid) DESC LIMIT ?"  # noqa: S608  # a column
        return [str(row[0]) for row in connection.execute(query, (MAX_RUNS,)) if row[0] is not None]

    try:
        return ask(path, question)
    except DatabaseError:
        return []
