from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rows import run_row, stats
from tailboard_tui.store.fields import FACTS, as_number, as_text, getter, needs_points, parse_sort, sort_rows
from tailboard_tui.store.model import RunRow

NOW = 1_700_000_100.0


def ids(rows: Sequence[RunRow], *specs: str) -> str:
    return "".join(row.facts.id for row in sort_rows(rows, parse_sort(specs), NOW))


def test_numbers_sort_up_and_turn_round_with_a_minus_or_desc() -> None:
    rows = [run_row(id=name, config={"lr": lr}) for name, lr in (("a", 3), ("b", 1), ("c", 2.5))]
    assert ids(rows, "lr") == "bca"
    assert ids(rows, "-lr") == ids(rows, "lr:desc") == "acb"


def test_metrics_sort_best_first_whatever_their_direction() -> None:
    rows = [
        run_row(id=name, metrics={"acc": stats([value]), "loss": stats([value]), "lr": stats([value])})
        for name, value in (("a", 0.2), ("b", 0.9), ("c", 0.5))
    ]
    assert ids(rows, "acc") == ids(rows, "acc.best") == "bca"
    assert ids(rows, "loss.min") == "acb"
    assert ids(rows, "lr") == "acb"
    assert ids(rows, "-acc") == "acb"


def test_nan_comes_after_numbers_and_runs_without_a_value_come_last_either_way() -> None:
    rows = [
        run_row(id="a"),
        run_row(id="b", metrics={"loss": stats([math.nan])}),
        run_row(id="c", metrics={"loss": stats([2.0])}),
        run_row(id="d", config={"loss": "text"}),
        run_row(id="e", metrics={"loss": stats([1.0])}),
    ]
    assert ids(rows, "loss") == "ecbda"
    assert ids(rows, "-loss") == "cebda"


def test_several_keys_sort_by_the_first_then_the_next() -> None:
    rows = [
        run_row(id=name, config={"m": model, "lr": lr})
        for name, model, lr in (("a", "x", 2), ("b", "y", 1), ("c", "x", 1), ("d", "Y", 0))
    ]
    assert ids(rows, "m,lr") == ids(rows, "m", "lr") == "cadb"


def test_the_newest_run_comes_first() -> None:
    rows = [run_row(id=name, created=created) for name, created in (("a", 1.0), ("b", 3.0), ("c", None))]
    assert ids(rows, "created") == "bac"
    assert ids(rows, "age") == "bac"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.none() | st.floats() | st.text(max_size=3) | st.booleans()), st.booleans())
def test_sorting_keeps_every_run_and_equal_ones_in_their_order(values: list[object], reverse: bool) -> None:
    rows = [run_row(id=str(at), config={"x": value}) for at, value in enumerate(values)]  # type: ignore[dict-item]
    ordered = sort_rows(rows, parse_sort(["-x" if reverse else "x"]), NOW)
    assert sorted(row.facts.id for row in ordered) == sorted(row.facts.id for row in rows)
    for value in values:
        same = [int(row.facts.id) for row in ordered if row.facts.config["x"] is value]
        assert same == sorted(same)


def test_a_statistic_of_unread_points_is_not_known() -> None:
    unread = stats([1.0])
    row = run_row(metrics={"loss": type(unread)(0, *[1.0] * 7, 0)})
    assert getter("loss")(row, NOW) == 1.0
    assert getter("loss.min")(row, NOW) is None


def test_points_are_needed_where_a_key_may_mean_a_metric() -> None:
    rows = [
        run_row(config={"lr": 1, "x": 1}, is_read=False),
        run_row(config={"lr": 2}, summary={"best": 3}, is_read=False),
    ]
    assert not needs_points(["lr", "status", "config.gone", "summary.gone"], rows)
    assert needs_points(["x"], rows)
    assert needs_points(["best"], rows)
    assert needs_points(["lr", "val/acc"], rows)
    assert not needs_points(["val/acc"], [replace(row, is_read=True) for row in rows])


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_can_be_asked_of_a_bare_run(name: str) -> None:
    value = getter(name)(run_row(created=None), NOW)
    assert value is None or isinstance(value, str | int | float | bool)


def test_values_are_spelled_as_json_spells_them() -> None:
    assert [as_text(value) for value in (True, None, 3, 0.5, "x")] == ["true", "", "3", "0.5", "x"]
    assert as_number(10**400) == math.inf
    assert as_number("1_0") is None
    assert as_number(True) is None
