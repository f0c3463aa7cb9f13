"""Writing TensorBoard event files: scalars as every TensorBoard reads them, and the hyperparameters.

Source: the layouts in tfrecord.py and tfevents.py.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

import numpy as np

from tailboard_tui.formats.base import Value
from tailboard_tui.formats.crc32c import masked, masked_of_slices
from tailboard_tui.formats.protobuf import write_bytes, write_double, write_float, write_int

_BATCH = 4096
"""Records whose checksums are computed together."""

Scalar = tuple[str, float, float, float]
"""Tag, step, Unix seconds, value."""


def event_file_name(created: float) -> str:
    """What TensorBoard calls the event file of a run that began then, Unix seconds."""
    return f"events.out.tfevents.{int(created)}.{socket.gethostname()}.tailboard"


def write_event_file(
    path: str, scalars: Iterator[Scalar], config: Mapping[str, Value], created: float
) -> None:
    """Write one new event file.

    Args:
        path: Of the file, which is not there yet.
        scalars: The points. A step that is none becomes 0, a time that is none `created`; values are
            rounded to float32, as TensorBoard keeps them.
        config: Hyperparameters for its HParams tab.
        created: Unix seconds.

    Raises:
        FileExistsError: The file is there already.
        OSError: It cannot be written.
    """
    with open(path, "xb") as file:
        batch = [write_double(1, created) + write_bytes(3, b"brain.Event:2")]
        if config:
            batch.append(write_double(1, created) + write_bytes(5, write_bytes(1, hparams_value(config))))
        for tag, step, time, value in scalars:
            batch.append(_event(tag, step, time if time == time else created, value))
            if len(batch) >= _BATCH:
                write_records(file, batch)
                batch = []
        write_records(file, batch)


def _event(tag: str, step: float, time: float, value: float) -> bytes:
    number = int(step) if abs(step) < 2**63 else 0  # NaN compares as false, too
    summary = write_bytes(1, tag.encode("utf-8", "replace")) + write_float(2, value)
    return write_double(1, time) + write_int(2, number) + write_bytes(5, write_bytes(1, summary))


def hparams_value(config: Mapping[str, Value]) -> bytes:
    """The Summary.Value that tells the HParams tab of a run's configuration."""
    entries = b"".join(
        write_bytes(1, write_bytes(1, name.encode("utf-8", "replace")) + write_bytes(2, _json_value(value)))
        for name, value in config.items()
    )
    plugin = write_bytes(1, b"hparams") + write_bytes(2, write_bytes(3, entries))
    return write_bytes(1, b"_hparams_/session_start_info") + write_bytes(9, write_bytes(1, plugin))


def _json_value(value: Value) -> bytes:
    """A google.protobuf.Value."""
    if value is None:
        return write_int(1, 0)
    if isinstance(value, bool):
        return write_int(4, int(value))
    if isinstance(value, int | float):
        return write_double(2, float(value))
    return write_bytes(3, value.encode("utf-8", "replace"))


def write_records(file: BinaryIO, records: Sequence[bytes]) -> None:
    """Append records with their lengths and checksums."""
    if not records:
        return
    data = b"".join(records)
    lengths = np.array([len(record) for record in records], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    checksums = masked_of_slices(np.frombuffer(data, dtype=np.uint8), starts, lengths)
    headers = {length: _header(length) for length in set(lengths.tolist())}
    file.write(
        b"".join(
            headers[len(record)] + record + checksum.to_bytes(4, "little")
            for record, checksum in zip(records, checksums.tolist(), strict=True)
        )
    )


def _header(length: int) -> bytes:
    raw = length.to_bytes(8, "little")
    return raw + masked(raw).to_bytes(4, "little")
