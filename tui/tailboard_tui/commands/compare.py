"""`tailboard compare`: what differs between runs, and which was best."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from tailboard_tui.commands.common import (
    OK,
    STATUS_COLORS,
    Cell,
    Color,
    Heading,
    Subparsers,
    UsageError,
    add_command,
    add_json,
    add_root,
    paint,
    print_table,
    resolve_run,
    resolve_runs,
)
from tailboard_tui.formats.base import Value
from tailboard_tui.store.compare import Level, MetricComparison, metric_comparisons
from tailboard_tui.store.differences import Difference, config_differences
from tailboard_tui.store.fields import as_text
from tailboard_tui.store.goal import key_metric
from tailboard_tui.store.model import RunRow
from tailboard_tui.store.origins import Origins, differing_arguments, origins
from tailboard_tui.text import units
from tailboard_tui.text.safe import clean

NONE = "—"
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

    rows = resolve_runs(args.runs, args.root)
    baseline = 0
    if args.baseline:
        base = resolve_run(args.baseline, args.root)
        rows = list({row.key: row for row in (*rows, base)}.values())
        baseline = next(at for at, row in enumerate(rows) if row.key == base.key)
    if len(rows) < 2:
        raise UsageError("compare needs two different runs")
    metrics = metric_comparisons(rows, [load_points(row) for row in rows], baseline)
    metrics = [item for item in metrics if _is_wanted(item.name, args.metric)]
    config = config_differences(rows, baseline)
    origin = origins([row.facts for row in rows], baseline)
    if args.diff_only:
        config = _only_differing(config)
        origin = _only_differing_origins(origin)
    if args.json:
        from tailboard_tui.store.objects import comparison_object, dumps

        print(dumps(comparison_object(rows, baseline, config, metrics, origin)))
        return OK
    _print_text(rows, baseline, config, metrics, origin, args.diff_only)
    return OK


def _is_wanted(name: str, patterns: Sequence[str] | None) -> bool:
    return not patterns or any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


def _only_differing(found: Sequence[Difference]) -> list[Difference]:
    return [item for item in found if item.differs and not item.is_noise]


def _only_differing_origins(origin: Origins) -> Origins:
    return Origins(
        code=tuple(_only_differing(origin.code)),
        diffs=origin.diffs,
        surroundings=tuple(_only_differing(origin.surroundings)),
        packages=tuple(_only_differing(origin.packages)),
        data=tuple(_only_differing(origin.data)),
        problems=origin.problems,
    )


def _print_text(
    rows: Sequence[RunRow],
    baseline: int,
    config: Sequence[Difference],
    metrics: Sequence[MetricComparison],
    origin: Origins,
    diff_only: bool,
) -> None:
    names = [clean(row.facts.name or row.facts.id, 60) for row in rows]
    _print_winner(names, rows, metrics)
    titles = [f"{name} (baseline)" if at == baseline else name for at, name in enumerate(names)]
    status = [Cell("status"), *(Cell(row.status, STATUS_COLORS.get(row.status)) for row in rows)]
    ids = [Cell("id"), *(Cell(clean(row.facts.id, 60)) for row in rows)]
    lines = [status, ids, *map(_difference_cells, config)]
    headings = [Heading("", is_optional=False), *(Heading(title, least_width=14) for title in titles)]
    _print_section("config", headings, lines, _count_of(config))
    if metrics:
        aspects = [cells for item in metrics for cells in _metric_cells(item, diff_only)]
        _print_section("metrics", [headings[0], Heading("", is_optional=False), *headings[1:]], aspects, "")
    for title, found in (
        ("code", origin.code),
        ("surroundings", [_shortened(item) for item in origin.surroundings]),
        ("packages", origin.packages),
        ("data", origin.data),
    ):
        changed = [item for item in found if item.differs]
        if title == "packages" or diff_only:
            _print_section(title, headings, map(_difference_cells, changed), _count_of(found))
        else:
            _print_section(title, headings, map(_difference_cells, found), _count_of(found))
    for name, diff in zip(names, origin.diffs, strict=True):
        _print_diff(name, diff)
    for problem in origin.problems:
        print(paint(clean(problem), "yellow"))


def _print_winner(names: Sequence[str], rows: Sequence[RunRow], metrics: Sequence[MetricComparison]) -> None:
    """One line that says which run was best, by the metric that runs of this kind are judged by."""
    chosen = key_metric([item.name for item in metrics], rows[0].facts.metric_defs)
    for item in metrics:
        if item.name != chosen or item.winner is None:
            continue
        best = item.best[item.winner]
        assert best is not None
        value = f"{units.number(best.value)} at step {best.step:.15g}"
        print(f"Best {clean(item.name)}: {paint(names[item.winner], 'green')}, {value}\n")


def _shortened(item: Difference) -> Difference:
    """Of command lines that differ only what differs: they are long."""
    if item.key != "command" or not item.differs:
        return item
    values = [value if isinstance(value, str) else None for value in item.values]
    return replace(item, values=tuple(differing_arguments(values)))


def _count_of(found: Sequence[Difference]) -> str:
    changed = sum(item.differs for item in found)
    if not found:
        return ""
    return f"{changed} of {len(found)} differ" if changed else f"all {len(found)} the same"


def _print_section(
    title: str, headings: Sequence[Heading], lines: Iterator[list[Cell]] | Sequence[list[Cell]], note: str
) -> None:
    lines = list(lines)
    if not lines and not note:
        return
    print(f"{paint(title, 'cyan')}  {paint(note, 'dim')}".rstrip())
    if lines:
        print_table(headings, lines)
    print()


def _difference_cells(item: Difference) -> list[Cell]:
    color: Color | None = None if item.differs and not item.is_noise else "dim"
    pairs = zip(item.values, item.deltas, strict=True)
    return [Cell(clean(item.key), color), *(Cell(_value_text(value, delta), color) for value, delta in pairs)]


def _value_text(value: Value, delta: float | None) -> str:
    text = NONE if value is None else clean(as_text(value), 300)
    return f"{text} ({delta:+.4g})" if delta else text


def _metric_cells(item: MetricComparison, diff_only: bool) -> Iterator[list[Cell]]:
    """The rows of one metric: best, last, at the same step, after the same time."""
    name = Cell(clean(item.name))
    if item.direction is not None:
        cells = [
            Cell(
                NONE if best is None else f"{units.number(best.value)}{_delta(delta)} @{best.step:.15g}",
                "green" if at == item.winner else None,
            )
            for at, (best, delta) in enumerate(zip(item.best, item.deltas, strict=True))
        ]
        yield [name, Cell("best", "dim"), *cells]
        name = Cell("")
        if diff_only:
            return
        yield [name, Cell("last", "dim"), *(_number(value) for value in item.last)]
    else:
        deltas = zip(item.last, item.deltas, strict=True)
        yield [name, Cell("last", "dim"), *(_number(value, delta) for value, delta in deltas)]
    if not diff_only:
        yield from _level_cells(item.at_step, lambda at: f"at step {at:.15g}")
        yield from _level_cells(item.at_time, lambda at: f"after {units.duration(at)}")


def _level_cells(level: Level | None, title: Callable[[float], str]) -> Iterator[list[Cell]]:
    if level is not None:
        yield [Cell(""), Cell(title(level.at), "dim"), *(_number(value) for value in level.values)]


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
