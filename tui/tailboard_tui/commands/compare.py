"""`tailboard compare`: what differs between runs, and which was best."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from tailboard_tui.commands.common import (
    STATUS_COLORS,
    Cell,
    Color,
    Heading,
    Subparsers,
    add_command,
    add_json,
    add_root,
    paint,
    print_table,
    resolve_run,
    resolve_runs,
)
from tailboard_tui.commands.failures import OK, UsageError
from tailboard_tui.store.compare import Level, MetricComparison
from tailboard_tui.store.comparison import Comparison, compare_runs
from tailboard_tui.store.differences import Difference, telling_parts
from tailboard_tui.store.fields import as_text
from tailboard_tui.store.origins import differing_arguments
from tailboard_tui.text import units
from tailboard_tui.text.safe import clean

NONE = "—"
VALUE_CHARS = 80
"""Of a value; of longer ones the part in which they differ is shown. --json has all."""

DIFF_LINES = 60
"""Of the diff of diffs, for each run; --json has all."""


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "compare",
        "Show what differs between runs: configuration, metrics, code, packages, command, data.\n"
        "The first run is the baseline; numbers show their difference to it.",
        (
            "tailboard compare latest baseline",
            "tailboard compare run-a run-b run-c --diff-only",
            "tailboard compare run-a run-b -m 'val/*' --json",
        ),
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="two or more runs")
    parser.add_argument(
        "-d", "--diff-only", action="store_true", help="leave out what is the same, and noise"
    )
    parser.add_argument("--baseline", metavar="RUN", help="compare with this run instead of the first")
    parser.add_argument(
        "-m", "--metric", action="append", metavar="METRIC", help="only these (names or globs)"
    )
    add_json(parser, "one JSON object")
    add_root(parser)


def run(args: argparse.Namespace) -> int:
    """Compare the runs."""
    from tailboard_tui.store.lookup import load_points

    rows = resolve_runs([*args.runs, *([args.baseline] if args.baseline else ())], args.root)
    if len(rows) < 2:
        raise UsageError("compare needs two different runs")
    base = resolve_run(args.baseline, args.root).key if args.baseline else rows[0].key
    baseline = next(at for at, row in enumerate(rows) if row.key == base)
    whole = compare_runs(rows, [load_points(row) for row in rows], baseline)
    wanted = tuple(item for item in whole.metrics if _is_wanted(item.name, args.metric))
    whole = replace(whole, metrics=wanted)
    found = whole.only_differences() if args.diff_only else whole
    if args.json:
        from tailboard_tui.store.objects import comparison_object, dumps

        print(dumps(comparison_object(found)))
    else:
        _print_text(found, whole)
    return OK


def _is_wanted(name: str, patterns: Sequence[str] | None) -> bool:
    return not patterns or any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


def _print_text(found: Comparison, whole: Comparison) -> None:
    """Print `found`; `whole` says how much there was before what is the same was left out."""
    rows, origin = found.rows, found.origins
    names = [clean(row.facts.name or row.facts.id, 60) for row in rows]
    _print_leaders(names, found)
    titles = [f"{name} (baseline)" if at == found.baseline else name for at, name in enumerate(names)]
    status = [Cell("status"), *(Cell(row.status, STATUS_COLORS.get(row.status)) for row in rows)]
    ids = [Cell("id"), *(Cell(clean(row.facts.id, 60)) for row in rows)]
    headings = [Heading("", is_optional=False), *(Heading(title, least_width=14) for title in titles)]
    config = [status, ids, *map(_difference_cells, found.config)]
    _print_section("config", headings, config, _count_of(whole.config))
    is_short = found is not whole
    if found.metrics:
        aspects = [cells for item in found.metrics for cells in _metric_cells(item, is_short)]
        _print_section("metrics", [headings[0], Heading("", is_optional=False), *headings[1:]], aspects, "")
    changed = [item for item in origin.packages if item.differs]
    for title, shown, counted in (
        ("code", origin.code, whole.origins.code),
        ("surroundings", [_shortened(item) for item in origin.surroundings], whole.origins.surroundings),
        ("packages", changed, whole.origins.packages),
        ("data", origin.data, whole.origins.data),
    ):
        if shown or (counted and not is_short):
            _print_section(title, headings, list(map(_difference_cells, shown)), _count_of(counted))
    for name, diff in zip(names, origin.diffs, strict=True):
        _print_diff(name, diff)
    for problem in origin.problems:
        print(paint(clean(problem), "yellow"))


def _print_leaders(names: Sequence[str], found: Comparison) -> None:
    """One line that says which run was best, by the metric that runs of this kind are judged by."""
    item = found.decisive()
    if item is None:
        return
    best = item.best[item.leaders[0]]
    assert best is not None
    leaders = " and ".join(paint(names[at], "green") for at in item.leaders)
    step = f" at step {best.step:.15g}" if len(item.leaders) == 1 else ""
    print(f"Best {clean(item.name)}: {leaders}, {units.number(best.value)}{step}\n")


def _shortened(item: Difference) -> Difference:
    """Of command lines that differ only what differs: they are long."""
    if item.key != "command" or not item.differs:
        return item
    values = [value if isinstance(value, str) else None for value in item.values]
    return replace(item, values=tuple(differing_arguments(values)))


def _count_of(found: Sequence[Difference]) -> str:
    changed = sum(item.differs for item in found)
    if changed or not found:
        return f"{changed} of {len(found)} differ" if found else ""
    return f"all {len(found)} the same" if len(found) > 1 else "the same"


def _print_section(
    title: str, headings: Sequence[Heading], lines: Sequence[Sequence[Cell]], note: str
) -> None:
    print(f"{paint(title, 'cyan')}  {paint(note, 'dim')}".rstrip())
    if lines:
        print_table(headings, lines)
    print()


def _difference_cells(item: Difference) -> list[Cell]:
    color: Color | None = None if item.differs and not item.is_noise else "dim"
    texts = [NONE if value is None else clean(as_text(value)) for value in item.values]
    told = zip(telling_parts(texts, VALUE_CHARS), item.deltas, strict=True)
    cells = [Cell(f"{text} ({delta:+.4g})" if delta else text, color) for text, delta in told]
    return [Cell(clean(item.key), color), *cells]


def _metric_cells(item: MetricComparison, is_short: bool) -> Iterator[list[Cell]]:
    """The rows of one metric: best, last, at the same step, after the same time; only the first if short."""
    rows = []
    if item.direction is not None:
        rows.append([Cell("best", "dim"), *(_best_cell(item, at) for at in range(len(item.best)))])
    deltas = item.deltas if item.direction is None else (None,) * len(item.last)
    rows.append([Cell("last", "dim"), *map(_number, item.last, deltas)])
    if item.at_step is not None:
        rows.append(_level_cells(item.at_step, f"at step {item.at_step.at:.15g}"))
    if item.at_time is not None:
        rows.append(_level_cells(item.at_time, f"after {units.duration(item.at_time.at)}"))
    for at, cells in enumerate(rows[:1] if is_short else rows):
        yield [Cell("" if at else clean(item.name)), *cells]


def _best_cell(item: MetricComparison, at: int) -> Cell:
    best = item.best[at]
    if best is None:
        return Cell(NONE)
    text = f"{units.number(best.value)}{_delta(item.deltas[at])} @{best.step:.15g}"
    return Cell(text, "green" if at in item.leaders else None)


def _level_cells(level: Level, title: str) -> list[Cell]:
    return [Cell(title, "dim"), *map(_number, level.values)]


def _number(value: float | None, delta: float | None = None) -> Cell:
    return Cell(units.number(value) + _delta(delta))


def _delta(delta: float | None) -> str:
    return f" ({'+' if delta > 0 else ''}{units.number(delta, 3)})" if delta else ""


def _print_diff(name: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    print(paint(f"uncommitted changes of {name} against the baseline's", "cyan"))
    colors: dict[str, Color] = {"+": "green", "-": "red"}
    for line in lines[:DIFF_LINES]:
        print("  " + paint(clean(line.expandtabs(4)), colors.get(line[:1])))
    if len(lines) > DIFF_LINES:
        print(f"  ... {len(lines) - DIFF_LINES} more lines")
    print()
