"""Media in the logs of runs: images, histograms, texts and tables as records, whatever file they stand in.

A record holds what is small as JSON; of an image or a long table only where it stands, so that a million
logged images cost no more than their records until one is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import msgspec

from tailboard_tui.formats.base import Reader

KINDS = ("image", "histogram", "table", "text", "confusion_matrix")

MAX_BINS = 4096
"""Of a histogram; more are no histogram that somebody looks at."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where content stands in a file of the run."""

    root: str
    """The run's directory, out of which no link may lead."""
    path: str
    offset: int = 0
    length: int | None = None
    """Bytes; None: to the end of the file."""


@dataclass(frozen=True, slots=True)
class MediaRecord:
    """One thing that was logged."""

    key: str
    """Untrusted."""
    kind: str
    """One of `KINDS`."""
    step: float
    """NaN where it has none."""
    time: float
    """Unix seconds, likewise."""
    index: int
    """Its place among those logged together under one key."""
    line: bytes
    """The whole record as JSON."""
    place: Place | None = None
    """Of its content, where that stands in another file than our own format's media/."""

    def fields(self) -> Mapping[str, Any]:
        """The record parsed; empty when it is broken."""
        try:
            found = msgspec.json.decode(self.line)
        except (msgspec.MsgspecError, ValueError, RecursionError):  # ValueError: no UTF-8
            return {}
        return found if isinstance(found, dict) else {}


@runtime_checkable
class MediaReader(Reader, Protocol):
    """A reader that finds media while it reads points."""

    def keep_media(self) -> None:
        """Begin to gather them: called before the first poll by whoever wants them."""
        ...

    def take_media(self) -> Sequence[MediaRecord]:
        """Those of the polls since the last call; a chunk with `reset` voids all before it."""
        ...


def histogram_line(counts: Sequence[float], edges: Sequence[float]) -> bytes | None:
    """The JSON of a histogram; None where it is none.

    Args:
        counts: Shape (bins,).
        edges: Shape (bins + 1,), ascending.
    """
    if not counts or len(edges) != len(counts) + 1 or len(counts) > MAX_BINS:
        return None
    return msgspec.json.encode({"counts": counts, "edges": edges})


def text_line(text: str) -> bytes:
    """The JSON of a text."""
    return msgspec.json.encode({"text": text})
