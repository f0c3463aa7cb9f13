"""What terminals answer about graphics, and images as their protocols want them."""

from __future__ import annotations

import os
import pty
import re
import threading
import zlib
from base64 import b64decode
from itertools import pairwise

import numpy as np
import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.plot import graphics
from tailboard_tui.plot.graphics import picture
from tailboard_tui.plot.pixels import PixelArray, decode
from tailboard_tui.text.graphics import ASK_ATTRIBUTES, ASK_KITTY, Answers, Graphics, Protocol, ask, questions

KITTY = "\x1b_Gi=31;OK\x1b\\\x1bP>|kitty(0.42.1)\x1b\\\x1b[6;18;9t\x1b[?62;c"
SIXEL = "\x1b[6;20;10t\x1b[?62;4;6c"


def taken(*pieces: str) -> tuple[str, Graphics | None]:
    answers = Answers()
    return "".join(answers.take(piece) for piece in pieces), answers.found


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (KITTY, Graphics("kitty", (9, 18), "kitty(0.42.1)")),
        (SIXEL, Graphics("sixel", (10, 20))),
        ("\x1bP>|iTerm2 3.5\x1b\\\x1b[?65;4c", Graphics("iterm", (10, 20), "iTerm2 3.5")),
        ("\x1b_Gi=31;ENOTSUP\x1b\\\x1b[?4c", Graphics()),
        ("\x1b[6;0;0t\x1b[?1;2c", Graphics()),
    ],
)
def test_the_best_protocol_that_the_terminal_has_is_taken(answer: str, expected: Graphics) -> None:
    assert taken(answer) == ("", expected)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([KITTY, SIXEL]), st.lists(st.integers(0, 70), max_size=5))
def test_answers_are_taken_out_of_the_keys_however_they_are_cut(answer: str, cuts: list[int]) -> None:
    text = f"j{answer}k\x1b[A"
    escapes = {at + 1 for at, char in enumerate(text) if char == "\x1b"}
    # Cut right after an ESC, an answer cannot be told from the Esc key: that byte is a key.
    places = [0, *sorted({min(cut, len(text)) for cut in cuts} - escapes), len(text)]
    left, found = taken(*(text[a:b] for a, b in pairwise(places)))
    assert left == "jk\x1b[A"
    assert found == taken(answer)[1]


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="\x1b_GP>|[?6;0jk~A", max_size=60), st.integers(1, 9))
def test_no_input_is_lost_while_no_answer_comes(text: str, size: int) -> None:
    answers = Answers()
    left = "".join(answers.take(text[at : at + size]) for at in range(0, len(text), size))
    assert left + answers._held == text


def test_keys_pass_while_answers_are_awaited() -> None:
    assert taken("j\x1b", "[A\x1b[6;5~\x1b[<0;1;1M")[0] == "j\x1b[A\x1b[6;5~\x1b[<0;1;1M"


@pytest.mark.parametrize(
    ("environment", "has_kitty"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-256color", "TMUX": "/tmp/x"}, False),
        ({"TERM": "screen"}, False),
        ({"TERM": "linux"}, False),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, False),
    ],
)
def test_terminals_that_misread_a_question_are_not_asked_it(
    environment: dict[str, str], has_kitty: bool
) -> None:
    asked = questions(environment)
    assert (ASK_KITTY in asked) is has_kitty
    assert asked.endswith(ASK_ATTRIBUTES)


def test_a_command_asks_the_terminal_and_waits_no_longer_than_told() -> None:
    terminal, line = pty.openpty()
    try:
        assert ask({}, reading=line, writing=line, timeout_s=0.01) is None
        answering = threading.Thread(
            target=lambda: (os.read(terminal, 500), os.write(terminal, SIXEL.encode()))
        )
        os.read(terminal, 500)
        answering.start()
        assert ask({}, reading=line, writing=line, timeout_s=20) == Graphics("sixel", (10, 20))
        answering.join()
    finally:
        os.close(terminal)
        os.close(line)


def image(rows: int, columns: int, colors: int, seed: int = 0) -> PixelArray:
    rng = np.random.default_rng(seed)
    palette = rng.integers(0, 256, (colors, 3), dtype=np.uint8)
    return palette[rng.integers(0, colors, (rows, columns))]


def of_sixels(text: str) -> PixelArray:
    """A reader of sixels by their definition: colours in percent, six rows a band."""
    head = re.match(r'\x1bP0;1;0q"1;1;(\d+);(\d+)', text)
    assert head is not None
    assert text.endswith("\x1b\\")
    wide, high = int(head[1]), int(head[2])
    found = np.zeros((high, wide, 3), dtype=np.uint8)
    palette: dict[int, tuple[int, ...]] = {}
    x = top = color = 0
    for part in re.finditer(r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|([$-])|!(\d+)(.)|(.)", text[head.end() : -2]):
        if part[1]:
            palette[int(part[1])] = tuple(round(int(part[at]) * 2.55) for at in (2, 3, 4))
        elif part[5]:
            color = int(part[5])
        elif part[6]:
            x, top = 0, top + (6 if part[6] == "-" else 0)
        else:
            count, bits = int(part[7] or 1), ord(part[8] or part[9]) - 63
            for row in range(6):
                if bits >> row & 1:
                    found[top + row, x : x + count] = palette[color]
            x += count
    return found


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 256))
def test_sixels_of_few_colours_are_exact_to_a_percent(rows: int, columns: int, colors: int) -> None:
    pixels = image(rows, columns, colors)
    found = of_sixels(graphics.sixel(pixels)).astype(int)
    assert np.abs(found - pixels).max() <= 3


