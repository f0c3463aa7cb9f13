"""Where the run under the cursor comes from; with marked runs, what differs between them."""

from __future__ import annotations

import time
from collections.abc import Callable

from tailboard_tui.messages import OriginWanted
from tailboard_tui.widgets.config_lines import compare_lines
from tailboard_tui.widgets.info_lines import Origin, compared_facts, info_lines
from tailboard_tui.widgets.line_view import LineView, ViewLine
from tailboard_tui.widgets.selection import Selection

FOLDED_AT_FIRST = frozenset({"Packages", "Hardware"})


class InfoPane(LineView):
    """Identity, times, environment, code with its diff, data, end and problems."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._clock = clock
        self._selection = Selection()
        self._folded = set(FOLDED_AT_FIRST)
        self._only_differences = False
        self._origin_key: str | None = None
        self._origin: Origin | None = None

    def show(self, selection: Selection) -> None:
        """Show these runs."""
        self._selection = selection
        current = selection.current
        if current is not None and current.row.key != self._origin_key:
            facts = current.row.facts
            self._origin_key, self._origin = current.row.key, None
            if facts.diff_path or facts.packages_path:
                self.post_message(OriginWanted(current.row.key, facts.diff_path, facts.packages_path))
            else:
                self._origin = Origin()
        self._show()

    def set_origin(self, key: str, origin: Origin) -> None:
        """The content of the files of that run, if it is still the one shown."""
        if key == self._origin_key:
            self._origin = origin
            self._show()

    def go_back(self) -> bool:
        """Nothing to leave."""
        return False

    def on_resize(self) -> None:
        """Columns follow the width."""
        super().on_resize()
        self._show()

    def action_toggle_line(self) -> None:
        """Fold or unfold the part under the cursor."""
        line = self.cursor_line
        if line is not None and line.folds is not None:
            self._folded ^= {line.key}
            self._show()

    def action_only_differences(self) -> None:
        """Leave out what all runs agree on, or show it again."""
        self._only_differences = not self._only_differences
        self._show()

    def _show(self) -> None:
        self.set_lines(self._make_lines())

    def _make_lines(self) -> list[ViewLine]:
        now = self._clock()
        current = self._selection.current
        if len(self._selection.runs) > 1:
            runs = sorted(self._selection.runs, key=lambda run: run.row.key != self._selection.baseline)
            return compare_lines(
                runs,
                [compared_facts(run.row, now) for run in runs],
                self.size.width,
                only_differences=self._only_differences,
            )
        return info_lines(current.row, self._origin, now, self._folded) if current else []
