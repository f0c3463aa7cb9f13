"""Blocks of JSON lines become the same points whatever way they take."""

from __future__ import annotations

import json
import math
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.files.follow import Block, LineFollower
from tailboard_tui.formats import jsonlines
from tailboard_tui.formats.base import Chunk, Problem, Rows
from tailboard_tui.formats.jsonlines import JsonLines, Keys
from tailboard_tui.formats.jsonshape import Shape
from tailboard_tui.store.columns import RunColumns


def block(data: bytes, first_line: int = 1) -> Block:
    return Block(data, first_line, data.count(b"\n"), len(data))


def lines(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def points(rows: Rows, name: str) -> list[tuple[float, float]]:
    column = rows.columns[name]
    steps = rows.steps if column.rows is None else rows.steps[column.rows]
    return list(zip(steps.tolist(), column.values.tolist(), strict=True))


def parse(data: bytes, parser: JsonLines | None = None) -> tuple[Rows, tuple[Problem, ...]]:
    rows, problems = (parser or JsonLines("metrics.jsonl")).parse(block(data))
    assert rows is not None
    return rows, problems


def warm(*records: object) -> JsonLines:
    """A parser that knows the keys of `records`: what it is given next may go the fast way."""
    parser = JsonLines("metrics.jsonl")
    parser.parse(block(lines(*records)))
    return parser


@pytest.mark.parametrize("is_warm", [False, True])
def test_numbers_truth_values_and_integers_are_points_of_their_step(is_warm: bool) -> None:
    records = [{"_step": 1, "_timestamp": 5.5, "a": 1, "b": True}, {"_step": 2, "a": 2.5, "b": False}]
    rows, problems = parse(lines(*records), warm(*records) if is_warm else None)
    assert points(rows, "a") == [(1, 1.0), (2, 2.5)]
    assert points(rows, "b") == [(1, 1.0), (2, 0.0)]
    assert rows.times[0] == 5.5
    assert math.isnan(rows.times[1])
    assert problems == ()


@pytest.mark.parametrize("is_warm", [False, True])
@pytest.mark.parametrize("space", ["", " ", "  ", "\t"])
def test_bare_and_quoted_nan_and_infinities_are_values(is_warm: bool, space: str) -> None:
    tokens = ["NaN", "Infinity", "-Infinity"]
    text = "".join(f'{{"_step":{i},"a":{space}{t},"b":{space}"{t}"}}\n' for i, t in enumerate(tokens))
    rows, problems = parse(text.encode(), warm({"_step": 0, "a": 1.0, "b": 2.0}) if is_warm else None)
    for name in "ab":
        values = rows.columns[name].values.tolist()
        assert math.isnan(values[0])
        assert values[1:] == [math.inf, -math.inf]
    assert problems == ()


@pytest.mark.parametrize("is_warm", [False, True])
def test_text_that_looks_like_a_token_in_a_string_stays_text(is_warm: bool) -> None:
    record = {"_step": 1, "a": 1.0, "note": 'say ":NaN, ": Infinity'}
    parser = warm(record) if is_warm else JsonLines("x")
    rows, problems = parse(lines(record) + b'{"_step":2,"a":NaN,"note":"\\":NaN"}\n', parser)
    assert [step for step, _ in points(rows, "a")] == [1, 2]
    assert parser.texts == {"note": '":NaN'}
    assert problems == ()


def test_an_absent_key_is_no_point_and_a_logged_nan_is_one() -> None:
    records: list[object] = [
        {"_step": i, "a": 1.0} if i % 2 else {"_step": i, "a": 2.0, "b": 3.0} for i in range(10)
    ]
    parser = warm(*records)
    rows, _ = parse(lines(*records, {"_step": 10, "b": float("nan")}), parser)
    assert [step for step, _ in points(rows, "b")] == [0, 2, 4, 6, 8, 10]
    assert math.isnan(points(rows, "b")[-1][1])
    assert 10 not in [step for step, _ in points(rows, "a")]


def test_a_late_key_is_kept() -> None:
    parser = warm({"_step": 0, "a": 1.0})
    rows, problems = parse(lines({"_step": 1, "a": 1.0}, {"_step": 2, "late": 7.0}), parser)
    assert points(rows, "late") == [(2, 7.0)]
    assert problems == ()


@pytest.mark.parametrize("is_warm", [False, True])
def test_each_bad_line_is_a_problem_with_its_number_and_its_neighbours_are_read(is_warm: bool) -> None:
    bad = [
        b"{",
        b"[1, 2]",
        b'"text"',
        b"5",
        b"null",
        b"plain text",
        b'{"a":1}{"a":2}',
        b'{"a":1,',
        b"{'a': 1}",
    ]
    good = {"_step": 0, "a": 1.0}
    data = b"".join(lines(good) + line + b"\n" for line in bad) + lines(good)
    rows, problems = parse(data, warm(good) if is_warm else None)
    assert rows.steps.size == len(bad) + 1
    assert [problem.line for problem in problems] == [2 * i + 2 for i in range(len(bad))]
    assert {problem.file for problem in problems} == {"metrics.jsonl"}


def test_two_broken_lines_that_join_to_an_object_are_two_problems() -> None:
    good = {"_step": 0, "a": 1.0}
    data = lines(good) + b'{"_step":1\n,"a":2}\n' + b'{"_step":3,"a":1}{"_step":4,"a":1}\n' + lines(good)
    rows, problems = parse(data, warm(good))
    assert rows.steps.tolist() == [0, 0]
    assert [problem.line for problem in problems] == [2, 3, 4]


@pytest.mark.parametrize("is_warm", [False, True])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1" + "0" * 400, math.inf),
        ("-1" + "0" * 400, -math.inf),
        ("1" + "0" * 5000, math.inf),
        ("1e999", math.inf),
        ("-1e999", -math.inf),
        ("123456789012345678901234567890", 123456789012345678901234567890.0),
        ("1e-999", 0.0),
        ("-0.0", -0.0),
    ],
)
def test_numbers_out_of_range_are_read(text: str, value: float, is_warm: bool) -> None:
    parser = warm({"_step": 0, "a": 1.0}) if is_warm else None
    rows, problems = parse(f'{{"_step":1,"a":{text}}}\n'.encode(), parser)
    assert points(rows, "a") == [(1, value)]
    assert problems == ()


