"""What a run answers when asked for a key: one meaning for queries, columns, sorting and export."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from tailboard_tui.formats.base import Value
from tailboard_tui.store.goal import best, direction
from tailboard_tui.store.model import MetricStats, RunRow

Getter = Callable[[RunRow, float], Value]
"""From a run and the time now (Unix seconds) to its value; None where it has none."""

STATS = (
    "last",
    "first",
    "min",
    "max",
    "best",
    "count",
    "last_step",
    "min_step",
    "max_step",
    "best_step",
    "nan_count",
)
"""What may follow a metric's name: `train/loss.min`."""

_SECTIONS = ("config.", "summary.", "metrics.")

_FACTS: Mapping[str, Getter] = MappingProxyType(
    {
        "id": lambda row, now: row.facts.id,
        "name": lambda row, now: row.facts.name,
        "project": lambda row, now: row.facts.project,
        "group": lambda row, now: row.facts.group,
        "job_type": lambda row, now: row.facts.job_type,
        "source": lambda row, now: row.facts.source,
        "path": lambda row, now: row.facts.path,
        "status": lambda row, now: row.status,
        "notes": lambda row, now: row.facts.notes,
        "host": lambda row, now: row.facts.host,
        "user": lambda row, now: row.facts.user,
        "command": lambda row, now: row.facts.command,
        "python": lambda row, now: row.facts.python,
        "commit": lambda row, now: row.facts.git.commit,
        "branch": lambda row, now: row.facts.git.branch,
        "dirty": lambda row, now: row.facts.git.dirty,
        "seed": lambda row, now: row.facts.seed,
        "tags": lambda row, now: ", ".join(row.facts.tags) or None,
        "step": lambda row, now: row.step,
        "total_steps": lambda row, now: row.total_steps,
        "progress": lambda row, now: row.progress,
        "eta": lambda row, now: row.eta_s,
        "speed": lambda row, now: row.steps_per_s,
        "duration": lambda row, now: row.duration_s(now),
        "created": lambda row, now: begun(row),
        "ended": lambda row, now: row.ended,
        "updated": lambda row, now: row.last_write,
        "age": lambda row, now: _since(begun(row), now),
        "idle": lambda row, now: _since(row.last_write, now),
        "problems": lambda row, now: len(row.problems),
        "size": lambda row, now: row.facts.size_bytes,
        "star": lambda row, now: row.star,
        "hidden": lambda row, now: row.is_hidden,
    }
)

FACTS = tuple(_FACTS)
"""Names of what every run can be asked for, whatever its config and metrics."""

SPANS = frozenset({"duration", "eta", "age", "idle"})
"""Facts in seconds: a query may write them as `2h`."""

MOMENTS = frozenset({"created", "ended", "updated"})
"""Facts in Unix seconds: a query may write them as `2026-11-23` or `2h` ago."""


def begun(row: RunRow) -> float | None:
    """When the run began, Unix seconds: as it says itself, else its first point, else its newest write."""
    for when in (row.facts.created, row.started, row.last_write, row.facts.modified):
        if when is not None:
            return when
    return None


def _since(when: float | None, now: float) -> float | None:
    return None if when is None else max(now - when, 0.0)


def fact(name: str) -> Getter | None:
    """The getter of one of `FACTS`."""
    return _FACTS.get(name)


def split_stat(key: str) -> tuple[str, str | None]:
    """`train/loss.min` as metric and statistic; the statistic is None where the key names none."""
    stem, dot, stat = key.rpartition(".")
    return (stem, stat) if dot and stat in STATS else (key, None)


def metric_value(row: RunRow, name: str, stat: str) -> float | None:
    """One statistic of one metric, or None when it is not known (yet)."""
    stats = row.metrics.get(name)
    if stats is None:
        return None
    if stat == "last":
        return stats.last
    if stats.count == 0:
        return None
    if stat in ("best", "best_step"):
        return _best(row, name, stats, stat)
    number = getattr(stats, stat)
    assert isinstance(number, int | float)
    return number


def _best(row: RunRow, name: str, stats: MetricStats, stat: str) -> float | None:
    found = best(stats, direction(name, row.facts.metric_defs))
    if found is None:
        return None
    return found.value if stat == "best" else found.step


