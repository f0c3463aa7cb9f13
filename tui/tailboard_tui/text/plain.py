"""Signs of our screens as ASCII, one cell each, for terminals that have no others (`ascii = true`)."""

from __future__ import annotations

_PAIRS = {
    "▁▂▃▄▅▆▇█": "_.-~=+*#",
    "▏▎▍▌▋▊▉▐": "|||>||||",
    "▀▔░▒▓": "---:#",
    "●◌✓✗■·": "*ovx#.",
    "★◆▲▼▴▾▸▹•": "*=^v^v>>o",
    "‹›…×÷±—–−": "<>.x/~---",
    "↑↓←→“”": '^v<>""',
}
_LEVEL = "─━┄┅┈┉═╌╍╴╶╸╺╼╾"
_UPRIGHT = "│┃┆┇┊┋║╎╏╵╷╹╻╽╿"


def _table() -> dict[int, str]:
    table = dict.fromkeys(range(9472, 9600), "+")
    table |= dict.fromkeys(range(9600, 9632), "#")
    table |= dict.fromkeys(range(10241, 10496), ":") | {0x2800: " "}
    table |= {ord(char): "-" for char in _LEVEL} | {ord(char): "|" for char in _UPRIGHT}
    for signs, plain in _PAIRS.items():
        table |= {ord(sign): char for sign, char in zip(signs, plain, strict=True)}
    return table


_TABLE = _table()


def plain(text: str) -> str:
    """`text` without box, block and braille characters, arrows and marks; as many cells as before."""
    return text if text.isascii() else text.translate(_TABLE)
