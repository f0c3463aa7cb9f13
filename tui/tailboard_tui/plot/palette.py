"""Colours and letters of runs: stable across sessions, safe for colour-blind people, distinct on screen."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

DARK = (
    "#56b4e9",
    "#e69f00",
    "#2fbf8f",
    "#cc79a7",
    "#f0e442",
    "#e8735a",
    "#8fa8ff",
    "#b8d06a",
    "#d7b8ff",
    "#9fd8d8",
)
"""For dark backgrounds. The first six are those of Okabe and Ito, lightened where they would sink.

Source: Okabe & Ito 2008, Color Universal Design, https://jfly.uni-koeln.de/color/
"""

LIGHT = (
    "#0072b2",
    "#b36b00",
    "#00805c",
    "#a8477f",
    "#857500",
    "#c2421a",
    "#4a4fcf",
    "#5b7a00",
    "#8344b8",
    "#00787a",
)
"""The same hues for light backgrounds, dark enough for thin strokes."""

ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def run_colors(
    ids: Sequence[str], *, dark: bool = True, kept: Mapping[str, str] | None = None
) -> dict[str, str]:
    """A colour for each run shown together.

    The colour follows from the run's id. Where two would clash, the later takes the next free one; with
    more runs than colours they repeat, and the letters tell them apart.

    Args:
        ids: Run ids (or keys), most important first.
        kept: Colours that runs have on the screen already, which they keep.
    """
    colors = DARK if dark else LIGHT
    found = {run: kept[run] for run in ids if kept and kept.get(run) in colors}
    taken = set(found.values())
    for run in ids:
        if run in found:
            continue
        first = zlib.crc32(run.encode("utf-8", "surrogatepass")) % len(colors)
        order = [colors[(first + index) % len(colors)] for index in range(len(colors))]
        found[run] = next((color for color in order if color not in taken), order[0])
        taken.add(found[run])
    return {run: found[run] for run in ids}


def run_letters(ids: Sequence[str], *, kept: Mapping[str, str] | None = None) -> dict[str, str]:
    """A letter for each run shown together: `a` to `z`, then `A` to `Z`, then `*`; kept ones stay."""
    found = {run: kept[run] for run in ids if kept and run in kept}
    free = (letter for letter in ALPHABET + ALPHABET.upper() if letter not in set(found.values()))
    for run in ids:
        if run not in found:
            found[run] = next(free, "*")
    return {run: found[run] for run in ids}


def blend(color: str, background: str, share: float) -> str:
    """`share` of `color` laid over `background`, both `#rrggbb`."""
    pairs = zip(_rgb(color), _rgb(background), strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
