"""Progress bars as the usual libraries draw them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.store.bars import Bar, parse


@pytest.mark.parametrize(
    ("line", "bar"),
    [
        (
            "train:  45%|████▌     | 45/100 [00:04<00:05, 10.0it/s, loss=0.3]",
            Bar("train", 0.45, 45, 100, 10, 5),
        ),
        ("  1%|1         | 3/300 [00:10<16:30,  4.00s/it]", Bar("", 0.01, 3, 300, 0.25, 990)),
        ("0%|          | 0/10 [00:00<?, ?it/s]", Bar("", 0.0, 0, 10, None, None)),
        ("dl: 10%|#  | 1.5G/3.00G [00:11<1:01:40, 100MB/s]", Bar("dl", 0.5, 1.5e9, 3e9, 1e8, 3700)),
        ("123it [00:04, 30.5it/s]", Bar("", None, 123, None, 30.5, None)),
        ("Working... ━━━━━━━╸━━━━━━  45% 0:00:05", Bar("Working...", 0.45, None, None, None, 5)),
        ("12/100 ━━━━━━━━━━━━━━━━━━━━ 5s 50ms/step - loss: 0.3", Bar("", 0.12, 12, 100, 20, 5)),
        ("12/100 [==>...........] - ETA: 1:05 - loss: 0.3", Bar("", 0.12, 12, 100, None, 65)),
        ("acc 45% [ok]", None),
        ("[1/3] building", None),
        ("", None),
    ],
)
def test_a_bar_is_read(line: str, bar: Bar | None) -> None:
    assert parse(line) == bar


@given(st.text("0123456789%|[]<:,/ its━=>.?", max_size=80))
@settings(deadline=None, max_examples=200)
def test_any_line_gives_a_bar_in_range_or_none(line: str) -> None:
    bar = parse(line)
    assert bar is None or bar.fraction is None or 0 <= bar.fraction <= 1
