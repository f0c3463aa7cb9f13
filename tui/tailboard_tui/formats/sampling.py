"""A true but coarse sample of a large file, for a first picture while it is read from its begin."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from tailboard_tui.files.follow import Block
from tailboard_tui.files.opening import open_regular
from tailboard_tui.formats.base import Rows
from tailboard_tui.formats.sources import LineDecoder
from tailboard_tui.formats.tfevents import Events
from tailboard_tui.formats.tfpoints import rows_of_tag
from tailboard_tui.formats.tfrecord import Records, TFRecords

_HEAD_BYTES = 4096
"""Tell the names of the columns or keys."""

_PROBE_BYTES = 4096
"""Read at each offset: a longer line is left out."""

_EVENT_PROBES = 100
_EVENT_PROBE_BYTES = 2048
"""Of an event file: some 40 records each, so that every tag has its turn."""


def sample_lines(path: str, count: int, decoder: LineDecoder) -> list[Rows]:
    """One whole line at each of `count` offsets, read by a fresh `decoder`; nothing unless each is a row.

    Raises:
        OSError: The file cannot be read.
    """
    fd = open_regular(path)
    try:
        size = os.fstat(fd).st_size
        head = os.pread(fd, _HEAD_BYTES, 0)
        found: dict[int, bytes] = {}
        for start in range(_HEAD_BYTES, size, max(size // max(count, 1), 1)):
            data = os.pread(fd, _PROBE_BYTES, start)
            begin = data.find(b"\n") + 1
            end = data.find(b"\n", begin) + 1
            if begin and end:
                found[start + begin] = data[begin:end]
    finally:
        os.close(fd)
    head = head[: head.rfind(b"\n") + 1]
    decoder.feed(Block(head, 1, head.count(b"\n"), len(head)))
    decoder.take()
    decoder.feed(Block(b"".join(found.values()), 2, len(found), 0))
    rows, _ = decoder.take()
    if len(rows) != 1 or len(rows[0].steps) != len(found):
        return []
    return [replace(rows[0], offsets=np.fromiter(found, np.int64, len(found)), resumes=())]


def sample_events(path: str, share: float) -> list[Rows]:
    """The records at offsets spread over an event file, a clock for each tag.

    Args:
        path: The file.
        share: Its part of the run's bytes, and so of the probes.

    Raises:
        OSError: The file cannot be read.
    """
    fd = open_regular(path)
    try:
        size = os.fstat(fd).st_size
        step = max(round(size / max(_EVENT_PROBES * share, 1)), _EVENT_PROBE_BYTES)
        pieces = [
            TFRecords(in_the_middle=True, offset=start).feed(os.pread(fd, _EVENT_PROBE_BYTES, start))
            for start in range(0, size, step)
        ]
    finally:
        os.close(fd)
    records, places = _joined(piece for piece in pieces if len(piece))
    events = Events()
    events.read(records)
    found = []
    for tag, points in events.take().items():
        found.append(replace(rows_of_tag(tag, points), offsets=places[points.places()]))
    return found


def _joined(pieces: Iterable[Records]) -> tuple[Records, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """The records of several pieces as if they were one, and where in the file each begins."""
    buffers: list[bytes] = []
    starts, lengths, places = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    at = 0
    for piece in pieces:
        buffers.append(piece.buffer)
        starts.append(piece.starts + at)
        lengths.append(piece.lengths)
        places.append(piece.starts + piece.offset)
        at += len(piece.buffer)
    return Records(b"".join(buffers), np.concatenate(starts), np.concatenate(lengths)), np.concatenate(places)
