"""The query language against a plain reference, over generated runs and texts."""

from __future__ import annotations

import math
import operator
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rows import run_row, stats
from tailboard_tui.store.model import RunRow
from tailboard_tui.store.query import compile_query
from tailboard_tui.store.query_syntax import (
    MAX_CHARS,
    And,
    Compare,
    Everything,
    Field,
    Node,
    Not,
    Or,
    Pattern,
    QueryError,
    Word,
    parse,
    show,
)

NOW = 1_700_100_000.0
ORDER: dict[str, Any] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

texts = st.text(max_size=8) | st.sampled_from(
    ["and", "OR", "not", "a b", 'say "hi"', "it's", "back\\slash", "x:y", "(z)", "!", "~", "a=b", "1e-3"]
)
literals = texts | st.floats().map(repr) | st.integers(-3, 3).map(str) | st.sampled_from(["NaN", "true", "x"])
keys = (
    st.sampled_from(["lr", "model", "n", "val/acc", "val/acc.min", "val/acc.best", "status", "gone"]) | texts
)
patterns = st.sampled_from(["^a", "a|b", "x.y$", "(re)+", "\\d", "[a-c ]"])
terms: st.SearchStrategy[Node] = st.one_of(
    st.builds(Word, texts),
    st.builds(Pattern, patterns),
    st.builds(Field, keys.filter(lambda key: key not in ("status", "since", "before")), texts),
    st.builds(Field, keys, patterns, st.just(True)),
    st.builds(Compare, keys, st.sampled_from(list(ORDER)), literals),
)
trees: st.SearchStrategy[Node] = st.recursive(
    terms,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=2, max_size=3).map(lambda found: And(tuple(found))),
        st.lists(inner, min_size=2, max_size=3).map(lambda found: Or(tuple(found))),
    ),
    max_leaves=6,
)
values = st.floats() | st.integers(-3, 3) | st.booleans() | texts | st.none()
rows = st.builds(
    run_row,
    id=texts,
    name=texts,
    group=st.none() | texts,
    tags=st.lists(texts, max_size=2).map(tuple),
    config=st.fixed_dictionaries({}, optional={"lr": values, "model": values, "n": values}),
    summary=st.fixed_dictionaries({}, optional={"n": values, "val/acc": values}),
    metrics=st.fixed_dictionaries({}, optional={"val/acc": st.lists(st.floats(), min_size=1).map(stats)}),
    status=st.sampled_from(["running", "failed"]),
)


def value_of(row: RunRow, key: str) -> Any:
    if row.facts.config.get(key) is not None:
        return row.facts.config[key]
    if row.facts.summary.get(key) is not None:
        return row.facts.summary[key]
    acc = row.metrics.get("val/acc")
    if acc is not None:
        points = {"val/acc": acc.last, "val/acc.min": acc.min, "val/acc.best": acc.max}
        if key in points and not (key == "val/acc.best" and math.isnan(acc.max)):
            return points[key]
    facts = {"id": row.facts.id, "name": row.facts.name, "group": row.facts.group, "status": row.status}
    return facts.get(key)


def number_of(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) or "_" in str(value) else float(value)
    except ValueError:
        return None


def spelled(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else repr(value)


def expected(node: Node, row: RunRow) -> bool:
    """What DESIGN section 6 says, written down once more without the parser's machinery."""
    names = [row.facts.id, row.facts.name, row.facts.group or "", *row.facts.tags]
    match node:
        case Word(text):
            return any(text.casefold() in name.casefold() for name in names)
        case Pattern(pattern):
            return any(re.search(pattern, name, re.IGNORECASE) for name in names)
        case Field(key, text, is_pattern):
            value = value_of(row, key)
            if value is None:
                return False
            if is_pattern:
                return re.search(text, spelled(value), re.IGNORECASE) is not None
            return text.casefold() in spelled(value).casefold()
        case Not(term):
            return not expected(term, row)
        case And(found):
            return all(expected(term, row) for term in found)
        case Or(found):
            return any(expected(term, row) for term in found)
        case Compare(key, op, literal):
            return expected_comparison(value_of(row, key), op, literal)
    raise AssertionError(node)


def expected_comparison(value: Any, op: str, literal: str) -> bool:
    if value is None:
        return False
    number, limit = number_of(value), number_of(literal)
    if number is not None and limit is not None:
        if math.isnan(limit) and op in ("=", "!="):
            return math.isnan(number) == (op == "=")
        return bool(ORDER[op](number, limit))
    if (number is None) != (limit is None) and op not in ("=", "!="):
        return False
    return bool(ORDER[op](spelled(value).casefold(), literal.casefold()))


@settings(max_examples=200, deadline=None)
@given(trees)
def test_a_printed_query_parses_to_the_same_tree(tree: Node) -> None:
    assert parse(show(tree)) == tree


PLAIN_KEYS = ("lr", "model", "n", "val/acc", "val/acc.min", "val/acc.best", "gone", "status", "name", "group")


def is_plain(node: Node) -> bool:
    """Whether the reference above covers it: no clock and no fact of its own."""
    match node:
        case Compare(key=key) | Field(name=key):
            return key in PLAIN_KEYS
        case Not(term):
            return is_plain(term)
        case And(found) | Or(found):
            return all(map(is_plain, found))
    return True


@settings(max_examples=200, deadline=None)
@given(trees.filter(is_plain), rows)
def test_a_query_matches_what_the_plain_reference_matches(tree: Node, row: RunRow) -> None:
    query = compile_query(show(tree))
    assert query.problem is None
    assert query.matches(row, NOW) == expected(tree, row)


fragments = st.lists(
    st.sampled_from([*"()!~:=<>\"' ", "and", "or", "not", ">=", "lr", "tag:", "since:", "status:", "[", "1"]),
    max_size=12,
).map("".join)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | fragments)
def test_any_text_gives_a_query_or_a_message_with_a_position(text: str) -> None:
    query = compile_query(text)
    if query.problem is None:
        assert isinstance(query.matches(run_row(), NOW), bool)
        assert parse(str(query)) == query.node
    else:
        assert 0 <= query.problem.position <= len(text)
        assert query.problem.message
        assert query.matches(run_row(), NOW)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("(a or b", 0),
        ("a)", 1),
        ("lr >=", 5),
        ("lr >= and x", None),
        (">= 3", 0),
        ("a or", 4),
        ("or a", 0),
        ("a and and b", 6),
        ("tag:", 4),
        ("since:soon", 6),
        ("status:runing", 7),
        ("~[", 1),
        ("name:~(", 6),
        ('x "open', 2),
        ("lr =< 3", 4),
        ("!", 1),
        ("not", 3),
        ("x()", None),
        ("!" * 60 + "x", 50),
        ("(" * 60, 50),
        ("x " * MAX_CHARS, MAX_CHARS),
    ],
)
def test_a_wrong_query_says_where(text: str, position: int | None) -> None:
    query = compile_query(text)
    if position is None:
        assert query.problem is None
    else:
        assert query.problem is not None
        assert query.problem.position == position


