"""How far a run is by the progress bar that it draws, where nothing else says how long it will go on."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from tailboard_tui.files.opening import read_with_state
from tailboard_tui.formats.base import RunFacts
from tailboard_tui.store import bars
from tailboard_tui.store.bars import Bar
from tailboard_tui.store.progress import Progress

TAIL_BYTES = 8 * 1024
"""Of the output: some fifty states of a bar."""

_ENDS = re.compile(r"[\r\n]+")
_CONTROL_SEQUENCES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_EPOCH = re.compile(r"\bepochs?\b[ :\[(]*(\d{1,9})\s*(?:/|of)\s*(\d{1,9})", re.IGNORECASE)
_EPOCH_ALONE = re.compile(r"\bepochs?\b[ :\[(]*\d", re.IGNORECASE)
_PART = re.compile(
    r"valid|eval|test|predict|infer|sanity|load|download|upload|sav|checkpoint|shard|token|map|filter|generat",
    re.IGNORECASE,
)
"""Words before a bar of something that a training does beside its steps."""


def progress_by_output(facts: RunFacts) -> Progress:
    """What the newest bar in the run's output tells of the whole run; reads the end of that file."""
    path = facts.log_files[0].path if facts.log_files else None
    if path is None:
        return Progress()
    try:
        tail, _ = read_with_state(path, TAIL_BYTES, is_end=True)
    except OSError:
        return Progress()
    return progress_of_lines(_ENDS.split(_CONTROL_SEQUENCES.sub("", tail.decode("utf-8", "replace"))))


def progress_of_lines(lines: Sequence[str]) -> Progress:
    """What the last bar of some lines of output tells of the whole run.

    A bar of one epoch counts with the epochs before it (`Epoch 3/10` in front of it, or on a line above).
    Nothing is known by a bar of validation or loading, by one that begins anew again and again while nobody
    says how often, and by one without an end.
    """
    drawn = [(at, bar) for at, line in enumerate(lines) if (bar := bars.parse(line)) is not None]
    if not drawn:
        return Progress()
    place, bar = drawn[-1]
    if bar.fraction is None or _PART.search(bar.label):
        return Progress()
    epoch = _EPOCH.search(bar.label) or _epoch_above(lines[:place], is_named=bool(bar.label))
    if epoch is not None:
        return _over_epochs(bar, int(epoch[1]), int(epoch[2]))
    began_anew = any(
        older.total == bar.total and older.fraction is not None and older.fraction > bar.fraction
        for _, older in drawn[:-1]
    )
    if began_anew or _EPOCH_ALONE.search(bar.label):
        return Progress()
    return Progress(fraction=bar.fraction, eta_s=bar.eta_s)


def _epoch_above(lines: Sequence[str], *, is_named: bool) -> re.Match[str] | None:
    """The newest line that says which epoch begins: for bars without a name of their own."""
    if is_named:
        return None
    return next((found for line in reversed(lines) if (found := _EPOCH.search(line[:200]))), None)


def _over_epochs(bar: Bar, epoch: int, epochs: int) -> Progress:
    """The bar of epoch 1 to `epochs` as part of the whole."""
    if bar.fraction is None or not 1 <= epoch <= epochs:
        return Progress()
    fraction = (epoch - 1 + bar.fraction) / epochs
    eta_s = None
    if bar.eta_s is not None and bar.total and bar.rate:
        eta_s = bar.eta_s + (epochs - epoch) * bar.total / bar.rate
        if not math.isfinite(eta_s):
            eta_s = None
    return Progress(fraction=fraction, eta_s=eta_s)
