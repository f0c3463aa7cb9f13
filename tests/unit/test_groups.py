from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rows import run_row, stats
from tailboard_tui.store.groups import group_rows, ranked, spread, spread_of

NOW = 0.0


@settings(max_examples=100, deadline=None)
@given(st.lists(st.none() | st.floats(-1e6, 1e6) | st.just(math.nan) | st.just(math.inf)))
def test_the_spread_is_that_of_the_finite_values(values: list[float | None]) -> None:
    finite = [value for value in values if value is not None and math.isfinite(value)]
    found = spread(values)
    assert found.n == len(finite)
    if not finite:
        assert math.isnan(found.mean)
        return
    assert found.mean == pytest.approx(statistics.fmean(finite), abs=1e-6)
    assert (found.min, found.max) == (min(finite), max(finite))
    if len(finite) == 1:
        assert math.isnan(found.std)
    else:
        assert found.std == pytest.approx(statistics.stdev(finite), abs=1e-6)


def test_extreme_values_have_a_spread_too() -> None:
    found = spread([1.7e308, -1.7e308])
    assert (found.mean, found.max) == (0.0, 1.7e308)
    assert spread([1e-320, 3e-320]).n == 2
    assert spread([0.0, 0.0]).std == 0.0


def test_runs_group_by_values_and_types_in_order_of_appearance() -> None:
    rows = [
        run_row(id=str(at), config=config) for at, config in enumerate(({"a": 1}, {"a": "1"}, {}, {"a": 1}))
    ]
    found = group_rows(rows, ["a"], NOW)
    assert [(group.by["a"], [row.facts.id for row in group.rows]) for group in found] == [
        (1, ["0", "3"]),
        ("1", ["1"]),
        (None, ["2"]),
    ]


def test_groups_rank_by_their_mean_and_those_without_come_last() -> None:
    def rows(metric: str) -> list[str]:
        values = {"x": [0.5, 0.7], "y": [0.9], "z": []}
        made = [
            run_row(config={"k": key}, metrics={metric: stats([value])})
            for key, of_key in values.items()
            for value in of_key
        ]
        groups = group_rows([run_row(config={"k": "z"}), *made], ["k"], NOW)
        return [str(group.by["k"]) for group in ranked(groups, metric, NOW)]

    assert rows("acc") == ["y", "x", "z"]
    assert rows("loss") == ["x", "y", "z"]


def test_the_spread_of_a_group_takes_any_key() -> None:
    (group,) = group_rows([run_row(config={"lr": 1}), run_row(config={"lr": "x"}), run_row()], [], NOW)
    assert spread_of(group, "lr", NOW).n == 1
