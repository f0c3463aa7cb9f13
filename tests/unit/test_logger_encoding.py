"""Whatever is logged: `log()` returns, and the file holds one strict JSON object a line."""

from __future__ import annotations

import decimal
import enum
import fractions
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tailboard
from tailboard import Run, encoding

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.complex_numbers()
    | st.decimals()
    | st.dates()
    | st.sampled_from([2**70, 10**400, -(10**400), object(), math, len, "\ud800", "\u2028", "\x1b[2J"])
    | st.floats(width=32).map(np.float32)
    | st.integers(-(2**31), 2**31).map(np.int64)
    | st.lists(st.floats(), max_size=3).map(np.array)
)
KEYS = st.text() | st.integers() | st.none() | st.booleans() | st.tuples(st.integers()) | st.just("_step")
NESTED = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.sets(st.integers(), max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=20,
)


@pytest.fixture
def run(tmp_path: Path) -> Any:
    with tailboard.init(dir=str(tmp_path), capture=False, git=False, system=False) as run:
        yield run


def strict(line: bytes) -> dict[str, Any]:
    def refuse(token: str) -> None:
        raise AssertionError(f"{token} is no JSON")

    found = json.loads(line, parse_constant=refuse)
    assert isinstance(found, dict)
    return found


def records(run: Run) -> list[dict[str, Any]]:
    content = (Path(run.dir) / "metrics.jsonl").read_bytes()
    assert content.isascii()
    assert content == b"" or content.endswith(b"\n")
    return [strict(line) for line in content.split(b"\n")[:-1]]


def last(run: Run) -> dict[str, Any]:
    record = records(run)[-1]
    return {key: value for key, value in record.items() if key not in ("_step", "_timestamp")}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.dictionaries(KEYS, NESTED, max_size=6), step=NESTED | st.none())
def test_any_nested_data_gives_one_strict_line_and_no_exception(run: Run, data: Any, step: Any) -> None:
    before = len(records(run))
    run.log(data, step=step)
    after = records(run)
    assert len(after) == before + 1
    assert isinstance(after[-1]["_step"], int | float)
    assert all(isinstance(value, str | int | float | bool | None) for value in after[-1].values())


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=NESTED)
def test_data_of_any_type_does_not_raise(run: Run, data: Any) -> None:
    run.log(data)
    records(run)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.dictionaries(
        st.text(min_size=1).filter(lambda key: key[0] != "_" and "/" not in key), st.floats(), min_size=1
    )
)
def test_floats_read_back_bit_for_bit(run: Run, values: dict[str, float]) -> None:
    for _ in range(2):  # the slow way, then the fast one
        run.log(values)
        found = {key: float(value) for key, value in last(run).items()}
        assert found.keys() == values.keys()
        assert all(np.array_equal(found[key], values[key], equal_nan=True) for key in values)


def test_the_fast_and_the_slow_way_write_the_same(run: Run) -> None:
    data = {"a": 0.1, "b": 3, "c": True, "d": "text", "e": None, "f": -0.0, "g": 1e300}
    run.log(data)
    run.log(data)
    slow, fast = records(run)
    assert {**slow, "_step": 1, "_timestamp": 0} == {**fast, "_timestamp": 0}
    assert list(slow) == list(fast)


def test_nan_and_infinities_are_words(run: Run) -> None:
    run.log({"a": math.nan, "b": math.inf, "c": -math.inf, "d": np.float32("nan")})
    assert last(run) == {"a": "NaN", "b": "Infinity", "c": "-Infinity", "d": "NaN"}


def test_nested_names_are_joined_with_slashes(run: Run) -> None:
    run.log({"train": {"loss": 1, "top": {"5": 0.5}}, "lr": 2})
    assert last(run) == {"train/loss": 1, "train/top/5": 0.5, "lr": 2}


def test_a_users_underscore_gets_another(run: Run) -> None:
    run.log({"_step": 5, "_private": 1, "__dunder": 2})
    assert last(run) == {"__step": 5, "__private": 1, "___dunder": 2}


