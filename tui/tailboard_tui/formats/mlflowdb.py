"""MLflow's database store: `mlflow.db`, one run a row of `runs`.

Source: mlflow/store/tracking/dbmodels/models.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tailboard_tui.formats.base import Rows, RunFacts
from tailboard_tui.formats.database import DatabaseReader, number_in, row_id_of, told
from tailboard_tui.formats.mlflow import facts_of
from tailboard_tui.formats.rowbuilder import RowsBuilder
from tailboard_tui.formats.sqlitedb import DatabaseError, ask, is_database, tables

if TYPE_CHECKING:
    import sqlite3

MAX_RUNS = 20_000

_RUN = (
    "SELECT runs.name, runs.user_id, runs.status, runs.start_time, runs.end_time, experiments.name FROM runs "
    "LEFT JOIN experiments ON experiments.experiment_id = runs.experiment_id WHERE run_uuid = ?"
)


class MlflowDbReader(DatabaseReader):
    """A run of the database store."""

    source = "mlflow"

    def tell(self, connection: sqlite3.Connection) -> RunFacts:
        """The facts of this run."""
        found = connection.execute(_RUN, (self.run_id,)).fetchone()
        if found is None:
            raise DatabaseError("the run is gone")
        name, user, status, start, end, experiment = found
        meta = {"run_id": self.run_id, "run_name": name, "user_id": user, "status": status}
        meta |= {"start_time": start, "end_time": end}
        latest = connection.execute(
            "SELECT key, value, timestamp, step, is_nan FROM latest_metrics WHERE run_uuid = ? LIMIT 50000",
            (self.run_id,),
        ).fetchall()
        facts = facts_of(
            self.path,
            {key: str(value) for key, value in meta.items() if value is not None},
            experiment,
            self._pairs(connection, "params"),
            self._pairs(connection, "tags"),
        )
        return replace(
            facts,
            last_step=max(
                (step for row in latest if (step := told(_value(row[3]))) is not None), default=None
            ),
            last_time=max(
                (ms / 1000 for row in latest if (ms := told(_value(row[2]))) is not None), default=None
            ),
            last_values={str(row[0]): _value(row[1], row[4]) for row in latest},
        )

    def _pairs(self, connection: sqlite3.Connection, table: str) -> dict[str, str]:
        query = f"SELECT key, value FROM {table} WHERE run_uuid = ? LIMIT 5000"  # noqa: S608  # one of two words
        return {str(key): str(value) for key, value in connection.execute(query, (self.run_id,))}

    def rows_after(
        self, connection: sqlite3.Connection, row_id: int, count: int
    ) -> tuple[Sequence[Rows], int, int]:
        """The next points, each metric with a clock of its own."""
        found = connection.execute(
            "SELECT rowid, key, value, timestamp, step, is_nan FROM metrics "
            "WHERE run_uuid = ? AND rowid > ? ORDER BY rowid LIMIT ?",
            (self.run_id, row_id, count),
        ).fetchall()
        builders: dict[str, RowsBuilder] = {}
        for _, key, value, timestamp, step, is_nan in found:
            builder = builders.setdefault(str(key), RowsBuilder(str(key)))
            builder.add(_value(step), _value(timestamp) / 1000, {str(key): _value(value, is_nan)})
        rows = [block for builder in builders.values() for block in builder.take()]
        return rows, found[-1][0] if found else 0, len(found)

    def last_row(self, connection: sqlite3.Connection) -> int:
        """The greatest row id of this run."""
        query = "SELECT max(rowid) FROM metrics WHERE run_uuid = ?"
        return row_id_of(connection.execute(query, (self.run_id,)).fetchone()[0])


def _value(value: object, is_nan: object = 0) -> float:
    return math.nan if is_nan else number_in(value)


def claims(path: str) -> bool:
    """Whether the file is MLflow's database."""
    try:
        found = ask(path, tables) if is_database(path) else {}
    except DatabaseError:
        return False
    return {"experiments", "runs", "metrics", "params"} <= found.keys() and "run_uuid" in found["runs"]


def runs_in(path: str) -> Sequence[str]:
    """The ids of the runs that are not deleted, the newest first."""
    query = "SELECT run_uuid FROM runs WHERE lifecycle_stage = 'active' ORDER BY start_time DESC LIMIT ?"
    try:
        return ask(path, lambda connection: [row[0] for row in connection.execute(query, (MAX_RUNS,))])
    except DatabaseError:
        return []
