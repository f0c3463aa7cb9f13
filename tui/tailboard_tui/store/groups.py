"""Runs that belong together, in numbers: what repetitions over seeds tell of a setting."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tailboard_tui.formats.base import Value
from tailboard_tui.store.fields import as_number, as_text, getter, is_higher_first
from tailboard_tui.store.model import RunRow


@dataclass(frozen=True, slots=True)
class Spread:
    """Finite values of several runs."""

    n: int
    mean: float
    """NaN without a value; so are the minimum and the maximum."""
    std: float
    """Sample standard deviation; NaN with fewer than two values."""
    min: float
    max: float


@dataclass(frozen=True, slots=True)
class Group:
    """Runs with the same values of some keys."""

    by: Mapping[str, Value]
    """The keys with what the runs have in common."""
    rows: tuple[RunRow, ...]


def spread(values: Sequence[float | None]) -> Spread:
    """Mean, sample standard deviation and extremes of the finite values.

    Source: two-pass sum of squares with Bessel's correction (n - 1).
    """
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if not finite:
        return Spread(0, math.nan, math.nan, math.nan, math.nan)
    scale = max(map(abs, finite)) or 1.0  # squares of 1e200 would overflow
    parts = [value / scale for value in finite]
    mean = math.fsum(parts) / len(parts)
    std = math.nan
    if len(parts) > 1:
        std = scale * math.sqrt(math.fsum((part - mean) ** 2 for part in parts) / (len(parts) - 1))
    return Spread(len(finite), scale * mean, std, min(finite), max(finite))


def group_rows(rows: Sequence[RunRow], keys: Sequence[str], now: float) -> list[Group]:
    """`rows` by what they say to `keys`, in order of first appearance; runs without a value make a group too.

    Args:
        keys: Keys of `store.fields`.
        now: Unix seconds.
    """
    found: dict[tuple[str, ...], tuple[dict[str, Value], list[RunRow]]] = {}
    finders: list[Callable[[RunRow, float], Value]] = [getter(key) for key in keys]
    for row in rows:
        values = [find(row, now) for find in finders]
        name = tuple(f"{type(value).__name__} {as_text(value)}" for value in values)
        found.setdefault(name, (dict(zip(keys, values, strict=True)), []))[1].append(row)
    return [Group(by, tuple(members)) for by, members in found.values()]


def spread_of(group: Group, key: str, now: float) -> Spread:
    """The spread of what the runs of a group say to `key`."""
    find = getter(key)
    return spread([as_number(find(row, now)) for row in group.rows])


def ranked(groups: Sequence[Group], key: str, now: float) -> list[Group]:
    """`groups` by the mean of what their runs say to `key`, the best first; those without a value last."""
    sign = -1.0 if is_higher_first([row for group in groups for row in group.rows], key) else 1.0

    def place(group: Group) -> float:
        mean = spread_of(group, key, now).mean
        return math.inf if math.isnan(mean) else sign * mean

    return sorted(groups, key=place)
