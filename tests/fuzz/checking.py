"""What must hold of whatever a reader makes of any bytes."""

from __future__ import annotations

import math
import os
from itertools import count
from pathlib import Path

import msgspec

from reading import read_all, series_of
from tailboard_tui.formats.base import Reader, RunFacts
from tailboard_tui.formats.detect import find, open_reader, reader_of
from tailboard_tui.formats.media import KINDS, MediaReader

BETWEEN = b"|/|"
"""Input of several messages or files is split here."""

MOST_RUNS = 12
"""Of one input that are read: a row more in a database makes a run more."""

WHOLE = [1 << 24] * 2
"""Two polls: a last line without its newline is taken when there is nothing else."""

PIECES = [1, 7, 64, 3, 500, 20] * 4

_moments = count(1_600_000_000_000_000_000, 1_000_000_000)


def write(path: Path, data: bytes) -> None:
    """Write a file with a time that no earlier input had: readers look again at what has changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    moment = next(_moments)
    os.utime(path, ns=(moment, moment))


def check_run(path: Path) -> None:
    """Read a run, if it is one, whole and in small pieces."""
    whole = open_reader(str(path))
    if whole is not None:
        pieces = open_reader(str(path))
        assert pieces is not None
        check_readers(whole, pieces)


def check_below(directory: Path) -> None:
    """Read all runs below a directory, each whole and in small pieces."""
    for number, found in enumerate(find(str(directory))):
        if number < MOST_RUNS:
            check_readers(reader_of(found), reader_of(found))


def check_readers(whole: Reader, pieces: Reader) -> None:
    """Two readers of one run: the points agree, and facts and problems can be told."""
    try:
        if isinstance(whole, MediaReader):
            whole.keep_media()
        points, problems = read_all(whole, WHOLE)
        again, _ = read_all(pieces, PIECES)
        assert series_of(points) == series_of(again), "the pieces change the points"
        assert all(problem.message for problem in problems)
        check_facts(whole.facts())
        if isinstance(whole, MediaReader):
            assert all(record.kind in KINDS for record in whole.take_media())
        whole.preview(50)
    finally:
        whole.close()
        pieces.close()


def check_facts(facts: RunFacts) -> None:
    """Facts hold what they say they hold: the index of runs takes them back."""
    assert facts.name
    assert facts.id
    assert all(problem.message for problem in facts.problems)
    for number in (facts.created, facts.last_time, facts.last_step, facts.pid):
        assert number is None or not math.isnan(number)
    try:
        packed = msgspec.msgpack.encode(facts)
    except (UnicodeEncodeError, OverflowError):  # such facts are told anew at each open
        return
    msgspec.msgpack.decode(packed, type=RunFacts)
