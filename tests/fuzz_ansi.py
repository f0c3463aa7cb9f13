"""Throw random byte strings at the escape handling: `python tests/fuzz_ansi.py [COUNT] [SEED]`.

Fails with the string that lets anything through: a byte below 0x20 or a C1 control that is not part
of our own SGR, or a direction override. A million strings (the default) take a few minutes.
"""

from __future__ import annotations

import random
import re
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tui", "logger")]

from tailboard_tui.text.ansi import encode, show_controls  # noqa: E402
from tailboard_tui.text.terminal_line import last_lines  # noqa: E402

OUR_SGR = re.compile(r"\x1b\[[0-9;]*m")
ACTING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

PARTS = (
    *(
        b"\x1b",
        b"\x1b[",
        b"\x1b]0;t",
        b"\x1b]52;c;QUJD",
        b"\x1b]8;;http://x",
        b"\x1bP",
        b"\x1b_",
        b"\x1b^",
        b"\x1bX",
    ),
    *(
        b"\x07",
        b"\x1b\\",
        b"\x9c",
        b"\xc2\x9b",
        b"\xc2\x9d",
        b"\xc2\x90",
        b"\x9b31m",
        b"\xe2\x80\xae",
        b"\xe2\x81\xa6",
    ),
    *(
        b"\x1b[31m",
        b"\x1b[1;38;2;1;2;3m",
        b"\x1b[38:5:300m",
        b"\x1b[2J",
        b"\x1b[9;9H",
        b"\x1b[A",
        b"\x1b[99B",
        b"\x1bc",
    ),
    *(
        b"\x1b[?1049h",
        b"\x1b[6n",
        b"\x1b[c",
        b"\x1b(0",
        b"\x1b#8",
        b"\x1b[;",
        b"\x1b[1;",
        b"m",
        b";",
        b"0",
        b"\x18",
    ),
    *(
        b"\r",
        b"\n",
        b"\b",
        b"\t",
        b"\x00",
        b"\x7f",
        b"\xff",
        b"\xed\xa0\x80",
        b"text",
        b"\xe6\xbc\xa2",
        b"\xcc\x81",
    ),
)


def hostile(chance: random.Random) -> bytes:
    """A short random string, half of them of pieces that terminals act on."""
    if chance.random() < 0.5:
        return chance.randbytes(chance.randint(0, 40))
    return b"".join(chance.choices(PARTS, k=chance.randint(1, 10)))


def lets_through(data: bytes) -> bool:
    """Whether anything of `data` would act on a terminal."""
    shown = [encode(line) for line in last_lines(data, 50)]
    shown += [encode(show_controls(row, 1000)) for row in data.decode("utf-8", "replace").split("\n")]
    return any(ACTING.search(OUR_SGR.sub("", text)) for text in shown)


def main(count: int = 1_000_000, seed: int = 0) -> int:
    """Try `count` strings."""
    chance = random.Random(seed)
    start = time.perf_counter()
    for number in range(count):
        data = hostile(chance)
        if lets_through(data):
            print(f"string {number} (seed {seed}) acts: {data!r}")
            return 1
    print(f"{count:,} strings, none acts, {time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