class Cuda:
    """Acts like a torch tensor of one element."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def item(self) -> Any:
        return self.value

    def __float__(self) -> float:
        raise RuntimeError("float() on a tensor with gradient")


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (np.float32(0.5), 0.5),
        (np.float64(0.1), 0.1),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.array([2.5]), 2.5),
        (Cuda(1.5), 1.5),
        (Cuda(math.nan), "NaN"),
        (decimal.Decimal("0.25"), 0.25),
        (fractions.Fraction(1, 4), 0.25),
        (Level.HIGH, 3),
        (2**70, 2**70),
        (True, True),
        (None, None),
        ("text", "text"),
        (1j, "1j"),
        (np.complex64(1 + 2j), "(1+2j)"),
        (b"x", "b'x'"),
        ([1, 2], "[1, 2]"),
        (np.array([1, 2]), "[1 2]"),
        pytest.param(10**5000, "<int of 16610 bits>", id="more digits than Python prints"),
    ],
)
def test_each_kind_of_value_is_kept_as_number_or_text(run: Run, value: Any, kept: Any) -> None:
    run.log({"v": value})
    assert last(run) == {"v": kept}
    assert type(last(run)["v"]) is type(kept)


def test_no_value_of_a_flat_dict_is_left_out_and_too_many_nested_ones_are_said(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "METRICS_LIMIT", 10)
    many = {f"m{number}": float(number) for number in range(30)}
    run.log(many)
    assert last(run) == many
    assert capsys.readouterr().err == ""
    run.log({"nested": many})
    assert len(last(run)) == 10
    assert "more than 10 values" in capsys.readouterr().err


def test_text_instead_of_a_number_is_said_once(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        run.log({"list": [1, 2]})
    err = capsys.readouterr().err
    assert err.count("list: a list is no number") == 1
    events = [json.loads(line) for line in (Path(run.dir) / "events.jsonl").read_text().splitlines()]
    assert [event["message"] for event in events if event["event"] == "warning"] == [
        err[len("tailboard: ") : -1]
    ]


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    def __getattr__(self, name: str) -> Any:
        raise KeyError(name)


class HostileDict(dict[str, Any]):
    def keys(self) -> Any:
        raise RuntimeError("no keys")

    def __iter__(self) -> Any:
        raise RuntimeError("no iteration")


def test_hostile_objects_do_not_raise(run: Run) -> None:
    run.log({"a": Hostile(), "b": 1})
    assert last(run) == {"a": "<Hostile>", "b": 1}
    run.log({Hostile(): 2})  # type: ignore[dict-item]
    assert last(run) == {"<Hostile>": 2}
    run.log(HostileDict(a=1))
    run.log({"inner": HostileDict(a=1), "b": 1})
    assert last(run)["b"] == 1


def test_what_contains_itself_ends(run: Run) -> None:
    data: dict[str, Any] = {"a": 1}
    data["self"] = data
    items: list[Any] = [1]
    items.append(items)
    run.log({"data": data, "items": items})
    assert last(run)["data/a"] == 1
    shared: dict[str, Any] = {"x": 1}
    for _ in range(30):
        shared = {"l": shared, "r": shared}  # two to the 30 leaves once flattened
    run.log(shared)
    assert len(last(run)) <= encoding.METRICS_LIMIT


def test_deep_nesting_ends(run: Run) -> None:
    data: Any = 1
    for _ in range(100_000):
        data = {"d": data}
    run.log({"deep": data})
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    run.log({"deep": deep})
    assert len(records(run)) == 2


def test_credentials_in_logged_text_are_hidden_at_every_call(run: Run) -> None:
    for _ in range(2):
        run.log({"note": "https://user:hunter2@host/data", "loss": 1.0})
        assert last(run) == {"note": "https://[redacted]@host/data", "loss": 1.0}


def test_a_truth_value_as_step_is_a_number(run: Run) -> None:
    run.log({"v": 1}, step=True)
    assert type(records(run)[-1]["_step"]) is int


def test_steps_count_on_from_the_last_one_given(run: Run) -> None:
    run.log({"a": 1})
    run.log({"a": 1}, step=10)
    run.log({"a": 1})
    run.log({"a": 1}, commit=False)
    run.log({"b": 1})
    run.log({"a": 1}, step=np.int64(20))  # type: ignore[arg-type]
    run.log({"a": 1}, step="no step")  # type: ignore[arg-type]
    assert [record["_step"] for record in records(run)] == [0, 10, 11, 12, 12, 20, 21]


def test_plain_redacts_and_keeps_structure() -> None:
    data = {"a": {1, 2}, "b": (1, {"c": math.nan}), "secret": "x"}
    kept = encoding.plain(data, lambda key, value: "hidden" if key == "secret" else value)
    assert kept == {"a": [1, 2], "b": [1, {"c": "NaN"}], "secret": "hidden"}
