"""Texts of which a line must hold one if a regular expression matches it: only such lines are tried.

To look for a text costs a hundredth of what it costs to match. What is not plain to see, such as
groups and classes, is passed over; of a pattern with anything unusual nothing is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LEAST_CHARS = 2
"""Shorter texts stand in most lines."""

_BREAKS = frozenset("dDwWsSbBAZtnrfv")
"""Escapes of one letter that stand for no text, or for none that is worth it."""

_FOLDED = frozenset("iks")
"""Letters of ASCII to which others, such as the Kelvin sign, are equal in a pattern that ignores case."""

_REPEAT = re.compile(r"\{\d*,?\d*\}")


@dataclass(frozen=True, slots=True)
class Required:
    """What must stand in a line that matches."""

    texts: tuple[str, ...]
    """One of these; in lower case where the pattern ignores case."""
    is_all: bool
    """Whether a line with one of them matches for sure."""


def required_texts(pattern: str, *, ignores_case: bool) -> Required | None:
    """What a line must hold, or None where that is not known.

    Args:
        pattern: A regular expression that compiles.
        ignores_case: As `re.IGNORECASE`.
    """
    if "(?" in pattern:
        return None
    branches = _branches(pattern, ignores_case)
    if branches is None:
        return None
    texts = tuple(max(runs, key=len) for runs in branches)
    if min(map(len, texts)) < LEAST_CHARS:
        return None
    is_all = "|".join(texts) == pattern and not any(character in "\\^$.[](){}*+?" for character in pattern)
    return Required(tuple(dict.fromkeys(texts)), is_all)


def _branches(pattern: str, ignores_case: bool) -> list[list[str]] | None:
    """For each alternative of a pattern the stretches of text in it, one at least, perhaps empty."""
    runs, depth, at = [""], 0, 0
    branches = [runs]
    while at < len(pattern):
        character, at = pattern[at], at + 1
        text = ""
        if character == "\\":
            character, at = pattern[at], at + 1
            if character.isalnum() and character not in _BREAKS:
                return None
            text = "" if character.isalnum() else character
        elif character == "[":
            at = _class_end(pattern, at)
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "|":
            if not depth:
                runs = [""]
                branches.append(runs)
            continue
        elif character in "*?{":
            repeat = _REPEAT.match(pattern, at - 1)
            if character == "{" and repeat is None:
                return None
            at = repeat.end() if repeat is not None else at
            runs[-1] = runs[-1][:-1]
        elif character not in ".^$+":
            text = character
        if depth or not text or not _is_certain(text, ignores_case):
            runs.append("")
        else:
            runs[-1] += text
    return branches


def _class_end(pattern: str, at: int) -> int:
    """Behind the `]` that ends the class of characters whose inside begins at `at`."""
    at += pattern[at] == "^"
    at += pattern[at] == "]"
    while pattern[at] != "]":
        at += 1 + (pattern[at] == "\\")
    return at + 1


def _is_certain(character: str, ignores_case: bool) -> bool:
    """Whether the bytes of a line that shows `character`, in either case, are known."""
    if ignores_case:
        return character.isascii() and character.lower() not in _FOLDED and character >= " "
    return character >= " " and not "\ud800" <= character <= "\udfff" and character != "\ufffd"
