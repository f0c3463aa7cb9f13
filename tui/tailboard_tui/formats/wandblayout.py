"""Records whose items follow each other as in one before: all values taken out by one regular expression.

Most steps of a run log the same names, so only the JSON texts differ. Walking the fields of such a record in
Python takes ten times as long. A record that does not fit is left to the walk.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tailboard_tui.formats.protobuf import WireError, bytes_of, fields

VALUE_JSON = b"\x82\x01"
"""The tag of `value_json`, field 16 of every item."""

_LENGTH = rb"[\x80-\xff]*[\x00-\x7f]"
_TEXT = rb"([-+.0-9A-Za-z]*)"
"""A number, or one of the words for NaN and infinities."""

MOST_LAYOUTS = 8
"""Kinds of steps that are known at a time: training, validation, system ..."""

MOST_ITEMS = 500
MOST_SEEN = 50
"""A file in which every step has other names is not worth a pattern each."""


class Layouts:
    """The layouts of records met so far, the newest used first."""

    def __init__(self) -> None:
        self._known: list[tuple[re.Pattern[bytes], tuple[str, ...]]] = []
        self._seen: set[tuple[str, ...]] = set()
        self._count = 0

    def texts(self, message: bytes) -> tuple[tuple[str, ...], Sequence[bytes]] | None:
        """Names and JSON texts of the items of a history or summary message; None where no layout fits."""
        for at, (pattern, names) in enumerate(self._known):
            found = pattern.fullmatch(message)
            if found is not None:
                if at:
                    self._known.insert(0, self._known.pop(at))
                return names, found.groups()
        return None

    def learn(self, message: bytes, names: Sequence[str]) -> None:
        """Remember how the items of this message, which have these names, follow each other.

        Done when the names come a second time: a look at a file's end meets most of them once.
        """
        key = tuple(names)
        if key in self._seen:
            self._seen.remove(key)
            pattern = _pattern(message, len(key))
            if pattern is not None:
                self._known = [(pattern, key), *self._known[: MOST_LAYOUTS - 1]]
        elif 0 < len(key) <= MOST_ITEMS and self._count < MOST_SEEN:
            self._count += 1
            self._seen.add(key)


def _pattern(message: bytes, items: int) -> re.Pattern[bytes] | None:
    """The expression for messages of that many items (field 1) and, behind them, the step once more."""
    parts: list[bytes] = []
    try:
        for number, wire, value in fields(message):
            if wire != 2:
                return None
            item = bytes_of(value)
            if number != 1:
                if len(parts) < items:
                    return None  # something between the items
                break
            name, tag, _ = item.partition(VALUE_JSON)
            if not tag:
                return None
            parts.append(rb"\n" + _LENGTH + re.escape(name + tag) + _LENGTH + _TEXT)
    except WireError:
        return None
    if len(parts) != items:
        return None
    varint = rb"\x08[\x80-\xff]*[\x00-\x7f]"
    return re.compile(b"".join(parts) + rb"(?:\x12" + _LENGTH + rb"(?:" + varint + rb")?)?", re.DOTALL)
