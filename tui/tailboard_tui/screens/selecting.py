"""From cursor and marks to the selection that the panes show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tailboard_tui.screens.run_source import RunSource

if TYPE_CHECKING:
    from tailboard_tui.widgets.selection import Selection

Mark = tuple[str, str]
"""Letter and colour."""


def select(
    source: RunSource,
    cursor: str | None,
    marks: Sequence[str],
    baseline: str | None,
    *,
    dark: bool,
    kept: Mapping[str, Mark],
) -> tuple[Selection, dict[str, Mark]]:
    """The shown runs, the one under the cursor first, and the letter and colour of each by key.

    Args:
        kept: Letters and colours that runs have on screen already; they stay.
    """
    from tailboard_tui.plot.palette import run_colors, run_letters
    from tailboard_tui.widgets.selection import Selection, ShownRun

    keys = dict.fromkeys([cursor, *marks] if cursor else marks)
    rows = {key: row for key in keys if (row := source.row(key)) is not None}
    ids = {key: row.facts.id for key, row in rows.items()}
    if len(set(ids.values())) < len(ids):
        ids = {key: key for key in rows}
    letters = run_letters(list(ids.values()), kept={ids[key]: kept[key][0] for key in rows if key in kept})
    colors = run_colors(
        [ids[key] for key in rows], dark=dark, kept={ids[key]: kept[key][1] for key in rows if key in kept}
    )
    shown = tuple(
        ShownRun(row, source.points(key), colors[ids[key]], letters[ids[key]], key == cursor)
        for key, row in rows.items()
    )
    return Selection(shown, baseline), {key: (letters[ids[key]], colors[ids[key]]) for key in rows}
