"""Runs for commands, read in the caller's thread: all below some roots, or the one that is meant."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from tailboard_tui.formats.detect import Found, find, format_of
from tailboard_tui.settings import load_settings
from tailboard_tui.store.annotations import Notebook
from tailboard_tui.store.cache import ColumnCache
from tailboard_tui.store.collecting import no_collections
from tailboard_tui.store.index import Entry, RunIndex
from tailboard_tui.store.model import Points, RunRow
from tailboard_tui.store.rowmaker import Surroundings
from tailboard_tui.store.status import this_host
from tailboard_tui.store.tracked import TrackedRun
from tailboard_tui.text.safe import clean

LATEST = "latest"
"""Names the newest run in place of an id."""

NAMED = 5
"""Candidates that a message names."""

WORTH_KEEPING = 64
"""Runs read anew in one call that are worth writing the index again: below that reading them is as quick."""


class RunNotFound(LookupError):  # noqa: N818  # the name that docs/design.md gives it
    """No run, or more than one, is meant.

    Attributes:
        candidates: The runs between which the reference does not decide; empty when there is none.
    """

    def __init__(self, message: str, candidates: tuple[RunRow, ...] = ()) -> None:
        super().__init__(message)
        self.candidates = candidates


def load_rows(roots: Sequence[str], *, full: bool = False) -> list[RunRow]:
    """All runs below `roots`, newest first.

    Args:
        roots: Directories or files; one that is missing gives no runs.
        full: Read all points, so that every metric's statistics are complete. Ended runs that the index
            knows are complete either way.
    """
    teller = _Teller(roots)
    with no_collections():
        rows = [teller.load(found, full=full) for found in _found(roots).values()]
        teller.keep()
    return sorted(rows, key=_age)


def complete_rows(rows: Sequence[RunRow]) -> list[RunRow]:
    """The runs with every metric's statistics, in the same order; a run that is gone since stays as it is."""
    teller = _Teller()
    with no_collections():
        return [row if row.is_read else teller.complete(row) for row in rows]


def find_runs(refs: Sequence[str], roots: Sequence[str], *, full: bool = True) -> list[RunRow]:
    """The runs that a user means, each once, in that order: the roots are searched once for all of them.

    Args:
        refs: Ids, unique prefixes of one, names, paths, or `latest`. An id wins over a name, and both over
            a prefix. With a separator in it an existing path is meant, else an id; a path without one is
            meant when nothing else fits.
        roots: Where to look.
        full: Read all points, so that every metric's statistics are complete.

    Raises:
        RunNotFound: None fits one of them, or several do.
    """
    chosen: dict[str, RunRow] = {}
    known: list[RunRow] | None = None
    for ref in refs:
        row = _at_path(ref) if os.sep in ref or ref in (".", "..") else None
        if row is None:
            known = load_rows(roots) if known is None else known
            row = _the_one(ref, known, roots)
        chosen.setdefault(row.key, row)
    return complete_rows([*chosen.values()]) if full else [*chosen.values()]


def find_run(ref: str, roots: Sequence[str], *, full: bool = True) -> RunRow:
    """`find_runs` for one."""
    return find_runs([ref], roots, full=full)[0]


def load_points(row: RunRow) -> Points:
    """All points of a run.

    Raises:
        RunNotFound: The run is gone.
    """
    known = format_of(row.key)
    if known is None:
        raise RunNotFound(f"{clean(row.key)} is gone")
    run = TrackedRun(Found(row.key, known), ColumnCache(limit_mib=load_settings().cache_mib))
    run.read_all()
    run.keep()
    run.summarise()
    run.close()
    assert run.points is not None
    return run.points


def _found(roots: Sequence[str]) -> dict[str, Found]:
    return {found.path: found for root in roots for found in find(root)}


class _Teller:
    """Makes rows, all of one moment."""

    def __init__(self, roots: Sequence[str] = ()) -> None:
        """Begin.

        Args:
            roots: Whose index serves; none where single runs are read.
        """
        self._now, self._around = time.time(), Surroundings(this_host(), Notebook())
        self._around.notebook.refresh()
        self._cache = ColumnCache(limit_mib=load_settings().cache_mib)
        self._index = RunIndex(roots) if roots else None
        self._entries: dict[str, Entry] = {}
        self._news = 0

    def load(self, found: Found, *, full: bool) -> RunRow:
        run = TrackedRun(found, self._cache)
        is_known = self._index is not None and run.recall(self._index)
        if not is_known:
            run.checked_at = self._now
            if full:
                run.has_changed(self._now)  # its files are signed for the index before they are read
            run.read_facts()
            if full:
                run.read_all()
                run.keep()
        row = run.tell(self._now, self._around)
        run.close()
        entry = None if self._index is None else run.entry()
        if entry is not None:
            self._entries[run.key] = entry
            self._news += not is_known
        return row

    def complete(self, row: RunRow) -> RunRow:
        known = format_of(row.key)
        return row if known is None else self.load(Found(row.key, known), full=True)

    def keep(self) -> None:
        """Leave to the index what was told, where that saves the next command much."""
        if self._index is not None and self._news >= WORTH_KEEPING:
            self._index.save(self._entries.items())


def _age(row: RunRow) -> tuple[float, str]:
    """Sorts newest first; runs that do not say when they began come last."""
    return (float("inf") if row.started is None else -row.started, row.key)


def _fitting(ref: str, rows: list[RunRow]) -> list[RunRow]:
    """The runs that `ref` may mean, by the first rule that any run fits."""
    if ref == LATEST:
        return rows[:1]
    return (
        [row for row in rows if row.facts.id == ref]
        or [row for row in rows if row.facts.name == ref]
        or [row for row in rows if row.facts.id.startswith(ref)]
        or [row for row in rows if row.facts.name.startswith(ref)]
    )


def _the_one(ref: str, rows: list[RunRow], roots: Sequence[str]) -> RunRow:
    """The run that `ref` names among `rows`, else at the path `ref`.

    Raises:
        RunNotFound: None fits, or several do.
    """
    fitting = _fitting(ref, rows)
    if len(fitting) > 1:
        raise RunNotFound(_ambiguous(ref, fitting), tuple(fitting))
    found = fitting[0] if fitting else _at_path(ref)
    if found is not None:
        return found
    if os.path.lexists(ref):
        hint = f"; `tailboard ls {clean(ref)}` lists those in it" if os.path.isdir(ref) else ""
        raise RunNotFound(f"{clean(ref)} is no run{hint}")
    if os.sep in ref:
        raise RunNotFound(f"{clean(ref)}: no such file or directory")
    where = ", ".join(roots)
    raise RunNotFound(f"no run {clean(ref, 80)!r} in {clean(where, 200)}")


def _at_path(path: str) -> RunRow | None:
    known = format_of(path)
    return None if known is None else _Teller().load(Found(os.path.realpath(path), known), full=False)


def _ambiguous(ref: str, fitting: list[RunRow]) -> str:
    named = ", ".join(clean(row.facts.id, 60) for row in fitting[:NAMED])
    more = f" and {len(fitting) - NAMED} more" if len(fitting) > NAMED else ""
    return f"{clean(ref, 80)!r} may be any of {len(fitting)} runs: {named}{more}"