def getter(key: str) -> Getter:
    """What `key` means: config, then summary, then a metric (its last value, or a statistic), then a fact.

    `config.`, `summary.` and `metrics.` before a key choose one of the three. Keys are spelled exactly.
    """
    stem, stat = split_stat(key)
    general = _FACTS.get(key)
    section = next((name for name in _SECTIONS if key.startswith(name)), None)
    rest = key.removeprefix(section) if section else key
    rest_stem, rest_stat = split_stat(rest)

    def find(row: RunRow, now: float) -> Value:
        value = row.facts.config.get(key)
        if value is None:
            value = row.facts.summary.get(key)
        if value is None:
            value = metric_value(row, key, "last")
        if value is None and stat is not None:
            value = metric_value(row, stem, stat)
        if value is None and section == "config.":
            value = row.facts.config.get(rest)
        elif value is None and section == "summary.":
            value = row.facts.summary.get(rest)
        elif value is None and section == "metrics.":
            value = metric_value(row, rest, "last")
            if value is None and rest_stat is not None:
                value = metric_value(row, rest_stem, rest_stat)
        if value is None and general is not None:
            value = general(row, now)
        return value

    return find


def needs_points(keys: Iterable[str], rows: Sequence[RunRow]) -> bool:
    """Whether some of `rows` may answer otherwise once their points are read: a key may mean a metric there.

    Before that, only the metrics of a run's last line are known.
    """
    unread = [row for row in rows if not row.is_read]
    return any(
        key not in _FACTS
        and not key.startswith(("config.", "summary."))
        and any(row.facts.config.get(key) is None and row.facts.summary.get(key) is None for row in unread)
        for key in keys
    )


def as_number(value: Value) -> float | None:
    """The value as a number: numbers and texts that spell one. Booleans are words, not numbers."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        return parse_number(value)
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def parse_number(text: str) -> float | None:
    """`1e-3`, `NaN`, `-Infinity` as a number; None for anything else, `1_000` included."""
    if "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def as_text(value: Value) -> str:
    """The value as a query and a table spell it: JSON's words for booleans, `repr` of numbers."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    return value if isinstance(value, str) else repr(value)


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of an order."""

    key: str
    reverse: bool = False


def parse_sort(specs: Iterable[str]) -> tuple[SortKey, ...]:
    """Sort keys as the command line spells them: `lr`, `-created`, `val/acc.best:desc`, commas between."""
    keys = []
    for spec in ",".join(specs).split(","):
        spec = spec.strip()
        reverse = spec.startswith("-") or spec.endswith(":desc")
        spec = spec.removeprefix("-").removesuffix(":desc").removesuffix(":asc")
        if spec:
            keys.append(SortKey(spec, reverse))
    return tuple(keys)


def is_higher_first(rows: Sequence[RunRow], key: str) -> bool:
    """Whether the natural order of `key` begins with the highest value: the best, or the newest."""
    name, stat = split_stat(key.removeprefix("metrics."))
    if stat is None and key in MOMENTS:
        return True
    if stat not in (None, "last", "best", "min", "max", "first"):
        return False
    holder = next((row for row in rows if name in row.metrics), None)
    return holder is not None and direction(name, holder.facts.metric_defs) == "maximize"


def sort_rows(rows: Iterable[RunRow], keys: Sequence[SortKey], now: float) -> list[RunRow]:
    """`rows` ordered by the first key, then the next; equal ones keep their order.

    The natural order is the best first for metrics with a direction, the newest first for moments,
    else ascending, numbers before text. `reverse` turns it round. NaN comes after the numbers and runs
    without a value come last, either way.
    """
    ordered = list(rows)
    for item in reversed(keys):
        find = getter(item.key)
        descending = is_higher_first(ordered, item.key) != item.reverse
        numbers: list[tuple[float, RunRow]] = []
        texts: list[tuple[str, RunRow]] = []
        bad: list[RunRow] = []
        missing: list[RunRow] = []
        for row in ordered:
            value = find(row, now)
            number = as_number(value)
            if value is None:
                missing.append(row)
            elif number is None:
                texts.append((as_text(value).casefold(), row))
            elif math.isnan(number):
                bad.append(row)
            else:
                numbers.append((number, row))
        numbers.sort(key=lambda pair: pair[0], reverse=descending)
        texts.sort(key=lambda pair: pair[0], reverse=descending)
        ordered = [row for _, row in numbers] + bad + [row for _, row in texts] + missing
    return ordered
