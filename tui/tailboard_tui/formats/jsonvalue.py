"""One JSON line, and the numbers that its values stand for.

Source: RFC 8259; NaN and infinities as in docs/format.md.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import msgspec

from tailboard.layout import INFINITY, NAN, NEGATIVE_INFINITY
from tailboard_tui.formats.names import moment

SPECIAL = {NAN: math.nan, INFINITY: math.inf, NEGATIVE_INFINITY: -math.inf}
"""Text that stands for a number."""

_decode = msgspec.json.Decoder().decode


def read_object(line: bytes) -> dict[str, Any] | str:
    """The JSON object that `line` holds, or what is wrong with it. Bare NaN and infinities become text."""
    try:
        record = _decode(line)
    except (ValueError, RecursionError):
        record = _read_leniently(line)
    if isinstance(record, dict):
        return record
    return record.message if isinstance(record, _Bad) else f"not an object: {_kind(record)}"


@dataclass(frozen=True, slots=True)
class _Bad:
    message: str


def _read_leniently(line: bytes) -> Any:  # noqa: ANN401  # whatever JSON holds
    """A line that strict JSON rejects: bare NaN and infinities, numbers out of range, bad UTF-8."""
    text = line.decode("utf-8", "replace")
    try:
        return json.loads(text, parse_constant=str, parse_int=float, object_pairs_hook=_object)
    except ValueError:
        return _Bad("not JSON")
    except RecursionError:
        return _Bad("nested too deeply")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are valid Unicode: half a surrogate pair becomes a question mark."""
    return {key.encode("utf-8", "replace").decode(): value for key, value in pairs}


def _kind(value: object) -> str:
    names = {list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def number_of(value: object) -> float | None:
    """A logged number, or None where `value` is none. An integer too large for a float is infinite."""
    if isinstance(value, float):
        return value
    if isinstance(value, int):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return SPECIAL.get(value) if isinstance(value, str) else None


def moment_of(value: object) -> float | None:
    """Unix seconds of a number or of ISO 8601 text."""
    if isinstance(value, str) and value not in SPECIAL:
        found = moment(value)
        return None if math.isnan(found) else found
    return number_of(value)