def test_the_problem_of_a_command_counts_characters_from_one() -> None:
    with pytest.raises(QueryError, match="at character 1: this parenthesis is never closed"):
        parse("(a")


def finds(text: str, **facts: Any) -> bool:
    query = compile_query(text)
    assert query.problem is None, query.problem
    return query.matches(run_row(**facts), NOW)


def test_the_empty_query_wants_every_run() -> None:
    assert parse("  ") == Everything()
    assert finds("")


def test_terms_side_by_side_must_all_match() -> None:
    assert parse("a b and c or d") == Or((And((Word("a"), Word("b"), Word("c"))), Word("d")))
    assert parse("a (b or c)") == And((Word("a"), Or((Word("b"), Word("c")))))


def test_words_match_id_name_group_and_tags_whatever_the_case() -> None:
    for word in ("ABC-1", "base", "sweep", "good"):
        assert finds(word, id="abc-1", name="Baseline", group="Sweep 7", tags=("good",))
    assert not finds("resnet", config={"model": "resnet"})


def test_a_key_is_looked_up_in_config_then_summary_then_metrics() -> None:
    metrics = {"acc": stats([0.1, 0.9, 0.5])}
    assert finds("acc = 1", config={"acc": 1}, summary={"acc": 2}, metrics=metrics)
    assert finds("acc = 2", summary={"acc": 2}, metrics=metrics)
    assert finds("acc = 0.5", metrics=metrics)
    assert finds("acc.max = 0.9 acc.best = .9 acc.min < .2 acc.count = 3 acc.max_step = 1", metrics=metrics)
    assert finds(
        "metrics.acc = 0.5 metrics.acc.max = 0.9 summary.acc = 2", summary={"acc": 2}, metrics=metrics
    )


def test_a_name_with_parentheses_and_dots_needs_no_quotes() -> None:
    metrics = {"metrics/mAP50-95(B)": stats([0.4])}
    assert finds("metrics/mAP50-95(B).max >= 0.4", metrics=metrics)
    assert finds("(metrics/mAP50-95(B) = 0.4)", metrics=metrics)


def test_a_run_without_the_key_matches_no_comparison_of_it() -> None:
    assert not finds("lr != 3")
    assert finds("!(lr = 3)")
    assert not finds("has:lr")
    assert finds("has:lr", config={"lr": 0})


def test_numbers_compare_as_numbers_and_nan_equals_nan() -> None:
    assert finds("lr = 0.001", config={"lr": 1e-3})
    assert finds("lr = 1e-3", config={"lr": "0.001"})
    assert finds("loss = nan", metrics={"loss": stats([math.nan])})
    assert not finds("loss < 1", metrics={"loss": stats([math.nan])})
    assert not finds("flag = 1", config={"flag": True})
    assert finds("flag = TRUE", config={"flag": True})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("since:2h", True),
        ("since:30m", False),
        ("before:30m", True),
        ("age > 30m age < 2h", True),
        ("duration >= 10m", True),
        ("duration >= 1h30m", False),
        ("created > 2h", True),
        ("created < 2001-01-01", False),
        ("since:2001-01-01T10:00", True),
        ("since:9999999999999999d", True),
    ],
)
def test_times_are_written_as_spans_and_dates(text: str, wanted: bool) -> None:
    hour_ago = NOW - 3600
    assert finds(text, created=hour_ago, started=hour_ago, ended=hour_ago + 900) == wanted


def test_a_run_of_unknown_age_is_in_no_time() -> None:
    assert not finds("since:1h", created=None)
    assert not finds("before:1h", created=None)


def test_status_and_tags_are_fields() -> None:
    assert finds("status:run tag:go", status="running", tags=("good",))
    assert not finds("status:failed", status="running")
    assert finds("status = running", status="running")
    assert finds("name:~^base", name="Baseline")


def test_a_query_tells_the_keys_that_it_asks_for() -> None:
    query = compile_query("a val/acc.best > 1 or !(b has:x tag:y since:2h) model:res name:~z")
    assert query.keys == ("val/acc.best", "x", "model", "name")
