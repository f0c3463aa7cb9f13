"""Media of runs in other trackers' formats: found by the format's reader, shown like our own."""

from __future__ import annotations

import time

from tailboard_tui.formats.media import MediaReader, MediaRecord
from tailboard_tui.store.media import MediaStore

KEPT_BYTES = 64 * 1024 * 1024
KEPT_RECORDS = 20_000
"""Of a run; the oldest go first."""

SLICE_S = 0.3
"""One `read` takes at most about so long, so that another run need not wait for a large file's end."""


def open_media(run_path: str, source: str) -> MediaStore | ForeignMedia:
    """The media of the run at `run_path`, whose format is called `source`."""
    return MediaStore(run_path) if source == "tailboard" else ForeignMedia(run_path)


class ForeignMedia:
    """The media of one foreign run, with a reader of its own. Used from one thread."""

    def __init__(self, run_path: str) -> None:
        self.run_path = run_path
        self.is_complete = False
        self.dropped = 0
        """Oldest records let go for lack of room."""
        self._reader: MediaReader | None = None
        self._is_open = False
        self._records: list[MediaRecord] = []
        self._bytes = 0

    def read(self) -> tuple[MediaRecord, ...]:
        """The records found so far, what was appended since included; see `is_complete`."""
        if not self._is_open:
            self._open()
        end = time.monotonic() + SLICE_S
        self.is_complete = self._reader is None
        while not self.is_complete and time.monotonic() < end:
            self.is_complete = not self._poll()
        return tuple(self._records)

    def _open(self) -> None:
        from tailboard_tui.formats.detect import open_reader

        self._is_open = True
        reader = open_reader(self.run_path)
        if isinstance(reader, MediaReader):
            reader.keep_media()
            self._reader = reader

    def _poll(self) -> bool:
        """Read the next piece; whether there is more."""
        assert self._reader is not None
        chunk = self._reader.poll()
        if chunk.reset:
            self._records.clear()
            self._bytes = self.dropped = 0
        for record in self._reader.take_media():
            self._records.append(record)
            self._bytes += len(record.line)
        excess = 0
        while self._bytes > KEPT_BYTES or len(self._records) - excess > KEPT_RECORDS:
            self._bytes -= len(self._records[excess].line)
            excess += 1
        del self._records[:excess]
        self.dropped += excess
        return chunk.more
