"""The one sanitiser: any text of a run directory goes through here before it is shown.

What a terminal or a reader's eye could take for an order is replaced by a visible stand-in: C0
controls and DEL by their Unicode pictures (U+2400 on), C1 controls, bidirectional overrides,
surrogates, tag characters and other invisible formatting by U+FFFD. Nothing is interpreted as
markup here: pass the result to Textual as `Content` or `Text`, never as `str`. Widths in cells come
from `rich.cells.cell_len`, with which Textual lays out.
"""

from __future__ import annotations

import re

LIMIT_CHARS = 10_000
"""A longer text is cut before any widget sees it: Textual needs seconds for a string of 2 MB."""

MAX_COMBINING = 4
"""Combining marks kept in a row; longer stacks cover the lines above and below."""

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f"
    "\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_STACK = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0e31\u0e34-\u0e3a"
    "\u0e47-\u0e4e\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4})"
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0e31\u0e34-\u0e3a"
    "\u0e47-\u0e4e\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)


def _stand_in(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def clean(text: str, limit: int = LIMIT_CHARS) -> str:
    """`text` on one line, with nothing in it that acts; cut to `limit` characters with an ellipsis."""
    if len(text) > limit:
        text = text[: max(limit - 1, 0)] + "…"
    if text.isascii() and text.isprintable():
        return text
    return _STACK.sub(r"\1", _UNSAFE.sub(_stand_in, text))


def clean_lines(text: str, limit: int = LIMIT_CHARS) -> list[str]:
    """`text` split at newlines (and only there), each line as `clean` gives it, tabs as spaces."""
    return [clean(line.removesuffix("\r").expandtabs(4), limit) for line in text.split("\n")]
