"""Arrays that grow at their end while others read what was there."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast

import numpy as np
import numpy.typing as npt

_LEAST = 64
"""Room of a new array, in elements."""

Scalar = TypeVar("Scalar", bound=np.generic)


class Growable(Generic[Scalar]):
    """A one-dimensional array with room at its end: appending costs amortised constant time.

    `view()` gives read-only views. What they show never changes: appending writes behind their end, or
    into a larger copy.
    """

    def __init__(self, dtype: type[Scalar], start: npt.NDArray[Scalar] | None = None) -> None:
        """An array of `dtype`, empty or beginning with `start`, which is used as it is and never written."""
        self._buffer: npt.NDArray[Any] = np.empty(0, dtype) if start is None else start
        self._length = len(self._buffer)
        self._is_own = start is None

    def __len__(self) -> int:
        return self._length

    @property
    def nbytes(self) -> int:
        """Memory held; nothing for a start that someone else holds (a memory-mapped cache)."""
        return self._buffer.nbytes if self._is_own else 0

    def append(self, values: npt.ArrayLike) -> None:
        """Add `values`, shape (n,), at the end."""
        values = np.asarray(values)
        if not len(values):
            return
        end = self._length + len(values)
        if end > len(self._buffer):
            larger = np.empty(max(_LEAST, end, 2 * self._length), self._buffer.dtype)
            larger[: self._length] = self._buffer[: self._length]
            self._buffer, self._is_own = larger, True
        self._buffer[self._length : end] = values
        self._length = end

    def view(self, start: int = 0) -> npt.NDArray[Scalar]:
        """What is there now from `start` on, read-only."""
        found = self._buffer[start : self._length]
        found.flags.writeable = False
        return cast("npt.NDArray[Scalar]", found)
