"""Colours of logs are parsed to styles and written out again as ours."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.text import ansi
from tailboard_tui.text.ansi import BOLD, DIM, ITALIC, PLAIN, UNDERLINE, Line, Span, Style, apply_sgr, encode
from tailboard_tui.text.terminal_line import line_of


@pytest.mark.parametrize(
    ("parameters", "style"),
    [
        ("31", Style(1)),
        ("1;32", Style(2, None, BOLD)),
        ("92", Style(10)),
        ("41;37", Style(7, 1)),
        ("38;5;208", Style(208)),
        ("38;2;1;2;3", Style((1, 2, 3))),
        ("48:2::9:8:7", Style(None, (9, 8, 7))),
        ("38:5:17", Style(17)),
        ("4:3", Style(None, None, UNDERLINE)),
        ("", PLAIN),
        ("0", PLAIN),
        ("1;0;3", Style(None, None, ITALIC)),
        ("38;5;999", PLAIN),
        ("38;2;1;2", PLAIN),
        ("38;2;300;0;0", PLAIN),
        ("5;8", PLAIN),
        ("99999999999999999999", PLAIN),
        ("?25", PLAIN),
        (";;;1", Style(None, None, BOLD)),
    ],
)
def test_sgr_is_read_as_terminals_do(parameters: str, style: Style) -> None:
    assert apply_sgr(PLAIN, parameters) == style


def test_attributes_are_switched_off_one_by_one() -> None:
    bold_dim = Style(3, None, BOLD | DIM | ITALIC)
    assert apply_sgr(bold_dim, "22") == Style(3, None, ITALIC)
    assert apply_sgr(bold_dim, "39") == Style(None, None, BOLD | DIM | ITALIC)


def test_a_wrong_sequence_leaves_the_style() -> None:
    assert apply_sgr(Style(1), "x;2") == Style(1)


STYLES = st.builds(
    Style,
    st.one_of(st.none(), st.integers(0, 255), st.tuples(*[st.integers(0, 255)] * 3)),
    st.one_of(st.none(), st.integers(0, 255)),
    st.integers(0, 63),
)


@given(st.lists(st.tuples(st.text("abc é漢", min_size=1, max_size=5), STYLES), max_size=6))
@settings(deadline=None, max_examples=150)
def test_an_encoded_line_reads_back_as_itself(parts: list[tuple[str, Style]]) -> None:
    text, spans = "", []
    for piece, style in parts:
        if style != PLAIN:
            spans.append(Span(len(text), len(text) + len(piece), style))
        text += piece
    read = line_of(encode(Line(text, tuple(spans))).encode())
    assert read.text == text.rstrip(" ")
    styles = [style for start, end, style in spans for _ in range(start, end)]
    assert [style for start, end, style in read.spans for _ in range(start, end)] == styles[
        : sum(end - start for start, end, _ in read.spans)
    ]


def test_controls_are_shown_when_every_byte_is_asked_for() -> None:
    line = ansi.show_controls("\x1b[31mred\x1b[0m\x1b[2J\x07", 100)
    assert line.text == "red␛[2J␇"
    assert line.spans == (Span(0, 3, Style(1)),)


def test_a_long_line_is_cut_with_an_ellipsis() -> None:
    line = ansi.show_controls("\x1b[31m" + "x" * 50, 10)
    assert line.text == "x" * 9 + "…"
    assert line.spans == (Span(0, 10, Style(1)),)


def test_tokens_of_a_hostile_line_are_found_in_linear_time() -> None:
    hostile = "\x1b]" * 50_000 + "\x1b[" + ";" * 50_000 + "\x1b" * 50_000
    assert sum(len(token.group()) for token in ansi.TOKEN.finditer(hostile)) == len(hostile)
