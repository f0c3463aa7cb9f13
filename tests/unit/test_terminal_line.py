"""The fold of a log equals what a terminal shows; nothing in it acts."""

from __future__ import annotations

import re

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.text.ansi import Line, encode
from tailboard_tui.text.terminal_line import PIECE_BYTES, Screen, Settling, last_lines, line_of


def on_a_terminal(data: str) -> list[str]:
    """What pyte shows, in a terminal that is wide and high enough for the domain of `Screen`."""
    screen = pyte.Screen(220, 120)
    screen.set_mode(pyte.modes.LNM)
    pyte.Stream(screen).feed(data)
    return rows(screen.display)


def rows(lines: list[str]) -> list[str]:
    """Without blanks at line ends and blank rows at the end."""
    kept = [line.rstrip() for line in lines]
    while kept and not kept[-1]:
        kept.pop()
    return kept


def folded(data: str) -> list[str]:
    return rows([line.text for line in last_lines(data.encode(), 10_000)])


@st.composite
def printed(draw: st.DrawFn) -> str:
    """What programs print: text, redraws of the line, of lines above, colours."""
    row = 0
    parts: list[str] = []
    for _ in range(draw(st.integers(1, 40))):
        kind = draw(st.sampled_from("tttttnnrrrbeKcGAAFJu"))
        if kind == "t":
            parts.append(draw(st.text("ab é%|█0123", min_size=0, max_size=12)))
        elif kind == "n":
            parts.append("\n")
            row += 1
        elif kind == "u" and row:
            parts.append("\n\x1b[A")
        elif kind in "AF" and row:
            rows_up = draw(st.integers(1, row))
            row -= rows_up
            parts.append(f"\x1b[{rows_up}{kind}")
        else:
            number = draw(st.integers(1, 9))
            parts.append(
                {
                    "r": "\r",
                    "b": "\b" * number,
                    "e": "\t",
                    "K": f"\x1b[{number % 3}K",
                    "c": f"\x1b[{30 + number % 8};1m",
                    "G": f"\x1b[{number}{'CDG'[number % 3]}",
                    "J": "\x1b[J",
                }.get(kind, "")
            )
    return "".join(parts)


@given(printed())
@settings(deadline=None, max_examples=200)
def test_rows_equal_what_a_terminal_shows(data: str) -> None:
    assert folded(data) == on_a_terminal(data)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ("\r  0%|   |\r 50%|## |\r100%|###|\n", ["100%|###|"]),
        ("a long text\rshort\n", ["shortg text"]),
        ("0%\n\r in 0%\x1b[A\n\r in 50%\x1b[A\r50%\n\r in 100%\x1b[A\r100%\n\ndone\n", None),
        ("x\na\r\x1b[2Kb\x1b[1A\r\x1b[2Kc\n", None),
        (
            "12/100 [=>...] - loss: 0.5" + "\b" * 26 + "13/100 [=>...] - loss: 0.4\n",
            ["13/100 [=>...] - loss: 0.4"],
        ),
        ("\rbar 1%\r      \rmessage\n\rbar 2%", ["message", "bar 2%"]),
        ("漢字 é\u0301\r字", None),
    ],
)
def test_bars_of_the_usual_libraries_fold(data: str, shown: list[str] | None) -> None:
    expected = on_a_terminal(data)
    assert folded(data) == expected
    assert shown is None or expected == shown


def test_a_tqdm_bar_of_many_megabytes_shows_its_last_state() -> None:
    bar = b"".join(b"\r%5d/50000 [00:01<00:02]" % at for at in range(50_000))
    assert line_of(bar).text == "49999/50000 [00:01<00:02]"


def test_a_long_plain_line_shows_its_beginning() -> None:
    line = line_of(b"begin" + b"x" * (3 * PIECE_BYTES))
    assert line.text.startswith("beginx")
    assert len(line.text) <= 10_000


HOSTILE = st.one_of(
    st.binary(max_size=60),
    st.lists(
        st.sampled_from(
            [
                *(
                    b"\x1b",
                    b"\x1b[",
                    b"\x1b]52;c;QUJD",
                    b"\x07",
                    b"\x1b\\",
                    b"\x1bP",
                    b"\x1b_",
                    b"\x1b^",
                    b"\x1bX",
                ),
                *(
                    b"\xc2\x9b31m",
                    b"\xc2\x9d",
                    b"\xe2\x80\xae",
                    b"\x1b[2J",
                    b"\x1b[999;999H",
                    b"\x1bc",
                    b"\x0e",
                ),
                *(
                    b"\x1b[31m",
                    b"\x1b[38;2;1;2;3m",
                    b"\x1b[38;5;300m",
                    b"\x00",
                    b"\x7f",
                    b"\xff",
                    b"abc",
                    b"\n",
                ),
                *(
                    b"\x1b[?1049h",
                    b"\x1b[6n",
                    b"\x1b]8;;http://x\x1b\\",
                    b"\r",
                    b"\b",
                    b"\x1b[A",
                    b"\x1b[9999A",
                ),
            ]
        ),
        max_size=12,
    ).map(b"".join),
)
OUR_SGR = re.compile(r"\x1b\[[0-9;]*m")


def acts(line: Line) -> bool:
    """Whether anything but our own colours would reach a terminal."""
    text = OUR_SGR.sub("", encode(line))
    return text != line.text or any(
        ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 or character in "\u202a\u202e\u2066\u2069"
        for character in text
    )


@given(HOSTILE)
@settings(deadline=None, max_examples=200)
def test_no_byte_of_a_log_acts_on_the_terminal(data: bytes) -> None:
    assert not any(acts(line) for line in last_lines(data, 100))


@given(printed(), st.data())
@settings(deadline=None, max_examples=100)
def test_a_growing_log_settles_to_the_same_rows(text: str, data: st.DataObject) -> None:
    stream = (text.replace("\x1b[J", "").replace("\x1b[A", "") + "\n").encode()
    stream = re.sub(rb"\x1b\[\d*[ABEF]", b"", stream)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    settling = Settling()
    got: list[Line] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += settling.feed(stream[start:end])
    assert got == last_lines(stream, 10_000)


def test_nested_bars_settle_when_they_are_done() -> None:
    settling = Settling()
    assert settling.feed(b"\router 0\n\rinner 0\x1b[A\n\rinner 1\x1b[A\router 1\n") == []
    assert [line.text for line in settling.feed(b"\n\nafter\n")] == ["outer 1", "inner 1", "", "after"]


def test_a_row_moved_past_the_top_is_still_shown() -> None:
    screen = Screen()
    screen.feed("\x1b[5Ahello")
    assert [line.text for line in screen.all_lines()] == ["hello"]
