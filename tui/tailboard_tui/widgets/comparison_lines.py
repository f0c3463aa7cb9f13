"""Marked runs in every respect, as lines: which was best, and what made it so. No Textual in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tailboard_tui.store.differences import Difference, differences
from tailboard_tui.text import units
from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.cells import fit, width_of
from tailboard_tui.widgets.compare_lines import MISSING, Columns
from tailboard_tui.widgets.config_lines import KEY_LIMIT
from tailboard_tui.widgets.info_lines import diff_lines, heading
from tailboard_tui.widgets.line_view import Part, ViewLine
from tailboard_tui.widgets.run_table_columns import display_name

if TYPE_CHECKING:
    from tailboard_tui.formats.base import Value
    from tailboard_tui.store.compare import Level, MetricComparison
    from tailboard_tui.store.comparison import Comparison
    from tailboard_tui.widgets.selection import ShownRun

_Section = tuple[str, Sequence[Difference]]


def comparison_lines(
    runs: Sequence[ShownRun],
    facts: Sequence[Mapping[str, Value]],
    found: Comparison | None,
    width: int,
    folded: set[str],
    *,
    only_differences: bool,
) -> list[ViewLine]:
    """Several runs side by side.

    Args:
        runs: The runs, the one that others are compared with first.
        facts: What is to be compared of each beside `found`, flat.
        found: Their comparison, in the same order; None while it is being made.
        width: Cells of the pane.
        folded: Headings whose part is folded.
        only_differences: Leave out what all runs agree on, and what any two runs differ in.
    """
    shown = found.only_differences() if found is not None and only_differences else found
    sections: list[_Section] = [("Runs", differences(facts))]
    if found is not None:
        origin = found.origins
        sections += [
            ("Code", origin.code),
            ("Surroundings", origin.surroundings),
            ("Packages", origin.packages),
            ("Data", origin.data),
        ]
    metrics = shown.metrics if shown is not None else ()
    labels = [clean(item.key[:KEY_LIMIT]) for _, items in sections[:3] for item in items]
    for item in metrics:
        first, *others = _aspects(item)
        labels += [f"{clean(item.name[:KEY_LIMIT])}  {first}", *(f"  {aspect}" for aspect in others)]
    columns = Columns.of(runs, labels, width)
    lines = [columns.head()]
    if found is not None:
        lines += _best(columns, found)
    lines += _section(columns, *sections[0], folded, only_differences)
    if shown is None:
        return [*lines, ViewLine(()), ViewLine((("Comparing metrics, code and data", "dim"),))]
    if metrics:
        lines += heading("Metrics", folded, str(len(metrics)))
        if "Metrics" not in folded:
            lines += [line for item in metrics for line in _metric(columns, item, only_differences)]
    for section in sections[1:]:
        lines += _section(columns, *section, folded, only_differences)
    for run, diff in zip(runs, shown.origins.diffs, strict=True):
        if diff:
            title = f"Uncommitted changes of {run.letter} {display_name(run.row)}"
            lines += diff_lines(title, diff, folded, "against the first run's")
    lines += [ViewLine(((clean(problem), "warning"),)) for problem in shown.origins.problems]
    return lines


def _best(columns: Columns, found: Comparison) -> list[ViewLine]:
    """Which run was best, by the metric that runs of this kind are judged by."""
    item = found.decisive()
    if item is None:
        return []
    best = item.best[item.leaders[0]]
    assert best is not None
    parts: list[Part] = [(f"Best {clean(item.name[:KEY_LIMIT])}: ", "text")]
    for place, at in enumerate(item.leaders):
        run = columns.runs[at]
        parts += [(" and " if place else "", "text"), (f"{run.letter} {display_name(run.row)}", run.color)]
    step = f" at step {best.step:.15g}" if len(item.leaders) == 1 else ""
    parts.append((f", {units.number(best.value)}{step}", "text"))
    return [ViewLine(()), ViewLine(tuple(parts), "\0best")]


def _section(
    columns: Columns, title: str, items: Sequence[Difference], folded: set[str], only_differences: bool
) -> list[ViewLine]:
    """What differs, then what differs as in any two runs, then what is the same."""
    differing = [item for item in items if item.differs]
    if not items or (only_differences and all(item.is_noise for item in differing)):
        return []
    note = f"{len(differing)} of {len(items)} differ" if differing else "the same"
    lines = heading(title, folded, note)
    if title in folded:
        return lines
    for item in items:
        key = f"{title}.{item.key}"
        if not item.differs:
            lines += [] if only_differences else [columns.same(item, key)]
        elif not (only_differences and item.is_noise):
            lines.append(columns.difference(_shortened(item), key))
    return lines


def _shortened(item: Difference) -> Difference:
    """Of command lines only what differs: they are long."""
    if item.key != "command":
        return item
    from tailboard_tui.store.origins import differing_arguments

    values = [value if isinstance(value, str) else None for value in item.values]
    return replace(item, values=tuple(differing_arguments(values)))


def _aspects(item: MetricComparison) -> list[str]:
    """What a metric is compared by."""
    found = ["last"] if item.direction is None else ["best", "last"]
    if item.at_step is not None:
        found.append(f"at step {item.at_step.at:.15g}")
    if item.at_time is not None:
        found.append(f"after {units.duration(item.at_time.at)}")
    return found


def _metric(columns: Columns, item: MetricComparison, only_differences: bool) -> list[ViewLine]:
    """Best, last, at the same step, after the same time; only the first of them with `only_differences`."""
    rows: list[Sequence[Part]] = []
    if item.direction is not None:
        rows.append([_best_part(columns, item, at) for at in range(len(item.best))])
    deltas = item.deltas if item.direction is None else (None,) * len(item.last)
    rows.append(
        [
            (_fitting(columns, _value(value), _delta(delta)), "number")
            for value, delta in zip(item.last, deltas, strict=True)
        ]
    )
    rows += [_level(level) for level in (item.at_step, item.at_time) if level is not None]
    lines = []
    for place, (aspect, parts) in enumerate(zip(_aspects(item), rows, strict=True)):
        if place and only_differences:
            break
        name = "" if place else clean(item.name[:KEY_LIMIT])
        label = f"{fit(name, columns.key_cells - len(aspect) - 2)}  {aspect}"
        role = "dim" if place else "key"
        lines.append(columns.line((label, role), parts, f"Metrics.{item.name}.{place}"))
    return lines


def _best_part(columns: Columns, item: MetricComparison, at: int) -> Part:
    """The value with a mark at the best, where there is room with its difference and its step."""
    best = item.best[at]
    if best is None:
        return MISSING, "dim"
    is_leader = at in item.leaders
    value = _value(best.value) + (" ✓" if is_leader else "")
    text = _fitting(columns, value, _delta(item.deltas[at]), f" @{best.step:.15g}")
    return text, "good" if is_leader else "number"


def _fitting(columns: Columns, text: str, *more: str) -> str:
    """`text` with as much of `more` as there is room for."""
    for part in more:
        if width_of(text) + width_of(part) <= columns.value_cells:
            text += part
    return text


def _level(level: Level) -> list[Part]:
    return [(_value(value), "number") for value in level.values]


def _value(value: float | None) -> str:
    return MISSING if value is None else units.number(value)


def _delta(delta: float | None) -> str:
    return f" ({'+' if delta > 0 else ''}{units.number(delta, 3)})" if delta else ""
