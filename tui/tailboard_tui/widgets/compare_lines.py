"""Runs side by side as lines, a column for each: what Config and Info show of marked runs. No Textual."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tailboard_tui.store.differences import Difference, differences, is_same, telling_parts
from tailboard_tui.text import units
from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.cells import fit, width_of
from tailboard_tui.widgets.config_lines import KEY_LIMIT, VALUE_LIMIT, value_part
from tailboard_tui.widgets.line_view import Part, ViewLine
from tailboard_tui.widgets.run_table_columns import display_name, value_text

if TYPE_CHECKING:
    from tailboard_tui.formats.base import Value
    from tailboard_tui.widgets.selection import ShownRun

MAX_KEY_CELLS = 36
MIN_VALUE_CELLS = 10
MAX_VALUE_CELLS = 26
MISSING = "—"


@dataclass(frozen=True, slots=True)
class Columns:
    """A column of labels and one for each run."""

    runs: Sequence[ShownRun]
    """The one that others are compared with first."""
    key_cells: int
    value_cells: int

    @classmethod
    def of(cls, runs: Sequence[ShownRun], labels: Iterable[str], width: int) -> Columns:
        """Columns for these clean labels in a pane of `width` cells."""
        key_cells = min(max(map(width_of, labels), default=4), MAX_KEY_CELLS)
        value_cells = (width - key_cells - 4) // max(len(runs), 1) - 2
        return cls(runs, key_cells, max(min(value_cells, MAX_VALUE_CELLS), MIN_VALUE_CELLS))

    def head(self) -> ViewLine:
        """The names of the runs in their colours."""
        titles = [(f"{run.letter} {display_name(run.row)}", run.color) for run in self.runs]
        return self.line(("", ""), titles, "\0head")

    def line(self, label: Part, values: Sequence[Part], key: str) -> ViewLine:
        """One line; texts are cut to their column."""
        text, role = label
        parts: list[Part] = [(fit(text, self.key_cells) + "  ", role)]
        for value, value_role in values:
            parts += [(fit(value, self.value_cells), value_role), ("  ", "")]
        return ViewLine(tuple(parts), key)

    def difference(self, item: Difference, key: str) -> ViewLine:
        """What differs, each value with how it parts from the first."""
        texts = telling_parts([_text(value) for value in item.values], max(self.value_cells, 8))
        values: list[Part] = [(texts[0], "text")]
        for text, value, delta in zip(texts[1:], item.values[1:], item.deltas[1:], strict=True):
            change = _change(item.values[0], value) if delta else ""
            if change and width_of(text) + width_of(change) < self.value_cells:
                text = f"{text} {change}"
            values.append((text, "text" if is_same(value, item.values[0]) else "different"))
        return self.line((clean(item.key[:KEY_LIMIT]), "key"), values, key)

    def same(self, item: Difference, key: str) -> ViewLine:
        """What is the same in all, said once."""
        text, _ = value_part(item.values[0])
        label = fit(clean(item.key[:KEY_LIMIT]), self.key_cells) + "  "
        return ViewLine(((label, "key"), (text, "dim")), key)


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
        only_differences: Leave out what all runs agree on, and what any two runs differ in.
        wanted: Show only keys and values with this in them.
    """
    words = wanted.casefold()
    found = [item for item in differences(configs) if not words or _has(item, words)]
    differing = [item for item in found if item.differs and not item.is_noise]
    noise = [item for item in found if item.is_noise]
    same = [item for item in found if not item.differs]
    columns = Columns.of(runs, (clean(item.key[:KEY_LIMIT]) for item in found), width)
    title = f"{len(differing)} differ" if differing else "no difference"
    lines = [columns.head(), ViewLine(((title, "heading"),), "\0differ")]
    lines += [columns.difference(item, item.key) for item in differing]
    if noise and not only_differences:
        title = f"{len(noise)} differ as in any two runs: paths, dates, names"
        lines += [ViewLine((), "\0noise gap"), ViewLine(((title, "heading"),), "\0noise")]
        lines += [columns.difference(item, item.key) for item in noise]
    if same and not only_differences:
        lines += [ViewLine((), "\0gap"), ViewLine(((f"{len(same)} the same", "heading"),), "\0same")]
        lines += [columns.same(item, item.key) for item in same]
    return lines


def _has(item: Difference, words: str) -> bool:
    return words in item.key.casefold() or any(
        words in str(value)[:VALUE_LIMIT].casefold() for value in item.values if value is not None
    )


def _text(value: Value) -> str:
    if value is None:
        return MISSING
    return clean(value, VALUE_LIMIT) if isinstance(value, str) else value_text(value)


def _change(before: Value, after: Value) -> str:
    """How a number changed: `×10` where it is a round factor, else the difference."""
    if not (isinstance(before, int | float) and isinstance(after, int | float)):
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
