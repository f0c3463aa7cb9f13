"""`tailboard ls`: the runs as a table or as JSON Lines, with the explorer's query and order."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tailboard_tui.commands.common import (
    STATUS_COLORS,
    Cell,
    Heading,
    Subparsers,
    add_command,
    add_json,
    add_root,
    parse_query,
    print_table,
    roots,
    whole_number,
)
from tailboard_tui.commands.failures import OK, message
from tailboard_tui.text import units
from tailboard_tui.text.safe import clean

if TYPE_CHECKING:
    from tailboard_tui.store.model import RunRow

CONFIG_COLUMNS = 6
"""Parameters that differ among the runs, shown without being asked for; --columns names others."""

SECONDS = ("duration", "eta", "age", "idle")
MOMENTS = ("created", "ended", "updated")


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "ls",
        "List the runs below PATH, newest first.",
        (
            "tailboard ls -q 'lr >= 1e-3 tag:good'",
            "tailboard ls --sort val/acc.best -n 5",
            "tailboard ls --columns name,lr,val/loss.min",
            "tailboard ls --group lr,batch_size --columns val/acc.best",
        ),
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="folders of runs, runs or files")
    parser.add_argument("-q", "--query", default="", help="only runs that match, e.g. 'lr < 0.01 !debug'")
    parser.add_argument(
        "--sort",
        action="append",
        metavar="KEY",
        help="order by config keys, metrics (best first) or facts; KEY:desc turns one round",
    )
    parser.add_argument("-n", "--limit", type=whole_number, metavar="N", help="at most N runs")
    parser.add_argument(
        "--columns", metavar="KEYS", help="what to show, commas between: name,lr,val/loss.min"
    )
    parser.add_argument(
        "--group", metavar="KEYS", help="a line a group of runs with the same values: n, mean ± std, min, max"
    )
    parser.add_argument("-a", "--all", action="store_true", help="hidden runs too")
    add_json(parser, "one JSON object a line")
    add_root(parser)


def run(args: argparse.Namespace) -> int:
    """List the runs."""
    now = time.time()
    places = roots([*args.paths, *(args.root or ())])
    shown = select(places, args, now)
    if shown:
        _tell_unknown(shown, args, now)
    if args.group and shown:
        from tailboard_tui.commands import groups

        keys = args.columns.split(",") if args.columns else judged_by(shown)
        by = args.group.split(",")
        return groups.run(shown, by, keys, now, is_sorted=bool(args.sort), as_json=args.json)
    if args.json:
        from tailboard_tui.store.objects import dumps, run_object

        for row in shown:
            print(dumps(run_object(row, now)))
        return OK
    if not shown:
        where = ", ".join(map(clean, places))
        message(
            f"no run in {where} matches" if args.query else f"no runs in {where}; `tailboard demo` makes some"
        )
        return OK
    columns = args.columns.split(",") if args.columns else automatic_columns(shown, args.sort or ())
    headings, lines = table(shown, columns, now)
    left_out = print_table(headings, lines)
    if left_out:
        message(f"{left_out} columns left out for want of room; --columns chooses, --json has all")
    return OK


def _tell_unknown(rows: Sequence[RunRow], args: argparse.Namespace, now: float) -> None:
    """Say of which keys no run that is listed has a value: they may be misspelt."""
    from tailboard_tui.store.fields import FACTS, getter, parse_sort

    listed = [key for keys in (args.columns, args.group) if keys for key in keys.split(",")]
    for key in dict.fromkeys((*listed, *(item.key for item in parse_sort(args.sort or ())))):
        find = getter(key)
        if key not in FACTS and all(find(row, now) is None for row in rows):
            message(f"none of these runs has {clean(key, 80)!r}")


def select(places: Sequence[str], args: argparse.Namespace, now: float) -> list[RunRow]:
    """The runs that the options ask for, in order, each with its statistics.

    Where neither query nor order ask for a metric, only the runs that are shown are read in full.
    """
    from tailboard_tui.store.fields import SortKey, needs_points, parse_sort, sort_rows

    query = parse_query(args.query)
    order = parse_sort(args.sort or ()) or (SortKey("created"),)
    from tailboard_tui.store.lookup import complete_rows, load_rows

    rows = load_rows(places, full=args.limit is None and not args.query)
    if needs_points((*query.keys, *(item.key for item in order)), rows):
        rows = load_rows(places, full=True)
    if not args.all:
        rows = [row for row in rows if not row.is_hidden]
    return complete_rows(sort_rows(query.filter(rows, now), order, now)[: args.limit])


def table(rows: Sequence[RunRow], keys: Sequence[str], now: float) -> tuple[list[Heading], list[list[Cell]]]:
    """The table of runs; a column for each of `keys`, which are those of `store.fields`."""
    headings = [heading(key, rows, now) for key in keys]
    return headings, [[cell(row, key, now) for key in keys] for row in rows]


def automatic_columns(rows: Sequence[RunRow], sorts: Sequence[str]) -> list[str]:
    """What answers which run was best and why comes first: a narrow terminal loses the last ones.

    Args:
        sorts: As `--sort` gives them: what the runs are sorted by is shown.
    """
    from tailboard_tui.store.differences import differing_config
    from tailboard_tui.store.fields import FACTS, parse_sort

    sorted_by = [item.key for item in parse_sort(sorts) if item.key not in FACTS]
    first, *others = judged_by(rows) or [""]
    keys = ["status", "name", "age", "step", *sorted_by, first, *differing_config(rows)[:CONFIG_COLUMNS]]
    if any(row.facts.group for row in rows):
        keys.append("group")
    if any(row.facts.tags for row in rows):
        keys.append("tags")
    return [key for key in dict.fromkeys((*keys, "duration", *others, "id")) if key]


def judged_by(rows: Sequence[RunRow]) -> list[str]:
    """The metric by which most of the runs are judged: its best and its last value, or only the last."""
    from tailboard_tui.store.goal import direction, key_metric

    counted = Counter(key_metric(row.metrics, row.facts.metric_defs) for row in rows if row.metrics)
    if not counted:
        return []
    metric = counted.most_common(1)[0][0]
    assert metric is not None
    definitions = next(row.facts.metric_defs for row in rows if metric in row.metrics)
    return [metric] if direction(metric, definitions) is None else [f"{metric}.best", metric]


def heading(key: str, rows: Sequence[RunRow], now: float) -> Heading:
    """The column of `key`: to the right where it holds numbers; name and status always stay."""
    from tailboard_tui.store.fields import as_number, getter

    find = getter(key)
    values = [value for row in rows if (value := find(row, now)) is not None]
    is_number = key in SECONDS or (bool(values) and all(as_number(value) is not None for value in values))
    least = None if is_number or key == "status" else 16
    return Heading(clean(key), is_number and key != "id", least, is_optional=key not in ("status", "name"))


def cell(row: RunRow, key: str, now: float) -> Cell:
    """What a run says to `key`, short and clean."""
    from tailboard_tui.store.fields import as_text, getter

    value = getter(key)(row, now)
    if key == "status":
        return Cell(row.status, STATUS_COLORS.get(row.status))
    if value is None:
        return Cell("")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Cell(_number_text(key, float(value)))
    return Cell(clean(as_text(value), 200), "bold" if key == "name" else None)


def _number_text(key: str, value: float) -> str:
    if key in SECONDS:
        return units.age(value) if key in ("age", "idle") else units.duration(value)
    if key in MOMENTS:
        return units.moment(value)
    if key == "size":
        return units.size(value)
    if key == "step" or key.endswith("_step"):
        return f"{value:.15g}"
    return units.number(value)
