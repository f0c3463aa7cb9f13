"""The media of a run: records of media.jsonl, read as they are appended, and the files they name.

Records are kept as the bytes of their lines and parsed when they are shown. Files are opened only below
media/, only regular ones, only up to a limit.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence

import msgspec

from tailboard.layout import MEDIA, MEDIA_DIR
from tailboard_tui.files.follow import LineFollower
from tailboard_tui.files.opening import read_slice
from tailboard_tui.formats.media import KINDS, MediaRecord, Place
from tailboard_tui.text import units

KEPT_BYTES = 64 * 1024 * 1024
"""Of record lines per run; the oldest go first."""

FILE_LIMIT_BYTES = 64 * 1024 * 1024
"""What is read of one file under media/."""

_STEP_BYTES = 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}\Z")


class _Head(msgspec.Struct):
    """What every record has; the rest is parsed when it is shown."""

    key: str
    kind: str
    step: float | None = None
    time: float | None = None
    index: int = 0


class MediaStore:
    """The media of one run in our own format. Used from one thread; the tuples that it gives, from any."""

    def __init__(self, run_path: str) -> None:
        self.run_path = run_path
        self._follower = LineFollower(os.path.join(run_path, MEDIA), keep_open=False)
        self._decoder = msgspec.json.Decoder(_Head)
        self._records: list[MediaRecord] = []
        self._bytes = 0
        self.dropped = 0
        """Oldest records let go for lack of room."""
        self.broken = 0
        """Lines that are no records."""

    @property
    def is_complete(self) -> bool:
        """Whether `read` gave all that there was: it always does."""
        return True

    def read(self) -> tuple[MediaRecord, ...]:
        """All records, in the order in which they were written, what was appended since included."""
        while True:
            block = self._follower.poll(_STEP_BYTES)
            if block.reset:
                self._records.clear()
                self._bytes = self.dropped = self.broken = 0
            for line in block.data.splitlines():
                self._take(line)
            if not block.more:
                break
        return tuple(self._records)

    def _take(self, line: bytes) -> None:
        try:
            head = self._decoder.decode(line)
        except (msgspec.MsgspecError, ValueError, RecursionError):  # ValueError: no UTF-8
            self.broken += bool(line.strip())
            return
        if head.kind not in KINDS:
            return
        step = head.step if head.step is not None else math.nan
        time = head.time if head.time is not None else math.nan
        self._records.append(MediaRecord(head.key, head.kind, step, time, head.index, line))
        self._bytes += len(line)
        while self._bytes > KEPT_BYTES and len(self._records) > 1:
            self._bytes -= len(self._records.pop(0).line)
            self.dropped += 1

    def file(self, record: MediaRecord) -> bytes:
        """The content of the file that `record` names, up to the limit; empty where it names none.

        Raises:
            OSError: It cannot be read, or is not a regular file below media/.
        """
        return media_file(self.run_path, record)


def media_file(run_path: str, record: MediaRecord) -> bytes:
    """See `MediaStore.file`; of a foreign run's record, what stands at its place."""
    if record.place is not None:
        return _content(record.place, record.kind)
    path = record.fields().get("path")
    if not isinstance(path, str):
        return b""
    folder, slash, name = path.rpartition("/")
    if (folder, slash) != (MEDIA_DIR, "/") or not _NAME.match(name) or name.startswith("."):
        raise OSError("the record names a file outside of media/")
    directory = os.path.join(run_path, MEDIA_DIR)
    if os.path.islink(directory):
        raise OSError("media/ is a link")
    return _read(os.path.join(directory, name), 0, None, record.kind)


def _content(place: Place, kind: str) -> bytes:
    root, path = os.path.realpath(place.root), os.path.realpath(place.path)
    if not path.startswith(root + os.sep):
        raise OSError("the record names a file outside of the run")
    return _read(path, place.offset, place.length, kind)


def _read(path: str, offset: int, length: int | None, kind: str) -> bytes:
    """A slice of a file, by default to its end. Half an image is none: one that is too large is not read."""
    if kind == "image":
        size_bytes = os.lstat(path).st_size - offset if length is None else length
        if size_bytes > FILE_LIMIT_BYTES:
            raise OSError(f"the image is larger than {units.size(FILE_LIMIT_BYTES)}")
    return read_slice(path, offset, FILE_LIMIT_BYTES if length is None else min(length, FILE_LIMIT_BYTES))


def table_rows(record: MediaRecord, content: bytes) -> tuple[list[str], list[Sequence[object]]]:
    """Column names and rows of a table, from the record or, where it is long, from its file."""
    fields = record.fields() or _object(content)
    names = fields.get("columns")
    columns = [str(name) for name in names] if isinstance(names, list) else []
    rows = fields.get("rows", fields.get("data"))
    if isinstance(rows, list):
        return columns, [row for row in rows if isinstance(row, list)]
    found: list[Sequence[object]] = []
    for line in content.splitlines():
        try:
            row = msgspec.json.decode(line)
        except (msgspec.MsgspecError, ValueError, RecursionError):  # ValueError: no UTF-8
            continue
        if isinstance(row, list):
            found.append(row)
    return columns, found


def _object(content: bytes) -> Mapping[str, object]:
    """The one JSON object that W&B keeps a table in; empty where it is none."""
    try:
        found = msgspec.json.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):  # ValueError: no UTF-8
        return {}
    return found if isinstance(found, dict) else {}


def matrix_of(record: MediaRecord) -> tuple[list[str], list[list[float]]]:
    """Class names and counts of a confusion matrix, made square; what is no number is NaN."""
    fields = record.fields()
    raw = fields.get("matrix")
    rows = [row for row in raw if isinstance(row, list)] if isinstance(raw, list) else []
    names = fields.get("class_names")
    labels = [str(name) for name in names] if isinstance(names, list) else []
    count = min(len(rows), 1000)
    labels = (labels + [str(index) for index in range(len(labels), count)])[:count]
    matrix = [
        [_number(row[column]) if column < len(row) else math.nan for column in range(count)] for row in rows
    ]
    return labels, matrix[:count]


def numbers(found: object) -> list[float]:
    """A list of numbers as floats; anything else in it is NaN."""
    return [_number(value) for value in found] if isinstance(found, list) else []


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    return math.nan
