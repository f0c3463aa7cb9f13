"""Metrics in what programs print."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reading import found_in, read_series
from tailboard_tui.files.follow import Block
from tailboard_tui.formats.patterns import LogLines, user_patterns, visible

EXAMPLES = [
    ("nanogpt", "iter 10: loss 2.1, time 5.00ms, mfu 3.40%", 10, {"loss": 2.1, "time": 5.0, "mfu": 3.4}),
    ("nanogpt-eval", "step 250: train loss 1.5, val loss 1.6", 250, {"train loss": 1.5, "val loss": 1.6}),
    (
        "modded-nanogpt",
        "step:10/5100 train_loss:4.5 train_time:123ms step_avg:12.3ms",
        10,
        {"train_loss": 4.5, "train_time": 123, "step_avg": 12.3},
    ),
    ("speedrun", "s:0 tel:10.97", 0, {"tel": 10.97}),
    (
        "megatron",
        " iteration       10/    1000 | consumed samples:   80 | learning rate: 1.5E-04 | lm loss: 1.0E+01 |",
        10,
        {"consumed samples": 80, "learning rate": 1.5e-4, "lm loss": 10.0},
    ),
    (
        "megatron",
        " iteration       20/    1000 | elapsed time per iteration (ms): 1500.3 | lm loss: 1.0E+01 |",
        20,
        {"elapsed time per iteration (ms)": 1500.3, "lm loss": 10.0},
    ),
    (
        "torchtune",
        "Step 1 | loss:1.2 lr:2e-05 tokens_per_second:10",
        1,
        {"loss": 1.2, "lr": 2e-5, "tokens_per_second": 10},
    ),
    (
        "fairseq",
        '2023-01-01 10:00:00 | INFO | train_inner | {"epoch": 1, "loss": "5.3", "num_updates": "100"}',
        100,
        {"loss": 5.3, "epoch": 1},
    ),
    (
        "fairseq-pipes",
        "| epoch 001 | loss 5.3 | ppl 39.4 | num_updates 100",
        100,
        {"epoch": 1, "loss": 5.3, "ppl": 39.4},
    ),
    (
        "mmengine",
        "2023/01/01 10:00:00 - mmengine - INFO - Epoch(train)  [2][ 5/10]  lr: 1.0e-03  loss: 0.5",
        15,
        {"lr": 1e-3, "loss": 0.5},
    ),
    ("dict", "{'loss': 0.5, 'grad_norm': nan, 'epoch': 0.1}", 0.1, {"loss": 0.5, "grad_norm": math.nan}),
    ("general", "[2024-01-01 10:00:00] step: 7 loss=0.25 lr=1e-3", 7, {"loss": 0.25, "lr": 1e-3}),
    ("general", "Iteration 100, train_loss: nan", 100, {"train_loss": math.nan}),
    ("general", "step 3 | eta: 0:10:00 | date: 2024-01-02 | v=1.2.3 | loss: 2.5s", 3, {"loss": 2.5}),
    ("epoch", "Train Epoch: 3 [640/60000 (1%)]\tLoss: 2.300000", 3, {"Loss": 2.3}),
    ("epoch", "\x1b[32mEpoch 3/10\x1b[0m - val_acc: 0.9", 3, {"val_acc": 0.9}),
]


@pytest.mark.parametrize(("name", "line", "step", "values"), EXAMPLES)
def test_a_line_of_a_known_program_gives_its_numbers(
    name: str, line: str, step: float, values: dict[str, float]
) -> None:
    found = LogLines().read(visible(line.encode()))
    assert found is not None
    assert (found.pattern.name, found.step) == (name, step)
    assert repr(dict(found.values)) == repr({key: float(value) for key, value in found.values.items()})
    assert {key: repr(float(value)) for key, value in values.items()} == {
        key: repr(value) for key, value in found.values.items()
    }


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        "listening on port: 8080",
        "Step 1: buy milk",
        "see https://x.org/step/3",
        "a" * 10_000,
        "{'a': ",
    ],
)
def test_other_lines_give_nothing(line: str) -> None:
    assert LogLines().read(visible(line.encode())) is None


def test_a_keras_bar_counts_its_epoch_once_it_is_full(tmp_path: Path) -> None:
    (tmp_path / "fit.log").write_bytes(
        b"Epoch 1/2\n"
        b"\r 1/32 [..] - ETA: 1s - loss: 9.0\r32/32 [====] - 1s 2ms/step - loss: 1.6 - val_loss: 1.7\n"
        b"Epoch 2/2\n"
        b"32/32 \xe2\x94\x81\xe2\x94\x81\xe2\x94\x81 1s 2ms/step - acc: 0.5 - loss: 1.2 - val_loss: 1.3\n"
    )
    (found,) = found_in(tmp_path).values()
    assert read_series(found) == {
        "loss": ([1, 2], [1.6, 1.2]),
        "val_loss": ([1, 2], [1.7, 1.3]),
        "acc": ([2], [0.5]),
    }


def test_a_moment_at_the_begin_of_a_line_is_its_time_on_this_machine() -> None:
    lines = LogLines()
    data = b"[2024-05-01 10:00:00,250] step 1 loss: 0.5\n"
    lines.feed(Block(data, 1, 1, len(data)))
    (rows,) = lines.take()[0]
    assert rows.times.tolist() == [datetime(2024, 5, 1, 10).timestamp() + 0.25]


def test_the_users_patterns_come_first_and_wrong_ones_are_named() -> None:
    patterns, problems = user_patterns(
        [
            {"name": "mine", "match": r"it=(?P<step>\d+) train (?P<train_loss>[\d.]+)"},
            {"name": "words", "match": r"^R (?P<step>\d+) (?P<rest>.*)", "form": "words"},
            {"name": "bad", "match": "("},
            {"name": "none"},
            {"match": "x", "form": "other"},
        ]
    )
    assert [pattern.name for pattern in patterns] == ["mine", "words"]
    assert [problem.split(":")[1].strip() for problem in problems] == ["bad", "none", "pattern 5"]
    lines = LogLines(patterns)
    mine, words = lines.read("it=3 train 0.5"), lines.read("R 4 reward 1.5")
    assert mine is not None
    assert words is not None
    assert (mine.step, mine.values) == (3, {"train_loss": 0.5})
    assert (words.step, words.values) == (4, {"reward": 1.5})


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=300)
    | st.text(alphabet="step:=lossepoch 0123456789.,|{}[]'\"\r\b\x1b", max_size=120).map(str.encode)
)
def test_no_line_raises(line: bytes) -> None:
    data = line.replace(b"\n", b" ") + b"\n"
    lines = LogLines()
    lines.feed(Block(data, 1, 1, len(data)))
    lines.take()
