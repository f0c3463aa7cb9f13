"""From what a training script logs to one line of strict, ASCII JSON.

The fast way is one call of the standard library's C encoder: 85 % of what `log()` costs. Whatever
that refuses (NaN, nested values, strange types and keys) takes the slow way, which never raises.
"""

from __future__ import annotations

import json

from tailboard import layout
from tailboard.redact import redact_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    Scalar: TypeAlias = "str | int | float | bool | None"
    Warn: TypeAlias = Callable[[str, str], None]

DEPTH_LIMIT = 32
"""Nesting that is followed; what lies deeper becomes text. Well below Python's recursion limit."""

VALUES_LIMIT = 10_000
"""Values of a config that are kept: nested data that shares its parts can be exponentially large."""

METRICS_LIMIT = 100_000
"""Values in one call of `log()`, for the same reason; a warning says that there were more."""

TEXT_LIMIT = 100_000
"""Characters kept of a value's text."""

_PYPLOT = "matplotlib.pyplot"
"""The module itself may be logged in wandb: its current figure is meant."""

_INT_BITS = 14_000
"""Python refuses to print integers above 4,300 digits, which is 14,284 bits."""


def _item(value: object) -> Scalar:
    """JSON hook for numpy and torch scalars: `.item()`. `float()` would warn on a tensor with gradient."""
    found = value.item()  # type: ignore[attr-defined]  # an AttributeError means: take the slow way
    if type(found) in (float, int, bool):
        return found  # type: ignore[no-any-return]  # checked in the line above
    raise TypeError


_STRICT = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_item)

encode = _STRICT.encode
"""Compact strict JSON text of plain data; raises on anything else."""


def _fast_encode() -> Callable[[dict[str, object]], str]:
    """The C encoder that `encode` builds anew at every call, built once: a quarter less time per record.

    Source: CPython, Lib/json/encoder.py, JSONEncoder.iterencode. Not documented, so `encode` stands in.
    """
    try:
        chunks = json.encoder.c_make_encoder(  # type: ignore[attr-defined]  # missing in typeshed
            None,
            _item,
            json.encoder.encode_basestring_ascii,
            None,
            ":",
            ",",
            False,
            False,
            False,
        )
        if "".join(chunks({"a": 1.5}, 0)) == '{"a":1.5}':
            return lambda record: "".join(chunks(record, 0))
    except (AttributeError, TypeError):
        return encode
    return encode


encode_record = _fast_encode()
"""As `encode`, for a flat dict."""


def encode_line(record: object) -> bytes:
    """One JSON Lines line of plain data."""
    return encode(record).encode() + b"\n"


def is_flat(text: str) -> bool:
    """Whether the JSON object `text` surely holds numbers only: no object, array or text to redact."""
    return ":{" not in text and ":[" not in text and ':"' not in text


def own_key(key: str) -> str:
    """A user's metric name as the file has it: names that begin with `_` are ours, so theirs get another."""
    return "_" + key if key.startswith("_") else key


def text_of(value: object, limit: int = TEXT_LIMIT) -> str:
    """`str(value)`, at most `limit` characters of it; the type's name where even that fails."""
    try:
        text = str(value)
    except Exception:  # noqa: BLE001  a stranger's __str__ may raise anything
        return f"<{type(value).__name__}>"
    return str.__str__(text) if len(text) <= limit else text[:limit] + "…"


def scalar(value: object) -> Scalar:
    """A JSON scalar for `value`: numbers stay numbers, NaN and infinities become words, the rest is text.

    Never raises.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text_of(value)
    if isinstance(value, int):
        return int(value) if value.bit_length() <= _INT_BITS else f"<int of {value.bit_length()} bits>"
    if isinstance(value, float):
        return _finite(float(value))
    return _number(value)


def is_number(value: Scalar) -> bool:
    """Whether `scalar` gave a number, or the word for one that JSON does not know."""
    return not isinstance(value, str) or value in (layout.NAN, layout.INFINITY, layout.NEGATIVE_INFINITY)


def _finite(value: float) -> float | str:
    if value != value:
        return layout.NAN
    if value in (float("inf"), float("-inf")):
        return layout.INFINITY if value > 0 else layout.NEGATIVE_INFINITY
    return value


def _number(value: object) -> Scalar:
    """A foreign type's number: `.item()` of arrays of one element, `__float__` of Decimal and the like."""
    try:
        item = getattr(value, "item", None)
        found = item() if callable(item) else None
        if isinstance(found, bool | int | float):
            return scalar(found)
        if isinstance(found, complex):  # half of it would pass for the whole
            return text_of(found)
        if hasattr(type(value), "__float__") and not hasattr(value, "__len__"):
            return _finite(float(value))  # type: ignore[arg-type]  # has __float__
    except Exception:  # noqa: BLE001, S110  a stranger's type may raise anything; its text is taken below
        pass
    return text_of(value)


