"""One run's configuration as nested lines, and how a value is shown. No Textual widgets in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.cells import width_of
from tailboard_tui.widgets.line_view import Part, ViewLine
from tailboard_tui.widgets.run_table_columns import value_text

if TYPE_CHECKING:
    from tailboard_tui.formats.base import Value

MAX_KEY_CELLS = 36
MAX_DEPTH = 12
"""Deeper keys are shown flat from there on."""

VALUE_LIMIT = 2000
KEY_LIMIT = 300


@dataclass(slots=True)
class _Node:
    parts: dict[str, _Node] = field(default_factory=dict)
    path: str = ""
    value: Value = None
    is_leaf: bool = False


def tree_lines(config: Mapping[str, Value], folded: set[str], wanted: str = "") -> list[ViewLine]:
    """One run's configuration, nested where keys have dots.

    Args:
        config: Flat, dotted keys.
        folded: Paths of the parts that are folded.
        wanted: Show only keys and values with this in them, whatever is folded.
    """
    words = wanted.casefold()
    root = _Node()
    for key, value in config.items():
        if words and words not in key.casefold() and words not in str(value)[:VALUE_LIMIT].casefold():
            continue
        node = root
        for name in key.split(".", MAX_DEPTH):
            path = f"{node.path}.{name}" if node.path else name
            node = node.parts.setdefault(name, _Node(path=path))
        node.value, node.is_leaf = value, True
    room = min(_widest(root, 0), MAX_KEY_CELLS)
    return list(_node_lines(root, 0, room, set() if words else folded))


def _widest(node: _Node, depth: int) -> int:
    return max(
        (
            max(2 * depth + 2 + width_of(clean(name[:KEY_LIMIT])), _widest(part, depth + 1))
            for name, part in node.parts.items()
        ),
        default=0,
    )


def _node_lines(node: _Node, depth: int, room: int, folded: set[str]) -> list[ViewLine]:
    lines: list[ViewLine] = []
    for name, part in node.parts.items():
        indent = "  " * depth
        if part.parts:
            is_open = part.path not in folded
            sign = "▾ " if is_open else "▸ "
            parts: list[Part] = [(indent + sign, "dim"), (clean(name[:KEY_LIMIT]), "text")]
            if part.is_leaf:
                parts += [("  ", ""), value_part(part.value)]
            if not is_open:
                parts.append((f"  {_count(part)} keys", "dim"))
            lines.append(ViewLine(tuple(parts), part.path, is_open))
            if is_open:
                lines += _node_lines(part, depth + 1, room, folded)
        else:
            label = indent + "  " + clean(name[:KEY_LIMIT])
            padded = label + " " * max(room - width_of(label), 0)
            lines.append(ViewLine(((padded + "  ", "key"), value_part(part.value)), part.path))
    return lines


def _count(node: _Node) -> int:
    return sum(int(part.is_leaf) + _count(part) for part in node.parts.values())


def value_part(value: Value) -> Part:
    """A value and its style."""
    if isinstance(value, str):
        return clean(value, VALUE_LIMIT), "text"
    return value_text(value), "dim" if value is None else "number"
