"""What the driver for terminals makes of answers, odd bytes and streams that are no terminals."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.messages import TerminalBackground
from tailboard_tui.terminal import TerminalDriver, _Output, is_dark, why_not


class Recorder:
    """As much of the driver as taking answers out of the input needs."""

    _without_answers = TerminalDriver._without_answers

    def __init__(self) -> None:
        self.sent: list[TerminalBackground] = []

    def send_message(self, message: TerminalBackground) -> None:
        self.sent.append(message)

    def feed(self, *pieces: str) -> str:
        """What is left of the input, given in pieces."""
        left, held = "", ""
        for piece in pieces:
            text, held = cast("TerminalDriver", self)._without_answers(held + piece)
            left += text
        return left + held


@pytest.mark.parametrize(
    ("color", "expected"),
    [
        (("ffff", "ffff", "ffff"), False),
        (("0000", "0000", "0000"), True),
        (("1e", "1e", "2e"), True),
        (("f", "e", "d"), False),
    ],
)
def test_a_colour_of_any_width_is_dark_or_light(color: tuple[str, str, str], expected: bool) -> None:
    assert is_dark(*color) is expected


@pytest.mark.parametrize("end", ["\x07", "\x1b\\"])
def test_the_answer_about_the_background_is_taken_out_of_the_keys(end: str) -> None:
    driver = Recorder()
    assert driver.feed(f"j\x1b]11;rgb:ffff/ffff/ffff{end}k") == "jk"
    assert [message.is_dark for message in driver.sent] == [False]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 32), max_size=4))
def test_the_answer_is_understood_however_it_is_cut(cuts: list[int]) -> None:
    text = "j\x1b]11;rgb:0000/0000/0000\x1b\\k"
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    driver = Recorder()
    left = driver.feed(*(text[a:b] for a, b in pairwise(places)))
    # Cut right after its first byte, the answer cannot be told from the Esc key: the parser gets it.
    if not any(cut in (2, 3, 4, 5) for cut in places):
        assert left == "jk"
        assert [message.is_dark for message in driver.sent] == [True]


def test_old_mouse_reports_are_no_keys() -> None:
    assert Recorder().feed("a\x1b[M \ufffd\ufffdb") == "ab"


def test_ordinary_keys_and_sequences_pass() -> None:
    assert Recorder().feed("jk\x1b[A\x1b") == "jk\x1b[A\x1b"


@pytest.mark.parametrize(
    ("stdin", "stdout", "term", "expected"),
    [
        (True, True, "xterm", None),
        (True, False, "xterm", "standard output"),
        (False, True, "xterm", "standard input"),
        (True, True, "dumb", "TERM=dumb"),
    ],
)
def test_it_says_in_one_line_why_there_is_no_screen(
    stdin: bool, stdout: bool, term: str, expected: str | None
) -> None:
    found = why_not(stdin, stdout, term)
    assert (
        found is None if expected is None else found is not None and expected in found and "\n" not in found
    )


def test_writing_to_a_closed_link_raises_nothing() -> None:
    reader, writer = os.pipe()
    output = _Output(writer)
    os.close(reader)
    for _ in range(3):
        output.write("x" * 100_000)
        output.flush()
    os.close(writer)


def test_any_character_can_be_written() -> None:
    reader, writer = os.pipe()
    output = _Output(writer)
    output.write("é\ud800学")
    output.flush()
    os.close(writer)
    assert os.read(reader, 100) == "é?学".encode()
    os.close(reader)