def test_the_last_of_duplicate_keys_wins() -> None:
    rows, _ = parse(b'{"_step":1,"a":1,"a":2,"n":{"x":1},"n/x":5}\n')
    assert points(rows, "a") == [(1, 2.0)]
    assert points(rows, "n/x") == [(1, 5.0)]


def test_nested_objects_are_flattened_with_slashes_and_lists_are_kept_as_text() -> None:
    parser = JsonLines("x")
    rows, problems = parse(lines({"_step": 1, "val": {"loss": 1, "top": {"k": 2}}, "list": [1, 2]}), parser)
    assert set(rows.columns) == {"val/loss", "val/top/k"}
    assert parser.texts == {"list": "[1, 2]"}
    assert problems == ()


def test_deep_nesting_ends_in_no_error() -> None:
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    middle = b'{"a":' * 400 + b"1" + b"}" * 400
    array = b'{"_step":1,"a":' + b"[" * 400 + b"]" * 400 + b"}"
    rows, problems = parse(deep + b"\n" + middle + b"\n" + array + b"\n" + lines({"_step": 9, "b": 1}))
    assert rows.steps[-1] == 9
    assert [problem.line for problem in problems] == [1]


@pytest.mark.parametrize("is_warm", [False, True])
def test_bom_crlf_blank_lines_and_bad_utf8_cost_nothing(is_warm: bool) -> None:
    data = b'\xef\xbb\xbf{"_step":0,"a":1}\r\n\r\n  \n{"_step":1,"a":2}\r\n{"_step":2,"a":3,"\xff":4}\r\n'
    rows, problems = parse(data, warm({"_step": 0, "a": 1.0}) if is_warm else None)
    assert points(rows, "a") == [(0, 1.0), (1, 2.0), (2, 3.0)]
    assert points(rows, "\ufffd") == [(2, 4.0)]
    assert problems == ()


