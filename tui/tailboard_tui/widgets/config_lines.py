"""A configuration as lines: nested for one run, side by side for several. No Textual widgets in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tailboard_tui.store.differences import differences, is_same
from tailboard_tui.text import units
from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.cells import fit, width_of
from tailboard_tui.widgets.line_view import Part, ViewLine
from tailboard_tui.widgets.run_table_columns import display_name, value_text

if TYPE_CHECKING:
    from tailboard_tui.formats.base import Value
    from tailboard_tui.widgets.selection import ShownRun

MAX_KEY_CELLS = 36
MIN_VALUE_CELLS = 10
MAX_VALUE_CELLS = 26
MAX_DEPTH = 12
"""Deeper keys are shown flat from there on."""

VALUE_LIMIT = 2000
KEY_LIMIT = 300
MISSING = "—"


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


def compare_lines(
    runs: Sequence[ShownRun],
    configs: Sequence[Mapping[str, Value]],
    width: int,
    *,
    only_differences: bool,
    wanted: str = "",
) -> list[ViewLine]:
    """Several runs' configurations side by side, what differs first.

    Args:
        runs: The runs, the one that others are compared with first.
        configs: The configuration of each, flat.
        width: Cells of the pane.
        only_differences: Leave out what all runs agree on.
        wanted: Show only keys and values with this in them.
    """
    words = wanted.casefold()
    names = [
        name
        for name in dict.fromkeys(name for config in configs for name in config)
        if not words
        or words in name.casefold()
        or any(words in str(config.get(name))[:VALUE_LIMIT].casefold() for config in configs)
    ]
    found = [item for item in differences(configs) if item.key in set(names)]
    differing = [item.key for item in found if item.differs and not item.is_noise]
    noise = [item.key for item in found if item.is_noise]
    same = [item.key for item in found if not item.differs]
    key_room = min(max((width_of(clean(name[:KEY_LIMIT])) for name in names), default=4), MAX_KEY_CELLS)
    value_room = (width - key_room - 4) // max(len(runs), 1) - 2
    value_room = max(min(value_room, MAX_VALUE_CELLS), MIN_VALUE_CELLS)
    head: list[Part] = [(" " * (key_room + 2), "")]
    for run in runs:
        title = f"{run.letter} {display_name(run.row)}"
        head += [(fit(title, value_room), run.color), ("  ", "")]
    lines = [ViewLine(tuple(head), "\0head")]
    title = f"{len(differing)} differ" if differing else "no difference"
    lines.append(ViewLine(((title, "heading"),), "\0differ"))
    lines += [_compare_line(name, configs, key_room, value_room) for name in differing]
    if noise:
        title = f"{len(noise)} differ as in any two runs: paths, dates, names"
        lines += [ViewLine((), "\0noise gap"), ViewLine(((title, "heading"),), "\0noise")]
        lines += [_compare_line(name, configs, key_room, value_room) for name in noise]
    if same and not only_differences:
        lines += [ViewLine((), "\0gap"), ViewLine(((f"{len(same)} the same", "heading"),), "\0same")]
        lines += [_same_line(name, configs[0], key_room) for name in same]
    return lines


def _compare_line(
    name: str, configs: Sequence[Mapping[str, Value]], key_room: int, value_room: int
) -> ViewLine:
    parts: list[Part] = [(fit(clean(name[:KEY_LIMIT]), key_room) + "  ", "key")]
    first = configs[0].get(name)
    for place, config in enumerate(configs):
        value = config.get(name)
        text = clean(str(value), VALUE_LIMIT) if isinstance(value, str) else value_text(value)
        if name not in config:
            text = MISSING
        elif place and (change := _change(first, value)):
            text = f"{text} {change}" if width_of(text) + width_of(change) < value_room else text
        is_other = bool(place) and not is_same(value, first)
        parts += [(fit(text, value_room), "different" if is_other else "text"), ("  ", "")]
    return ViewLine(tuple(parts), name)


def _same_line(name: str, config: Mapping[str, Value], key_room: int) -> ViewLine:
    text, _ = value_part(config.get(name))
    return ViewLine(((fit(clean(name[:KEY_LIMIT]), key_room) + "  ", "key"), (text, "dim")), name)


def _change(before: Value, after: Value) -> str:
    """How a number changed: `×10` where it is a round factor, else the difference."""
    if isinstance(before, bool) or isinstance(after, bool):
        return ""
    if not (isinstance(before, int | float) and isinstance(after, int | float)) or before == after:
        return ""
    try:
        difference, factor = float(after) - float(before), float(after) / float(before) if before else 0.0
    except OverflowError:
        return ""
    if factor >= 2 and abs(factor - round(factor)) < 1e-9 * factor:
        return f"×{units.number(factor)}"
    if 0 < factor <= 0.5 and abs(1 / factor - round(1 / factor)) < 1e-9 / factor:
        return f"÷{units.number(1 / factor)}"
    return f"{'+' if difference > 0 else '-'}{units.number(abs(difference), 3)}"
