"""What stands between a file and a reader: decoders give rows and complaints, sources give pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

from tailboard_tui.files.follow import Block
from tailboard_tui.formats.base import Rows

State: TypeAlias = Mapping[str, Any]
"""Where reading stands, in JSON's types."""


class Complaint(NamedTuple):
    """Something that a decoder could not use."""

    line: int | None
    """1-based, where the file has lines."""
    message: str


class _Decoder(Protocol):
    """Turns the content of one file into points."""

    def take(self) -> tuple[list[Rows], list[Complaint]]:
        """What came of what was fed since the last call."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """A source or decoder that can go on where another process stood. What it does not tell is not needed.

    A decoder is asked when everything was taken out of it, and a fresh one restored. A state that was
    changed on disk may raise KeyError, TypeError or ValueError.
    """

    def state(self) -> State | None:
        """Where it stands; None where that cannot be kept."""
        ...

    def restore(self, state: State) -> bool | None:
        """Stand there. A source says whether its file is still the same."""
        ...


@runtime_checkable
class Sampled(Protocol):
    """A source of which a true but coarse sample can be had before it is read."""

    def sample(self, count: int, share: float) -> Sequence[Rows]:
        """Points from all over the file, with their offsets, none where that is not possible.

        Args:
            count: About how many records.
            share: The file's part of the run's bytes.

        Raises:
            OSError: The file cannot be read.
        """
        ...


class ByteDecoder(_Decoder, Protocol):
    """Of a file of binary records."""

    @property
    def pending_bytes(self) -> int:
        """Bytes of an unfinished record at the end."""
        ...

    def feed(self, data: bytes) -> None:
        """The next bytes, in pieces of any size."""
        ...


class LineDecoder(_Decoder, Protocol):
    """Of a file of lines."""

    def feed(self, block: Block) -> None:
        """The next lines, each whole."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """What one look at a source gave."""

    rows: Sequence[Rows] = ()
    complaints: Sequence[Complaint] = ()
    reset: bool = False
    """The file is another than before: what it gave is void. Nothing else is in this piece."""
    bytes_used: int = 0
    more: bool = False


class Source(Protocol):
    """One file that gives points."""

    path: str
    prefix: str
    """Stands before its metric names: the sub-directory of a folded run with its slash, or nothing."""

    def poll(self, limit_bytes: int) -> Piece:
        """The next points; never raises."""
        ...

    def rewind(self) -> None:
        """Start over."""
        ...

    def close(self) -> None:
        """Close descriptors."""
        ...

    def progress(self) -> tuple[int, int]:
        """Bytes read and bytes in the file, at the last look."""
        ...