def test_half_a_surrogate_pair_in_a_name_becomes_valid_unicode() -> None:
    rows, _ = parse(b'{"_step":0,"\\ud800x":1}\n')
    assert list(rows.columns) == ["?x"]


def test_a_resume_marker_stands_before_the_row_that_follows_it() -> None:
    resume = {"_event": "resume", "_step": 1, "_timestamp": 9.0}
    rows, problems = parse(lines({"_step": 1, "a": 1}, {"_step": 2, "a": 2}, resume, {"_step": 1, "a": 3}))
    assert rows.resumes == ((2, 1.0),)
    assert rows.steps.tolist() == [1, 2, 1]
    assert problems == ()


def test_unknown_events_and_reserved_keys_are_no_points_and_doubled_underscores_are_the_users() -> None:
    rows, _ = parse(lines({"_event": "new thing", "a": 1}, {"_step": 1, "_own": 2, "__mine": 3, "a": 4}))
    assert rows.steps.tolist() == [1]
    assert set(rows.columns) == {"_mine", "a"}


def test_other_keys_for_step_and_time_are_those_of_the_format() -> None:
    keys = Keys(
        step=("global_step", "step"), time=("when",), event=None, prefix="", ignored=frozenset({"pid"})
    )
    records: list[object] = [
        {"step": 1, "when": "1970-01-01T00:01:00+00:00", "a": 1, "pid": 4},
        {"step": 9, "global_step": 2, "when": 61, "a": 2, "_b": 3},
    ]
    parser = JsonLines("x", "clock", keys=keys)
    for _ in range(2):
        rows, _ = parse(lines(*records), parser)
        assert rows.steps.tolist() == [1, 2]
        assert rows.times.tolist() == [60, 61]
        assert set(rows.columns) == {"a", "_b"}


def test_metric_names_beyond_the_limit_are_left_out_and_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonlines, "NAME_LIMIT", 10)
    parser = JsonLines("x")
    records = [{"_step": i, f"m{i}": i} for i in range(50)]
    rows, problems = parse(lines(*records), parser)
    assert len(rows.columns) == 10
    assert [problem.message for problem in problems] == ["more than 10 metric names: the rest is not read"]
    _, problems = parse(lines({"_step": 99, "m99": 1, "m1": 1}), parser)
    assert problems == ()


def test_many_bad_lines_are_counted_and_only_the_first_named() -> None:
    parser = JsonLines("x")
    _, problems = parser.parse(block(b"bad\n" * 500))
    assert len(problems) == jsonlines.PROBLEM_LIMIT
    assert parser.bad_lines == 500


