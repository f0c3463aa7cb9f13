"""Colours and emphasis that a log's own escape sequences ask for, and nothing else of them.

Of all escape sequences only SGR (colours, bold ...) has an effect, as a `Style` beside plain text;
`encode` writes styles out again in our own words. Where text goes on the screen is decided by
`text.terminal_line`.

Source: ECMA-48 5th ed. §5.4 (control sequences), §5.6 (strings), §8.3.117 (SGR); ITU-T T.416 for
colours with colons; xterm's ctlseqs for 256 colours and 24 bit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from tailboard_tui.text.safe import clean

Color = int | tuple[int, int, int] | None
"""Palette number 0 to 255, red-green-blue 0 to 255 each, or None for the default."""

BOLD, DIM, ITALIC, UNDERLINE, REVERSE, STRIKE = 1, 2, 4, 8, 16, 32
"""Bits of `Style.attributes`. Blinking and hidden text are shown as plain text."""


class Style(NamedTuple):
    """How one character looks."""

    color: Color = None
    background: Color = None
    attributes: int = 0


class Span(NamedTuple):
    """A stretch of a line in one style, `[start, end)` in characters."""

    start: int
    end: int
    style: Style


class Line(NamedTuple):
    """One row of output: text on which nothing acts, and how parts of it look."""

    text: str
    spans: tuple[Span, ...] = ()
    """Ascending, apart from each other; what lies between has the plain style."""


PLAIN = Style()

TOKEN = re.compile(
    "[^\x00-\x1f\x7f]+"
    "|\x1b\\[(?P<parameters>[0-?]*)(?P<intermediate>[ -/]*)(?P<final>[@-~])"
    "|\x1b[\\]PX^_][^\x07\n\x18\x1a\x1b]*(?:\x07|\x1b\\\\)"
    "|\x1b[ -/]*[0-OQ-WYZ`-~]"
    "|[\x00-\x1f\x7f]"
)
"""What a log consists of: text, a control sequence (CSI), a string (OSC, DCS, APC, PM, SOS) with its
end, another escape sequence, a single control. No part matches an ESC beyond its first byte, and no
alternative repeats another's beginning: time is linear in the length."""

_SWITCH_ON = {1: BOLD, 2: DIM, 3: ITALIC, 4: UNDERLINE, 7: REVERSE, 9: STRIKE, 21: UNDERLINE}
_SWITCH_OFF = {22: BOLD | DIM, 23: ITALIC, 24: UNDERLINE, 27: REVERSE, 29: STRIKE}

_SGR_LIMIT = 256
"""Characters of one SGR sequence that are looked at; real ones have under 40."""


def apply_sgr(style: Style, parameters: str) -> Style:
    """`style` after `ESC [ parameters m`. What is unknown or wrong in it changes nothing."""
    if not parameters or parameters == "0":
        return PLAIN
    color, background, attributes = style
    codes = iter(parameters[:_SGR_LIMIT].split(";"))
    for code in codes:
        head, colon, detail = code.partition(":")
        if head and not head.isdecimal():
            return style
        number = int(head[:4] or 0)
        if number == 0:
            color, background, attributes = PLAIN
        elif number == 4 and colon:
            attributes = attributes & ~UNDERLINE if detail == "0" else attributes | UNDERLINE
        elif number in _SWITCH_ON:
            attributes |= _SWITCH_ON[number]
        elif number in _SWITCH_OFF:
            attributes &= ~_SWITCH_OFF[number]
        elif number in (38, 48):
            picked = _colon_color(detail) if colon else _semicolon_color(codes)
            color, background = (picked, background) if number == 38 else (color, picked)
        elif number == 39:
            color = None
        elif number == 49:
            background = None
        elif 30 <= number <= 37 or 90 <= number <= 97:
            color = number - 30 if number < 90 else number - 82
        elif 40 <= number <= 47 or 100 <= number <= 107:
            background = number - 40 if number < 100 else number - 92
    return Style(color, background, attributes)


def _semicolon_color(codes: Iterable[str]) -> Color:
    """The colour of `38;5;n` or `38;2;r;g;b`, taking what belongs to it from `codes`."""
    codes = iter(codes)
    kind = next(codes, "")
    if kind == "5":
        return _palette(next(codes, ""))
    if kind == "2":
        return _rgb([next(codes, ""), next(codes, ""), next(codes, "")])
    return None


def _colon_color(detail: str) -> Color:
    """The colour of `38:5:n`, `38:2:r:g:b` or `38:2:space:r:g:b`."""
    kind, *values = detail.split(":")
    if kind == "5" and values:
        return _palette(values[0])
    if kind == "2" and len(values) >= 3:
        return _rgb(values[1:4] if len(values) > 3 else values)
    return None


def _palette(text: str) -> Color:
    return int(text) if text.isdecimal() and len(text) <= 3 and int(text) < 256 else None


def _rgb(texts: list[str]) -> Color:
    values = [int(text) if text.isdecimal() and len(text) <= 3 else -1 for text in texts]
    if any(value < 0 or value > 255 for value in values):
        return None
    return values[0], values[1], values[2]


def spans_of(styles: list[Style], lengths: list[int] | None = None) -> tuple[Span, ...]:
    """The stretches of equal style in a row of cells.

    Args:
        styles: One per cell.
        lengths: Characters in each cell, where any has another number than one.
    """
    spans: list[Span] = []
    cell = start = 0
    for style, group in groupby(styles):
        count = sum(1 for _ in group)
        end = start + (count if lengths is None else sum(lengths[cell : cell + count]))
        if style != PLAIN and end > start:
            spans.append(Span(start, end, style))
        cell, start = cell + count, end
    return tuple(spans)


def encode(line: Line) -> str:
    """The line with its styles as SGR sequences of ours, plain again at its end."""
    parts: list[str] = []
    at = 0
    for start, end, style in line.spans:
        parts += (line.text[at:start], _sgr(style), line.text[start:end], "\x1b[0m")
        at = end
    parts.append(line.text[at:])
    return "".join(parts)


def _sgr(style: Style) -> str:
    codes = [
        str(code)
        for code, bit in ((1, 1), (2, 2), (3, 4), (4, 8), (7, 16), (9, 32))
        if style.attributes & bit
    ]
    for base, color in ((38, style.color), (48, style.background)):
        if isinstance(color, int):
            codes.append(f"{base};5;{color}")
        elif color is not None:
            codes.append(f"{base};2;{color[0]};{color[1]};{color[2]}")
    return f"\x1b[{';'.join(codes)}m"


def show_controls(text: str, limit: int) -> Line:
    """`text` with its colours, and every other sequence and control visible: what the bytes are.

    Args:
        limit: Characters shown; more are cut with an ellipsis.
    """
    parts: list[str] = []
    spans: list[Span] = []
    style, at = PLAIN, 0
    for token in TOKEN.finditer(text):
        if token["final"] == "m" and not token["intermediate"]:
            style = apply_sgr(style, token["parameters"])
            continue
        piece = clean(token.group(), limit)
        if style != PLAIN:
            spans.append(Span(at, at + len(piece), style))
        parts.append(piece)
        at += len(piece)
        if at > limit:
            break
    shown = "".join(parts)
    if len(shown) > limit:
        shown = shown[: limit - 1] + "…"
        spans = [Span(start, min(end, limit), style) for start, end, style in spans if start < limit]
    return Line(shown, tuple(spans))
