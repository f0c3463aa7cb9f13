"""Which of the last records of a W&B file tell something new: no more is decoded for a list of runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from tailboard_tui.formats.protobuf import BYTES, WireError, children, fields
from tailboard_tui.formats.wandblayout import VALUE_JSON
from tailboard_tui.formats.wandbrecords import HISTORY, SUMMARY


def without_repeats(records: Sequence[bytes]) -> list[bytes]:
    """The records that tell something which none after them tells anew, for a look at a file's end.

    Most steps have the same names as the next one: those of the newest are looked for in the others as bytes.
    """
    names: dict[int, tuple[bytes, ...]] = {}
    """Kind -> the bytes of each item of its newest record before the value."""
    kept: list[bytes] = []
    for record in reversed(records):
        kind = _kind_of(record)
        known = names.get(kind)
        items = record.count(VALUE_JSON)  # a record without any takes something away
        if known is not None and 0 < items <= sum(name in record for name in known):
            continue
        if known is None and kind in (HISTORY, SUMMARY):
            names[kind] = tuple(_item_names(record, kind))
        kept.append(record)
    return kept[::-1]


def _kind_of(record: bytes) -> int:
    """The field of a record that holds its message; 0 for none."""
    with contextlib.suppress(WireError):
        return next((number for number, wire, _ in fields(record) if wire == BYTES), 0)
    return 0


def _item_names(record: bytes, kind: int) -> Iterator[bytes]:
    with contextlib.suppress(WireError):
        for message in children(record, kind):
            for item in children(message, 1):
                yield item.partition(VALUE_JSON)[0]