def flatten(data: object, separator: str = "/", limit: int = METRICS_LIMIT) -> Iterator[tuple[str, object]]:
    """Names and leaf values of nested mappings, names joined with `separator`.

    Lists and everything else are leaves. Stops after `limit` leaves; never raises.
    """
    yield from _leaves(data, "", separator, [], [limit])


def _leaves(
    data: object, prefix: str, separator: str, parents: list[int], left: list[int]
) -> Iterator[tuple[str, object]]:
    for key, value in _items(data):
        if left[0] <= 0:
            return
        name = prefix + (key if isinstance(key, str) else text_of(key))
        if is_mapping(value) and len(parents) < DEPTH_LIMIT and id(value) not in parents:
            yield from _leaves(value, name + separator, separator, [*parents, id(value)], left)
        else:
            left[0] -= 1
            yield name, value


def is_mapping(value: object) -> bool:
    """Whether `value` is a dict or acts like one."""
    return isinstance(value, dict) or (hasattr(type(value), "keys") and hasattr(type(value), "__getitem__"))


def _items(data: object) -> list[tuple[object, object]]:
    try:
        return [(key, data[key]) for key in data.keys()]  # type: ignore[attr-defined, index]  # noqa: SIM118  is_mapping
    except Exception:  # noqa: BLE001  a stranger's mapping may raise anything
        return []


def slow_record(
    data: object, step: object, timestamp: float, warn: Warn
) -> tuple[dict[str, Scalar], list[tuple[str, object]]]:
    """The record for data that the encoder refused, and those values of it that are media.

    Args:
        data: A mapping of anything.
        step: The step, already a number.
        timestamp: Unix seconds.
        warn: Told once of every name whose value is kept as text.
    """
    record: dict[str, Scalar] = {layout.STEP: scalar(step), layout.TIMESTAMP: timestamp}
    media: list[tuple[str, object]] = []
    limit = max(METRICS_LIMIT, len(data) if isinstance(data, dict) else 0)  # a flat dict is never cut
    for count, (name, value) in enumerate(flatten(data, limit=limit + 1)):
        if count == limit:
            warn("values limit", f"log(): more than {limit} values in one call; the others are left out")
            break
        name = own_key(text_of(name))
        if is_media(value):
            media.append((name, value))
            continue
        found = scalar(value)
        if not isinstance(value, str) and not is_number(found):
            warn("text " + name, f"{name:.200}: a {type(value).__name__} is no number; it is kept as text")
        record[name] = redact_text(found) if isinstance(found, str) else found
    return record, media


def is_media(value: object) -> bool:
    """Whether `value`, or each element of it, is an image, table or the like that goes to the media files."""
    if isinstance(value, list | tuple):
        return bool(value) and all(_is_medium(item) for item in value)
    return _is_medium(value)


def _is_medium(value: object) -> bool:
    kind = type(value)
    if hasattr(kind, "media_record"):
        return True
    if kind is type(json):
        return getattr(value, "__name__", None) == _PYPLOT
    return kind.__module__.partition(".")[0] in ("matplotlib", "PIL") and hasattr(kind, "show")


def plain(
    value: object, redact: Callable[[str, object], object] | None = None, limit: int = VALUES_LIMIT
) -> object:
    """Nested data as JSON can hold it: dicts with text keys, lists, scalars. Never raises.

    Args:
        value: Anything. Sets and tuples become lists, other types their text.
        redact: Called with each key and value of a mapping; gives what is to be kept.
        limit: Values that are kept; what follows becomes the name of its type.
    """
    return _plain(value, redact, [], [limit])


def _plain(
    value: object, redact: Callable[[str, object], object] | None, parents: list[int], left: list[int]
) -> object:
    left[0] -= 1
    if left[0] < 0 or len(parents) > DEPTH_LIMIT or id(value) in parents:
        return f"<{type(value).__name__}>"
    inside = [*parents, id(value)]
    if is_mapping(value):
        found = {}
        for key, item in _items(value):
            name = text_of(key)
            kept = redact(name, item) if redact else item
            found[name] = _plain(kept, redact, inside, left)
        return found
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, redact, inside, left) for item in value]
    return scalar(value)
