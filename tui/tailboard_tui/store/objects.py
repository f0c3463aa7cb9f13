"""The JSON objects that commands print: strict JSON, one shape for each thing, `format` in each.

Numbers that JSON lacks are the strings of the run directory's format (`"NaN"`, `"Infinity"`,
`"-Infinity"`), steps without a fraction are integers, times are Unix seconds, missing values null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tailboard.layout import FORMAT, INFINITY, NAN, NEGATIVE_INFINITY
from tailboard_tui.formats.base import Problem
from tailboard_tui.store.model import MetricStats, RunRow, Series

if TYPE_CHECKING:
    from tailboard_tui.store.compare import Level, MetricComparison
    from tailboard_tui.store.comparison import Comparison
    from tailboard_tui.store.differences import Difference

Json = str | int | float | bool | None | Mapping[str, "Json"] | Sequence["Json"]

_EXACT_INT = 2.0**53


def dumps(value: Mapping[str, Json]) -> str:
    """One line of strict JSON in printable ASCII: nothing in it acts on a terminal."""
    return json.dumps(value, allow_nan=False).replace("\x7f", "\\u007f")


def number(value: float) -> float | str:
    """A metric's value for JSON."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return NAN
    return INFINITY if value > 0 else NEGATIVE_INFINITY


def step(value: float | None) -> int | float | str | None:
    """A step for JSON, as an integer where it is one; null where there is none."""
    if value is None or math.isnan(value):
        return None
    return int(value) if abs(value) < _EXACT_INT and value == int(value) else number(value)


def moment(value: float | None) -> float | None:
    """Unix seconds for JSON; null where there is none."""
    return value if value is not None and math.isfinite(value) else None


def plain(value: Json) -> Json:
    """`value` with every number such that strict JSON has it."""
    if isinstance(value, float):
        return number(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


def metric_object(stats: MetricStats) -> dict[str, Json]:
    """One metric's statistics."""
    return {
        "count": stats.count,
        "first": number(stats.first),
        "last": number(stats.last),
        "min": number(stats.min),
        "min_step": step(stats.min_step),
        "max": number(stats.max),
        "max_step": step(stats.max_step),
        "last_step": step(stats.last_step),
        "nan_count": stats.nan_count,
    }


def problem_object(problem: Problem) -> dict[str, Json]:
    """One thing that could not be read."""
    return {"file": problem.file, "line": problem.line, "message": problem.message}


def run_object(row: RunRow, now: float) -> dict[str, Json]:
    """One run, as `ls --json` and `show --json` print it.

    Args:
        now: Unix seconds, for the duration of a run that has not ended.
    """
    facts = row.facts
    return {
        "format": FORMAT,
        "id": facts.id,
        "name": facts.name,
        "source": facts.source,
        "path": facts.path,
        "status": row.status,
        "created": moment(facts.created),
        "ended": moment(row.ended),
        "duration_s": moment(row.duration_s(now)),
        "step": step(row.step),
        "group": facts.group,
        "tags": list(facts.tags),
        "config": plain(facts.config),
        "summary": plain(facts.summary),
        "metrics": {name: metric_object(stats) for name, stats in row.metrics.items()},
        "problems": [problem_object(problem) for problem in row.problems],
    }


def details_object(row: RunRow, now: float) -> dict[str, Json]:
    """`run_object` and all else that is known of where the run comes from and how it went."""
    facts = row.facts
    finish = facts.finish
    return {
        **run_object(row, now),
        "status_reason": row.status_reason,
        "project": facts.project,
        "job_type": facts.job_type,
        "notes": facts.notes,
        "star": row.star,
        "hidden": row.is_hidden,
        "total_steps": step(row.total_steps),
        "progress": plain(row.progress),
        "eta_s": moment(row.eta_s),
        "steps_per_s": plain(row.steps_per_s),
        "last_write": moment(row.last_write),
        "command": facts.command,
        "cwd": facts.cwd,
        "host": facts.host,
        "user": facts.user,
        "pid": facts.pid,
        "python": facts.python,
        "platform": facts.platform,
        "seed": facts.seed,
        "resumed_from": facts.resumed_from,
        "git": {
            "commit": facts.git.commit,
            "branch": facts.git.branch,
            "remote": facts.git.remote,
            "dirty": facts.git.dirty,
        },
        "hardware": plain(facts.hardware),
        "exit_code": finish.exit_code if finish else None,
        "error": finish.error if finish else None,
        "alerts": [
            {"time": moment(alert.time), "title": alert.title, "text": alert.text, "level": alert.level}
            for alert in facts.alerts
        ],
        "artifacts": plain(facts.artifacts),
        "log_files": [log.path for log in facts.log_files],
    }


def point_lines(run_id: str, series: Series, **more: str) -> Iterator[str]:
    """The points of one metric as JSON Lines: `run`, `more`, `metric`, `step`, `time`, `value`."""
    head = dumps({"format": FORMAT, "run": run_id, **more, "metric": series.name})[:-1]
    for at, when, value in zip(
        series.steps.tolist(), series.times.tolist(), series.values.tolist(), strict=True
    ):
        point = json.dumps([step(at), moment(when), number(value)])[1:-1].split(", ")
        yield f'{head}, "step": {point[0]}, "time": {point[1]}, "value": {point[2]}}}'


def comparison_object(found: Comparison) -> dict[str, Json]:
    """What `compare --json` prints; lists of values stand in the order of `runs`."""
    rows, origin = found.rows, found.origins
    return {
        "format": FORMAT,
        "runs": [
            {"id": row.facts.id, "name": row.facts.name, "path": row.facts.path, "status": row.status}
            for row in rows
        ],
        "baseline": rows[found.baseline].facts.id,
        "config": [_difference_object(item) for item in found.config],
        "metrics": [_metric_comparison_object(item, rows) for item in found.metrics],
        "code": [_difference_object(item) for item in origin.code],
        "diffs": [list(lines) for lines in origin.diffs],
        "surroundings": [_difference_object(item) for item in origin.surroundings],
        "packages": [_difference_object(item) for item in origin.packages],
        "data": [_difference_object(item) for item in origin.data],
        "problems": list(origin.problems),
    }


def _difference_object(item: Difference) -> dict[str, Json]:
    return {
        "key": item.key,
        "values": plain(item.values),
        "differs": item.differs,
        "noise": item.is_noise,
        "delta": plain(item.deltas),
    }


def _metric_comparison_object(item: MetricComparison, rows: Sequence[RunRow]) -> dict[str, Json]:
    return {
        "name": item.name,
        "goal": item.direction,
        "last": plain(item.last),
        "best": [found and {"value": number(found.value), "step": step(found.step)} for found in item.best],
        "winner": None if item.winner is None else rows[item.winner].facts.id,
        "leaders": [rows[at].facts.id for at in item.leaders],
        "delta": plain(item.deltas),
        "at_step": _level_object(item.at_step, "step"),
        "at_time": _level_object(item.at_time, "seconds"),
    }


def _level_object(level: Level | None, unit: str) -> Json:
    return None if level is None else {unit: step(level.at), "values": plain(level.values)}
