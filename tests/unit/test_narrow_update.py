"""What is sent for a partial update: the same cells as Rich would send, with fewer bytes."""

from __future__ import annotations

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import Color, ColorSystem
from rich.segment import Segment
from rich.style import Style

from tailboard_tui.widgets.narrow_update import Pen

colors = st.sampled_from([None, Color.from_rgb(1, 2, 3), Color.from_rgb(200, 100, 0), Color.parse("red")])
flags = st.sampled_from([None, True])
styles = st.builds(
    lambda color, bgcolor, bold, underline, reverse, strike, italic: Style(
        color=color,
        bgcolor=bgcolor,
        bold=bold,
        underline=underline,
        reverse=reverse,
        strike=strike,
        italic=italic,
    ),
    *(colors, colors, flags, flags, flags, flags, flags),
)
texts = st.sampled_from(["a", "  ", "xyz ", "⣀⡀", " b"])
pieces = st.lists(st.tuples(texts, st.none() | styles), max_size=12)


def cells(sent: str) -> list[list[object]]:
    screen = pyte.Screen(60, 3)
    pyte.Stream(screen).feed(sent)
    return [[screen.buffer[y][x] for x in range(60)] for y in range(3)]


def seen(cell: object) -> object:
    """The cell as one sees it: a blank has no ink."""
    has_ink = cell.data != " " or cell.reverse or cell.underscore or cell.strikethrough  # type: ignore[attr-defined]
    return cell if has_ink else cell._replace(fg="", bold=False, italics=False)  # type: ignore[attr-defined]


@given(pieces, pieces)
@settings(max_examples=200, deadline=None)
def test_the_pen_draws_what_rich_would(
    first: list[tuple[str, Style | None]], second: list[tuple[str, Style | None]]
) -> None:
    pen, plain = Pen(ColorSystem.TRUECOLOR), ""
    for y, row in enumerate((first, second)):
        pen.move(0, y)
        pen.write([Segment(text, style) for text, style in row])
        plain += f"\x1b[{y + 1};1H" + "".join((style or Style.null()).render(text) for text, style in row)
    sent = pen.text()
    assert [[seen(c) for c in row] for row in cells(sent)] == [[seen(c) for c in row] for row in cells(plain)]


def test_a_style_that_goes_on_is_set_once() -> None:
    pen = Pen(ColorSystem.TRUECOLOR)
    blue, red = (Style(color=color, bgcolor="#000000") for color in ("#0000ff", "#ff0000"))
    for y in range(3):
        pen.move(0, y)
        pen.write([Segment("a", blue), Segment("  ", red)])
    pen.write([Segment("b", red)])
    assert pen.text().count("m") == 3  # blue on black, red, and the end


def test_only_what_differs_between_two_styles_is_set() -> None:
    pen = Pen(ColorSystem.TRUECOLOR)
    plain, bold = (Style(color="#102030", bgcolor="#000000", bold=is_bold) for is_bold in (False, True))
    dim = Style(color="#102030", bgcolor="#000000", dim=True)
    pen.write([Segment(text, style) for text, style in (("a", plain), ("b", bold), ("c", plain), ("d", dim))])
    assert pen.text().endswith("\x1b[1mb\x1b[22mc\x1b[2md\x1b[0m")
    pen = Pen(ColorSystem.TRUECOLOR)
    pen.write([Segment("e", bold + dim), Segment("f", dim + Style(bold=False))])
    assert pen.text().endswith("\x1b[22;2mf\x1b[0m")


def test_without_colour_nothing_but_text_is_sent() -> None:
    pen = Pen(None)
    pen.write([Segment("a", Style(color="red", bold=True))])
    assert pen.text() == "a"
