"""The JSON that commands print: its keys, and strict JSON whatever a run holds."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rows import run_row, series, stats
from tailboard_tui.formats.base import Finish, Problem
from tailboard_tui.store.objects import details_object, dumps, plain, point_lines, run_object, step

NOW = 1_700_000_100.0


def strict(text: str) -> Any:
    def refuse(token: str) -> None:
        raise AssertionError(f"{token} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_a_run_has_the_keys_of_the_contract() -> None:
    row = run_row(
        id="r1",
        name="baseline",
        group="sweep",
        tags=("a", "b"),
        config={"lr": 1e-3, "model.depth": 3, "amp": True, "none": None},
        summary={"best": math.inf},
        metrics={"loss": stats([3.0, math.nan, 1.0])},
        step=2.0,
        started=1_700_000_000.0,
        ended=1_700_000_050.5,
    )
    row = replace(row, problems=(Problem("m", 3, "bad"),))
    assert strict(dumps(run_object(row, NOW))) == {
        "format": 1,
        "id": "r1",
        "name": "baseline",
        "source": "tailboard",
        "path": "/runs/r1",
        "status": "finished",
        "created": 1_700_000_000.0,
        "ended": 1_700_000_050.5,
        "duration_s": 50.5,
        "step": 2,
        "group": "sweep",
        "tags": ["a", "b"],
        "config": {"lr": 1e-3, "model.depth": 3, "amp": True, "none": None},
        "summary": {"best": "Infinity"},
        "metrics": {
            "loss": {
                "count": 3,
                "first": 3.0,
                "last": 1.0,
                "min": 1.0,
                "min_step": 2,
                "max": 3.0,
                "max_step": 0,
                "last_step": 2,
                "nan_count": 1,
            }
        },
        "problems": [{"file": "m", "line": 3, "message": "bad"}],
    }


def test_what_is_not_known_is_null() -> None:
    found = strict(dumps(run_object(run_row(created=None), NOW)))
    assert {key for key, value in found.items() if value is None} == {
        "created",
        "ended",
        "duration_s",
        "step",
        "group",
    }


def test_the_details_hold_the_object_of_the_list() -> None:
    row = run_row(finish=Finish(1.0, "failed", 3, "Traceback"))
    listed, details = run_object(row, NOW), details_object(row, NOW)
    assert {key: details[key] for key in listed} == listed
    assert (details["exit_code"], details["error"]) == (3, "Traceback")


def test_steps_are_integers_where_they_can_be() -> None:
    assert [step(value) for value in (3.0, 3.5, -2.0, 1e300, None, math.nan, math.inf)] == [
        3,
        3.5,
        -2,
        1e300,
        None,
        None,
        "Infinity",
    ]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(max_size=3), anything, max_size=3))
def test_any_value_becomes_strict_json_that_acts_on_no_terminal(value: dict[str, Any]) -> None:
    text = dumps(plain(value))  # type: ignore[arg-type]
    assert text.isascii()
    assert text.isprintable()
    strict(text)


def test_points_are_lines_with_their_run() -> None:
    lines = point_lines(
        'r"1', series('a, "b"', [1.5, math.nan], steps=[3, math.nan], times=[10.25, math.nan])
    )
    assert [strict(line) for line in lines] == [
        {"format": 1, "run": 'r"1', "metric": 'a, "b"', "step": 3, "time": 10.25, "value": 1.5},
        {"format": 1, "run": 'r"1', "metric": 'a, "b"', "step": None, "time": None, "value": "NaN"},
    ]
