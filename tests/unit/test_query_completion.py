"""What Tab offers while a query is typed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_store import HOSTILE, NOW, sweep
from rows import run_row, stats
from tailboard_tui.store.query import compile_query
from tailboard_tui.store.query_completion import completions


def offered(text: str) -> list[str]:
    found = completions(text, sweep(), NOW)
    return [text[: found.start] + item for item in found.texts]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("opt", "optimizer"),
        ("lr < 1 and (model.w", "lr < 1 and (model.width"),
        ("val/acc", "val/accuracy"),
        ("val/accuracy.m", "val/accuracy.min"),
        ("stat", "status:"),
        ("status:r", "status:running"),
        ("!tag:", "!tag:base"),
        ("optimizer = ", "optimizer = adam"),
        ("optimizer!=a", "optimizer!=adam"),
        ("since:", "since:1h"),
        ("GRO", "group"),
    ],
)
def test_the_likeliest_continuation_comes_first(text: str, first: str) -> None:
    assert offered(text)[0] == first


def test_the_values_of_a_key_are_those_that_runs_have_the_most_frequent_first() -> None:
    rows = [run_row(str(n), config={"opt": opt}) for n, opt in enumerate(["sgd", "adam", "adam", "a b"])]
    assert completions("opt=", rows, NOW).texts == ("adam", "sgd", '"a b"')
    assert completions('opt="a', rows, NOW).start == len("opt=")


def test_what_nobody_has_is_completed_by_nothing() -> None:
    assert completions("nothing = ", sweep(), NOW).texts == ()
    assert completions("zzzz", sweep(), NOW).texts == ()


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_completed_or_not_and_never_fails(text: str) -> None:
    found = completions(text, sweep(4), NOW)
    assert 0 <= found.start <= len(text)


@pytest.mark.parametrize("value", [text for text in HOSTILE if 0 < len(text) <= 200])
def test_a_completed_query_finds_the_run_that_it_came_from(value: str) -> None:
    row = run_row("x", config={"k": value}, metrics={"m": stats([1.0])})
    texts = completions("k=", [row], NOW).texts
    query = compile_query(f"k={texts[0]}")
    assert query.problem is None
    assert query.matches(row, NOW)
