"""Texts that a match must hold: never one too many."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tailboard_tui.store.regex_texts import Required, required_texts

PARTS = st.sampled_from(
    [
        *("ab", "k", "é", "x", "+", "*", "?", "+?", "{2}", "{0,1}", "|", ".", "^", "$"),
        *(
            "(",
            ")",
            "(ab",
            "[ab]",
            "[^]a]",
            r"[\]b]",
            r"\d",
            r"\.",
            r"\[",
            r"\x61",
            r"\1",
            "{",
            "(?i)",
            "(?:x",
        ),
    ]
)


@given(st.lists(PARTS, max_size=7).map("".join), st.booleans(), st.data())
@settings(deadline=None, max_examples=200)
def test_every_line_that_matches_holds_one_of_the_texts(
    pattern: str, folds: bool, data: st.DataObject
) -> None:
    try:
        compiled = re.compile(pattern, re.IGNORECASE if folds else 0)
    except re.error:
        assume(False)
    required = required_texts(pattern, ignores_case=folds)
    if required is None:
        return
    parts = ["ab", "AB", "k", "\u212a", "é", "É", "x", "1", ".", "[", *required.texts]
    line = data.draw(st.lists(st.sampled_from(parts), max_size=8).map("".join))
    text = line.lower() if folds else line
    holds = any(one in text for one in required.texts)
    assert holds or compiled.search(line) is None
    if required.is_all and holds:
        assert compiled.search(line) is not None


@pytest.mark.parametrize(
    ("pattern", "folds", "expected"),
    [
        ("INFO|ERROR", False, Required(("INFO", "ERROR"), is_all=True)),
        (r"step \d+ loss", True, Required(("tep ",), is_all=False)),
        (r"Error: \w+", False, Required(("Error: ",), is_all=False)),
        (r"loss 0\.9+", False, Required(("loss 0.9",), is_all=False)),
        ("Runtime.*no", False, Required(("Runtime",), is_all=False)),
        ("ab*c|de", False, None),
        (r"\d+", False, None),
        (r"(?i)error", False, None),
        (r"\x41bc", False, None),
    ],
)
def test_the_longest_certain_text_of_each_alternative_is_required(
    pattern: str, folds: bool, expected: Required | None
) -> None:
    assert required_texts(pattern, ignores_case=folds) == expected
