"""The keys that search a log, filter it and go to its errors."""

from __future__ import annotations

from tailboard_tui.store.logsearch import filter_problem
from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.log_base import LogBase


class LogFinding(LogBase):
    """Searches and filters."""

    def _show_search(self) -> None:
        state = self._state
        if not state.search:
            return
        if state.search_error:
            self._note(clean(state.search_error), "$error")
            return
        found = f"{state.search_count:,} line{'' if state.search_count == 1 else 's'} match"
        found += "es" if state.search_count == 1 else ""
        if state.search_fraction < 1:
            found += f", {state.search_fraction * 100:.0f}% searched"
        self._note(f"/{clean(state.search, 80)}   {found}")

    def action_search_log(self) -> None:
        """Type what to look for."""
        self._ask("text, or ~regex; capitals make it case-sensitive", self._state.search, self._search)

    def _search(self, typed: str) -> None:
        if self._session is not None:
            self._session.search(typed)
            self._note("")
            if typed:
                self._awaits_jump = True
                self._session.find(self.view.goal + 1, forward=False)

    def action_next_match(self) -> None:
        """Down to the next match."""
        self._find(forward=True)

    def action_previous_match(self) -> None:
        """Up to the match before."""
        self._find(forward=False)

    def action_next_error(self) -> None:
        """Down to the next error."""
        self._find(forward=True, errors=True)

    def action_previous_error(self) -> None:
        """Up to the error before."""
        self._find(forward=False, errors=True)

    def _find(self, *, forward: bool, errors: bool = False) -> None:
        if self._session is None:
            return
        again, self._awaits_jump = self._awaits_jump, errors or bool(self._state.search)
        find = self._session.find_error if errors else self._session.find
        find(self.view.goal, forward=forward, again=again)

    def action_filter_log(self) -> None:
        """Type which lines to show."""
        self._ask(
            "lines to show: text, ~regex, !hide; separate several by  &  ; empty shows all",
            " & ".join(self._state.filters),
            self._filter,
        )

    def _filter(self, typed: str) -> None:
        if self._session is not None:
            filters = tuple(part.strip() for part in typed.split(" & ") if part.strip())
            problem = next((problem for one in filters if (problem := filter_problem(one))), "")
            self._note(clean(problem), "$error")
            if not problem:
                self._apply_filters(filters, is_folded=self._state.is_folded)

    def _apply_filters(self, filters: tuple[str, ...], *, is_folded: bool) -> None:
        if self._session is not None:
            stay_at = None if self.view.is_following else self.view.cursor
            self._awaits_view = "rows" if stay_at is None else "place"
            self._session.filter(filters, is_folded=is_folded, stay_at=stay_at)

    def action_fold_tracebacks(self) -> None:
        """Of tracebacks only the first line and the exception, or all."""
        self._apply_filters(self._state.filters, is_folded=not self._state.is_folded)
