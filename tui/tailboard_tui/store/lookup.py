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
from tailboard_tui.store.model import Points, RunRow
from tailboard_tui.store.rowmaker import Surroundings
from tailboard_tui.store.status import this_host
from tailboard_tui.store.tracked import TrackedRun
from tailboard_tui.text.safe import clean

LATEST = "latest"
"""Names the newest run in place of an id."""

NAMED = 5
"""Candidates that a message names."""


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
        full: Read all points, so that every metric's statistics are complete.
    """
    teller = _Teller()
    with no_collections():
        rows = [teller.load(found, full=full) for found in _found(roots).values()]
    return sorted(rows, key=_age)


def find_run(ref: str, roots: Sequence[str], *, full: bool = True) -> RunRow:
    """The run that a user means.

    Args:
        ref: An id, a unique prefix of one, a name, a path, or `latest`. An id wins over a name, and both
            over a prefix; a path is meant when nothing else fits, or when `ref` has a separator.
        roots: Where to look.
        full: Read all points, so that every metric's statistics are complete.

    Raises:
        RunNotFound: None fits, or several do.
    """
    if os.sep in ref or ref in (".", ".."):
        return _at_path(ref, full=full)
    founds = _found(roots)
    teller = _Teller()
    with no_collections():
        rows = sorted((teller.load(found, full=False) for found in founds.values()), key=_age)
    fitting = _fitting(ref, rows)
    if not fitting:
        try:
            return _at_path(ref, full=full)
        except RunNotFound:
            where = ", ".join(roots)
            raise RunNotFound(f"no run {clean(ref, 80)!r} in {clean(where, 200)}") from None
    if len(fitting) > 1:
        raise RunNotFound(_ambiguous(ref, fitting), tuple(fitting))
    return teller.load(founds[fitting[0].key], full=True) if full else fitting[0]


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

    def __init__(self) -> None:
        self._now, self._around = time.time(), Surroundings(this_host(), Notebook())
        self._around.notebook.refresh()
        self._cache = ColumnCache(limit_mib=load_settings().cache_mib)

    def load(self, found: Found, *, full: bool) -> RunRow:
        run = TrackedRun(found, self._cache)
        run.read_facts()
        if full:
            run.read_all()
            run.keep()
        row = run.tell(self._now, self._around)
        run.close()
        return row


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


def _at_path(path: str, *, full: bool) -> RunRow:
    known = format_of(path)
    if known is None:
        reason = "no run" if os.path.lexists(path) else "no such file or directory"
        raise RunNotFound(f"{clean(path)}: {reason}")
    return _Teller().load(Found(os.path.realpath(path), known), full=full)


def _ambiguous(ref: str, fitting: list[RunRow]) -> str:
    named = ", ".join(clean(row.facts.id, 60) for row in fitting[:NAMED])
    more = f" and {len(fitting) - NAMED} more" if len(fitting) > NAMED else ""
    return f"{clean(ref, 80)!r} may be any of {len(fitting)} runs: {named}{more}"
