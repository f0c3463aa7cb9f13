"""The order of the run list: each run has one key, made of several columns. No Textual in here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tailboard_tui.widgets.run_table_columns import RunColumn, SortKey

if TYPE_CHECKING:
    from tailboard_tui.store.model import RunRow

OrderKey = tuple[object, ...]
"""Three parts a column: whether it is missing, number or word, the value. Keys of one order compare."""

_MISSING = (1, 0, 0.0)


@dataclass(frozen=True, slots=True)
class SortColumn:
    """One of the columns that order the list, the first one decides."""

    column: RunColumn
    descending: bool = False


_INVERTED = bytes(range(255, -1, -1))


def _backwards(text: str) -> bytes:
    """What sorts the other way round: UTF-8, which sorts as `text` does, with all bits turned."""
    return text.encode("utf-8", "surrogatepass").translate(_INVERTED) + b"\xff"


def order_by(sort: Sequence[SortColumn]) -> Callable[[RunRow, float], OrderKey]:
    """What gives each run its key at a time: by `sort`, then the newest first, then by path.

    No two runs have the same key, so an order is always one. What is missing comes last either way.
    """
    columns = [(part.column.key, part.descending) for part in sort]

    def key(row: RunRow, now: float) -> OrderKey:
        parts: list[object] = []
        for find, descending in columns:
            parts += _part(find(row, now), descending)
        when = row.facts.created if row.facts.created is not None else row.started
        parts += _MISSING if when is None else (0, 0, -when)
        parts.append(_backwards(row.key))
        return tuple(parts)

    return key


def _part(key: SortKey, descending: bool) -> tuple[int, int, object]:
    if key is None:
        return _MISSING
    kind, value = key
    if not descending:
        return 0, kind, value
    return 0, -kind, _backwards(value) if isinstance(value, str) else -value
