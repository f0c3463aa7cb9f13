"""`tailboard metrics`: the points of a run's metrics, as they stand in its files."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from tailboard_tui.commands.common import (
    Subparsers,
    add_command,
    add_json,
    add_root,
    resolve_run,
    whole_number,
)
from tailboard_tui.commands.failures import OK, CommandError
from tailboard_tui.store.model import Points, Series
from tailboard_tui.text.safe import clean


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "metrics",
        "Print the points of metrics, tab-separated: metric, step, time (Unix seconds), value.\n"
        "Without -m, the names of all metrics.",
        (
            "tailboard metrics latest",
            "tailboard metrics latest -m train/loss",
            "tailboard metrics latest -m 'val/*' --json",
        ),
    )
    parser.add_argument("run", metavar="RUN", help="id, beginning of an id, name, path, or `latest`")
    parser.add_argument(
        "-m", "--metric", action="append", metavar="METRIC", help="name or glob; may be given several times"
    )
    parser.add_argument(
        "-n", "--limit", type=whole_number, metavar="N", help="only the last N points of each"
    )
    parser.add_argument(
        "--overwritten", action="store_true", help="with the points that a resumed run logged again"
    )
    add_json(parser, "one JSON object a point")
    add_root(parser)


def run(args: argparse.Namespace) -> int:
    """Print the points."""
    from tailboard_tui.store.lookup import load_points
    from tailboard_tui.store.objects import point_lines

    row = resolve_run(args.run, args.root)
    points = load_points(row)
    if not args.metric:
        return _print_names(row.facts.id, points, args.json)
    found = [points.series(name, everything=args.overwritten) for name in choose(points, args.metric)]
    wanted = [_last(series, args.limit) for series in found if series is not None]
    if args.json:
        for series in wanted:
            _print_all(point_lines(row.facts.id, series))
        return OK
    print("metric\tstep\ttime\tvalue")
    for series in wanted:
        _print_all(_text_lines(series))
    return OK


def choose(points: Points, patterns: Sequence[str]) -> list[str]:
    """The metrics that the names and globs mean, in the order of the patterns, each once.

    Raises:
        CommandError: A pattern matches none.
    """
    known = (*points.metrics, *points.system_metrics)
    chosen: dict[str, None] = {}
    for pattern in patterns:
        names = [pattern] if pattern in known else [name for name in known if fnmatchcase(name, pattern)]
        if not names:
            near = ", ".join(clean(name, 60) for name in known[:8]) or "none at all"
            raise CommandError(
                f"no metric matches {clean(pattern)}; there are: {near}{' ...' if len(known) > 8 else ''}"
            )
        chosen.update(dict.fromkeys(names))
    return list(chosen)


def _last(series: Series, limit: int | None) -> Series:
    if limit is None:
        return series
    first = max(len(series.values) - limit, 0)
    return Series(
        series.name, series.steps[first:], series.times[first:], series.values[first:], series.generation
    )


def _text_lines(series: Series) -> Iterable[str]:
    name = clean(series.name)
    for step, when, value in zip(
        series.steps.tolist(), series.times.tolist(), series.values.tolist(), strict=True
    ):
        yield f"{name}\t{step:.15g}\t{when!r}\t{value!r}"


def _print_names(run_id: str, points: Points, as_json: bool) -> int:
    from tailboard.layout import FORMAT
    from tailboard_tui.store.objects import dumps

    for stream, names in (("metrics", points.metrics), ("system", points.system_metrics)):
        for name in names:
            if as_json:
                print(dumps({"format": FORMAT, "run": run_id, "metric": name, "stream": stream}))
            else:
                print(clean(name))
    return OK


def _print_all(lines: Iterable[str]) -> None:
    """Print many lines with few writes."""
    block: list[str] = []
    for line in lines:
        block.append(line)
        if len(block) == 2_000:
            print("\n".join(block))
            block.clear()
    if block:
        print("\n".join(block))
