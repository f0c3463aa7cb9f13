"""`tailboard ls --group`: repeated runs as one line, with mean, standard deviation and extremes."""

from __future__ import annotations

from collections.abc import Sequence

from tailboard_tui.commands.common import Cell, Heading, print_table
from tailboard_tui.commands.failures import OK
from tailboard_tui.store.fields import as_text
from tailboard_tui.store.groups import Group, Spread, group_rows, ranked, spread_of
from tailboard_tui.store.model import RunRow
from tailboard_tui.text import units
from tailboard_tui.text.safe import clean


def run(
    rows: Sequence[RunRow],
    by: Sequence[str],
    keys: Sequence[str],
    now: float,
    *,
    is_sorted: bool,
    as_json: bool,
) -> int:
    """Print the groups.

    Args:
        by: Keys whose values make the groups.
        keys: Keys whose values are summarised.
        now: Unix seconds.
        is_sorted: Whether groups stand in the order of their first runs; else the best mean comes first.
    """
    found = group_rows(rows, by, now)
    if keys and not is_sorted:
        found = ranked(found, keys[0], now)
    spreads = [[spread_of(group, key, now) for key in keys] for group in found]
    if as_json:
        _print_json(found, keys, spreads)
        return OK
    headings = [Heading(clean(key), least_width=8, is_optional=False) for key in by]
    headings.append(Heading("n", is_number=True, is_optional=False))
    for key in keys:
        headings += [Heading(clean(key), True), Heading("min", True), Heading("max", True)]
    lines = []
    for group, of_group in zip(found, spreads, strict=True):
        line = [Cell(clean(as_text(value), 80) or "—") for value in group.by.values()]
        line.append(Cell(str(len(group.rows))))
        for spread in of_group:
            line += [
                Cell(_mean(spread)),
                Cell(_number(spread, spread.min)),
                Cell(_number(spread, spread.max)),
            ]
        lines.append(line)
    print_table(headings, lines)
    return OK


def _mean(spread: Spread) -> str:
    if spread.n < 2:
        return _number(spread, spread.mean)
    return f"{units.number(spread.mean)} ± {units.number(spread.std, 2)}"


def _number(spread: Spread, value: float) -> str:
    return units.number(value) if spread.n else "—"


def _print_json(found: Sequence[Group], keys: Sequence[str], spreads: Sequence[Sequence[Spread]]) -> None:
    from tailboard.layout import FORMAT
    from tailboard_tui.store.objects import Json, dumps, plain

    for group, of_group in zip(found, spreads, strict=True):
        values: dict[str, Json] = {
            key: {
                "n": spread.n,
                "mean": plain(spread.mean),
                "std": plain(spread.std),
                "min": plain(spread.min),
                "max": plain(spread.max),
            }
            for key, spread in zip(keys, of_group, strict=True)
        }
        runs = [row.facts.id for row in group.rows]
        print(dumps({"format": FORMAT, "group": plain(group.by), "runs": runs, "values": values}))
