"""Runs and points as pandas DataFrames, for notebooks and scripts.

    from tailboard_tui.store import frames

    frames.runs("runs", query="status:finished lr >= 1e-3")      # a row a run
    frames.points("runs", "val/*", query="group:sweep")          # a row a point
    frames.compare("runs", ["baseline", "latest"])               # a row a key, a column a run

pandas is imported when one of them is called.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tailboard_tui.store.fields import STATS, metric_value
from tailboard_tui.store.model import RunRow
from tailboard_tui.store.query_syntax import QueryError

if TYPE_CHECKING:
    import pandas as pd

    from tailboard_tui.store.comparison import Comparison

__all__ = ["QueryError", "compare", "points", "runs"]

_STATS = ("last", "min", "max", "best", "best_step", "count", "nan_count")
assert set(_STATS) <= set(STATS)


def _rows(roots: str | Sequence[str], query: str, now: float) -> list[RunRow]:
    from tailboard_tui.store.lookup import load_rows
    from tailboard_tui.store.query import compile_query

    wanted = compile_query(query)
    if wanted.problem is not None:
        raise wanted.problem
    return wanted.filter(load_rows(_places(roots), full=True), now)


def _places(roots: str | Sequence[str]) -> list[str]:
    places = [roots] if isinstance(roots, str) else list(roots)
    for place in places:
        if not os.path.exists(place):
            raise FileNotFoundError(f"no such file or directory: {place}")
    return places


def runs(roots: str | Sequence[str], query: str = "") -> pd.DataFrame:
    """The runs below `roots`, newest first, indexed by id.

    Columns: `name`, `status`, `source`, `project`, `group`, `tags` (tuples), `created` and `ended`
    (datetimes, UTC), `duration_s`, `step`, `path`; `config.KEY`, `summary.KEY`; for each metric
    `metrics.NAME.last`, `.min`, `.max`, `.best`, `.best_step`, `.count`, `.nan_count`. What a run lacks is
    missing.

    Args:
        query: As in the explorer and in `ls -q` (docs/queries.md).

    Raises:
        QueryError: The query is none.
        FileNotFoundError: One of the roots does not exist.
    """
    import pandas as pd

    now = time.time()
    records = [_record(row, now) for row in _rows(roots, query, now)]
    frame = pd.DataFrame.from_records(
        records, columns=list(dict.fromkeys(key for item in records for key in item))
    )
    if not records:
        return pd.DataFrame(index=pd.Index([], name="id"))
    for name in ("created", "ended"):
        frame[name] = pd.to_datetime(frame[name], unit="s", utc=True, errors="coerce")
    return frame.set_index("id")


def _record(row: RunRow, now: float) -> dict[str, object]:
    facts = row.facts
    record: dict[str, object] = {
        "id": facts.id,
        "name": facts.name,
        "status": row.status,
        "source": facts.source,
        "project": facts.project,
        "group": facts.group,
        "tags": facts.tags,
        "created": facts.created,
        "ended": row.ended,
        "duration_s": row.duration_s(now),
        "step": row.step,
        "path": facts.path,
    }
    record |= {f"config.{key}": value for key, value in facts.config.items()}
    record |= {f"summary.{key}": value for key, value in facts.summary.items()}
    for name in row.metrics:
        record |= {f"metrics.{name}.{stat}": metric_value(row, name, stat) for stat in _STATS}
    return record


def points(
    roots: str | Sequence[str],
    metrics: str | Iterable[str] = "*",
    query: str = "",
    *,
    everything: bool = False,
) -> pd.DataFrame:
    """The points of metrics over runs, in the order in which they were written.

    Columns: `run` (id), `name`, `metric` (categories), `step`, `time` (Unix seconds), `value`; NaN where a
    point has no step or time. `frame.pivot_table(index="step", columns="run", values="value")` puts the
    runs of one metric side by side.

    Args:
        metrics: Names or globs; resource samples are found by name too.
        query: Which runs, as in `runs`.
        everything: With the points that a resumed segment replaced.

    Raises:
        QueryError: The query is none.
        FileNotFoundError: One of the roots does not exist.
    """
    import numpy as np
    import pandas as pd

    from tailboard_tui.store.lookup import load_points

    patterns = [metrics] if isinstance(metrics, str) else list(metrics)
    pieces = []
    for row in _rows(roots, query, time.time()):
        of_run = load_points(row)
        for name in (*of_run.metrics, *of_run.system_metrics):
            is_system = name not in of_run.metrics
            wanted = any(
                name == item or (fnmatchcase(name, item) and not (is_system and item == "*"))
                for item in patterns
            )
            series = of_run.series(name, everything=everything) if wanted else None
            if series is not None:
                pieces.append((row, series))
    lengths = [len(series.values) for _, series in pieces]

    def category(values: list[str]) -> pd.Categorical:
        codes, known = pd.factorize(np.array(values, dtype=object))
        return pd.Categorical.from_codes(np.repeat(codes, lengths), categories=pd.Index(known, dtype=object))

    def joined(arrays: list[np.ndarray]) -> np.ndarray:
        return np.concatenate(arrays) if arrays else np.empty(0)

    return pd.DataFrame(
        {
            "run": category([row.facts.id for row, _ in pieces]),
            "name": category([row.facts.name for row, _ in pieces]),
            "metric": category([series.name for _, series in pieces]),
            "step": joined([series.steps for _, series in pieces]),
            "time": joined([series.times for _, series in pieces]),
            "value": joined([series.values for _, series in pieces]),
        }
    )


def compare(
    roots: str | Sequence[str], refs: Sequence[str], *, only_differences: bool = False
) -> pd.DataFrame:
    """Runs side by side, the first as the baseline: what `tailboard compare` prints.

    Indexed by `part` (`config`, `best`, `last`, `at equal step`, `at equal time`, `code`, `surroundings`,
    `packages`, `data`) and `key`, a column for each run's id, and `differs`. What a run lacks is None.

    Args:
        refs: The runs: ids, unique beginnings of ids, names, paths, or `latest`.
        only_differences: Leave out what is the same in all, and paths, dates and names.

    Raises:
        LookupError: A reference means no run, or several.
        FileNotFoundError: One of the roots does not exist.
    """
    import pandas as pd

    from tailboard_tui.store.comparison import compare_runs
    from tailboard_tui.store.lookup import find_runs, load_points

    rows = find_runs(refs, _places(roots))
    found = compare_runs(rows, [load_points(row) for row in rows])
    records = list(_compared(found.only_differences() if only_differences else found))
    frame = pd.DataFrame.from_records(
        records, columns=["part", "key", *(row.facts.id for row in rows), "differs"]
    )
    return frame.set_index(["part", "key"]).astype(object)


def _compared(found: Comparison) -> Iterator[tuple[object, ...]]:
    origin = found.origins
    for item in found.config:
        yield "config", item.key, *item.values, item.differs
    for metric in found.metrics:
        if metric.direction is not None:
            bests = (best and best.value for best in metric.best)
            yield "best", metric.name, *bests, metric.differs
        yield "last", metric.name, *metric.last, metric.differs
        for part, level in (("at equal step", metric.at_step), ("at equal time", metric.at_time)):
            if level is not None:
                yield part, metric.name, *level.values, len(set(level.values)) > 1
    for part, items in (
        ("code", origin.code),
        ("surroundings", origin.surroundings),
        ("packages", origin.packages),
        ("data", origin.data),
    ):
        for item in items:
            yield part, item.key, *item.values, item.differs
