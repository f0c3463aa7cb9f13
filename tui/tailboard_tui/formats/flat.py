"""Nested JSON as one flat mapping: configs, summaries, hardware, artifacts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from tailboard_tui.formats.base import Value

DEPTH_LIMIT = 16
"""Deeper objects stay as their JSON text."""

_SCALARS = frozenset({str, int, float, bool, type(None)})

VALUES_LIMIT = 20_000
"""Leaves of one file: what is beyond is left out."""


def flatten(data: Mapping[str, object], separator: str = ".") -> dict[str, Value]:
    """The leaves of `data` under their keys joined with `separator`; lists as their JSON text.

    At most `VALUES_LIMIT` of them. An empty object is the text `{}`.
    """
    found: dict[str, Value] = {}
    for key, value in data.items():
        if type(value) in _SCALARS:
            found[key] = value  # type: ignore[assignment]  # its type was just looked up
        elif isinstance(value, dict) and value:
            for path, leaf in leaves(value, separator, f"{key}{separator}", DEPTH_LIMIT - 1):
                found[path] = leaf if type(leaf) in _SCALARS else text_of(leaf)  # type: ignore[assignment]
                if len(found) >= VALUES_LIMIT:
                    break
        else:
            found[key] = text_of(value)
        if len(found) >= VALUES_LIMIT:
            break
    return found


def leaves(
    data: Mapping[str, object], separator: str, prefix: str = "", depth: int = DEPTH_LIMIT
) -> Iterator[tuple[str, object]]:
    """The leaves of nested objects, each with its joined keys."""
    for key, value in data.items():
        if isinstance(value, dict) and value and depth > 1:
            yield from leaves(value, separator, f"{prefix}{key}{separator}", depth - 1)
        else:
            yield f"{prefix}{key}", value


def text_of(value: object) -> str:
    """Text as it is, anything else as its JSON text."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, default=str)
    except (RecursionError, ValueError):
        return "…"