JSON_KEYS = st.sampled_from(["a", "b", "c/d", "e", "é", 'q"', "_own", "__x", "_step", "_timestamp", "_event"])
NUMBERS = st.one_of(st.integers(-(10**20), 10**20), st.floats(), st.booleans(), st.just(10**400))
VALUES = st.recursive(
    st.one_of(
        NUMBERS, st.none(), st.sampled_from(["NaN", "Infinity", "-Infinity", "text", "resume", ":NaN"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("xyz"), inner, max_size=2)
    ),
    max_leaves=4,
)
PLAIN = st.fixed_dictionaries(
    {"_step": st.integers(0, 50), "_timestamp": st.floats(0, 1e9)},
    optional={
        "a": st.floats(),
        "b": st.floats(),
        "c/d": st.integers(0, 9),
        "e": st.one_of(st.floats(), st.just("hm")),
    },
)
RESUME = st.fixed_dictionaries({"_event": st.just("resume"), "_step": st.integers(0, 50)})
LINE = st.one_of(
    PLAIN.map(lambda record: json.dumps(record).encode()),
    PLAIN.map(lambda record: json.dumps(record).encode()),
    PLAIN.map(lambda record: json.dumps(record).encode()),
    RESUME.map(lambda record: json.dumps(record).encode()),
    st.dictionaries(JSON_KEYS, VALUES, max_size=4).map(lambda record: json.dumps(record).encode()),
    st.binary(max_size=12).map(lambda data: data.replace(b"\n", b"")),
    st.sampled_from(
        [b"", b"  ", b"\r", b'{"_step":1,"a":2}\r', b'{"_step":1,"a":NaN', b'{"_step":3}{"_step":4}', b"\0\0"]
    ),
)


def columns_of(path: Path, limits: list[int]) -> tuple[RunColumns, list[Problem], dict[str, str]]:
    follower, parser, columns = LineFollower(str(path)), JsonLines("x"), RunColumns()
    problems: list[Problem] = []
    for i in range(100_000):
        found = follower.poll(limits[i % len(limits)])
        rows, wrong = parser.parse(found)
        problems += wrong
        columns.apply(Chunk((rows,) if rows else (), wrong, more=found.more))
        if not found.more:
            follower.close()
            return columns, problems, parser.texts
    raise AssertionError("no end")


def same(one: RunColumns, other: RunColumns) -> bool:
    mine, theirs = one.points(), other.points()
    if sorted(mine.metrics) != sorted(theirs.metrics):
        return False
    for name in mine.metrics:
        for everything in (False, True):
            a, b = mine.series(name, everything=everything), theirs.series(name, everything=everything)
            assert a is not None
            assert b is not None
            for x, y in ((a.steps, b.steps), (a.times, b.times), (a.values, b.values)):
                if not np.array_equal(x, y, equal_nan=True):
                    return False
            if a.resume_steps != b.resume_steps:
                return False
    # NaN differs from itself, its text does not.
    return {name: str(stats) for name, stats in one.stats().items()} == {
        name: str(stats) for name, stats in other.stats().items()
    }


@settings(max_examples=200, deadline=None)
@given(
    st.lists(LINE, max_size=30),
    st.lists(st.integers(1, 400), min_size=1, max_size=5),
    st.binary(max_size=20),
    st.sampled_from([1, 3, 32]),
)
def test_any_pieces_give_the_same_points_problems_and_texts(
    tmp_path_factory: pytest.TempPathFactory,
    text: list[bytes],
    limits: list[int],
    tail: bytes,
    few_lines: int,
) -> None:
    path = tmp_path_factory.mktemp("lines") / "metrics.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in text) + tail)
    whole, problems, texts = columns_of(path, [1 << 20])
    with patch.object(jsonlines, "_FEW_LINES", few_lines):
        pieces, problems_again, texts_again = columns_of(path, limits)
    assert same(whole, pieces)
    assert problems == problems_again
    assert texts == texts_again


def test_the_fast_way_and_line_by_line_agree_on_a_file_with_trouble_in_it(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    trouble = [
        b"bad",
        b'{"_event":"resume","_step":%d}',
        b'{"_step":%d,"late":1}',
        b'{"_step":%d,"a":"x"}',
        b"",
    ]
    with path.open("wb") as file:
        for step in range(3000):
            file.write(b'{"_step":%d,"_timestamp":%d.5,"a":%d,"b":NaN}\n' % (step, step, step))
            if step % 211 == 0:
                line = trouble[step // 211 % len(trouble)]
                file.write((line % step if b"%d" in line else line) + b"\n")
    fast, problems, texts = columns_of(path, [20_000])
    with patch.object(Shape, "of", return_value=None):
        slow, problems_again, texts_again = columns_of(path, [20_000])
    assert same(fast, slow)
    assert problems == problems_again
    assert len(problems) == 3
    assert texts == texts_again == {"a": "x"}