def test_sixels_of_a_photograph_are_right_on_average() -> None:
    y, x = np.mgrid[0:64, 0:64]
    pixels = np.stack((x * 4, y * 4, (x + y) * 2), axis=2).astype(np.uint8)
    found = of_sixels(graphics.sixel(pixels)).astype(float)
    blocks = (found - pixels).reshape(8, 8, 8, 8, 3).mean(axis=(1, 3))
    assert np.abs(blocks).max() < 12


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["kitty", "iterm", "sixel"]),
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.integers(1, 250),
    st.integers(1, 60),
)
def test_a_picture_never_overflows_and_is_bounded(
    protocol: Protocol, shape: tuple[int, int], width: int, height: int
) -> None:
    shown = picture(image(*shape, 300), width, height, Graphics(protocol, (9, 18)), "#000000")
    assert shown is not None
    assert 1 <= shown.columns <= width
    assert 1 <= shown.rows <= height
    assert len(shown.text) < 3_000_000


def test_the_pixels_of_kitty_and_iterm_are_those_of_the_image() -> None:
    pixels = image(40, 40, 300)
    shown = picture(pixels, 4, 2, Graphics("kitty", (10, 20)), "#000000")
    assert shown is not None
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", shown.text)
    raw = zlib.decompress(b64decode("".join(data for _, data in parts)))
    assert np.array_equal(np.frombuffer(raw, dtype=np.uint8).reshape(40, 40, 3), pixels)
    assert [part[0][-1] for part in parts] == ["1"] * (len(parts) - 1) + ["0"]
    file = b64decode(graphics.iterm(pixels, 4, 2).partition(":")[2][:-1])
    assert np.array_equal(decode(file), pixels)


def test_behind_tmux_the_image_is_handed_on_and_placeholders_stand_in_its_cells() -> None:
    pixels = image(400, 80, 300)
    shown = picture(pixels, 8, 200, Graphics("kitty", (10, 20), is_behind_tmux=True), "#000000")
    assert shown is not None
    assert (shown.columns, shown.rows) == (8, 20)
    handed = re.findall(r"\x1bPtmux;((?:\x1b\x1b|[^\x1b])*)\x1b\\", shown.text)
    commands = [text.replace("\x1b\x1b", "\x1b") for text in handed]
    parts = [re.fullmatch(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", command) for command in commands]
    options = dict(item.split("=") for item in parts[0][1].split(","))  # type: ignore[index]
    assert (options["U"], options["q"], options["c"], options["r"]) == ("1", "2", "8", "20")
    raw = zlib.decompress(b64decode("".join(part[2] for part in parts if part)))
    assert np.array_equal(np.frombuffer(raw, dtype=np.uint8).reshape(400, 80, 3), pixels)
    screen = pyte.Screen(40, 30)
    pyte.Stream(screen).feed(f"\x1b[3;5H{shown.again}x")
    cells = [[screen.buffer[y][x] for x in range(4, 12)] for y in range(2, 22)]
    assert {cell.data[0] for row in cells for cell in row} == {graphics.PLACEHOLDER}
    assert [row[0].data[1:] for row in cells] == list(graphics.ROW_MARKS[:20])
    assert screen.buffer[21][12].data == "x"
    assert f"38;5;{options['i']}m" in shown.again
    assert shown.text.endswith(shown.again)
    assert "\x1b_G" not in shown.again
    assert f"d=I,i={options['i']}," in shown.cleanup


def test_row_marks_are_those_of_kitty() -> None:
    assert [f"{ord(graphics.ROW_MARKS[row]):04X}" for row in (0, 1, 17, 35, 54, 69, 84)] == [
        *("0305", "030D", "0363", "0592", "0610", "06D6", "06EC")
    ]


TMUX = "\x1bP>|tmux 3.4\x1b\\\x1b[6;18;9t\x1b[?1;2c"


@pytest.mark.parametrize(
    ("late", "protocol"),
    [("", "blocks"), ("\x1b_Gi=31;OK\x1b\\", "kitty"), ("\x1b_Gi=31;ENOTSUP\x1b\\", "blocks")],
)
@given(cut=st.integers(2, 40))
def test_behind_tmux_the_answer_of_the_terminal_outside_comes_last(
    late: str, protocol: Protocol, cut: int
) -> None:
    answers = Answers(is_behind_tmux=True)
    typed = answers.take(f"j{TMUX}k")
    assert answers.found == Graphics("blocks", (9, 18), "tmux 3.4", is_behind_tmux=True)
    assert not answers.is_done
    # Alt+_ is a key: until a G follows it, an answer has not begun.
    text = late[: max(cut, 3)]
    typed += answers.take(f"\x1b{text}") + answers.take(f"{late[len(text) :]}\x1b[A")
    assert typed == "jk\x1b\x1b[A"
    assert answers.found.protocol == protocol
    assert answers.is_done is bool(late)


def test_tmux_is_asked_to_hand_kitty_s_question_on() -> None:
    asked = questions({"TERM": "tmux-256color", "TMUX": "/tmp/x"}, may_pass=True)
    assert asked.startswith("\x1bPtmux;\x1b\x1b_Gi=31,s=1")
    assert "tmux;" not in questions({"TERM": "screen", "TMUX": "/tmp/x", "STY": "1"}, may_pass=True)
    assert ASK_KITTY in questions({"TERM": "xterm-kitty"}, may_pass=True)


def test_a_terminal_without_graphics_gets_no_picture() -> None:
    assert picture(image(4, 4, 2), 10, 10, Graphics(), "#000000") is None
