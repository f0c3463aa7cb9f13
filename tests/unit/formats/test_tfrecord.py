"""Framing of event files: lengths that lie, checksums, records that come in pieces."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.formats.crc32c import masked, masked_of_slices
from tailboard_tui.formats.tfrecord import KEPT_BYTES, TFRecords


def frame(data: bytes, length: int | None = None) -> bytes:
    raw = (len(data) if length is None else length).to_bytes(8, "little")
    return raw + masked(raw).to_bytes(4, "little") + data + masked(data).to_bytes(4, "little")


def records_of(data: bytes, sizes: list[int] | None = None) -> tuple[list[bytes], list[str]]:
    reader, found = TFRecords(), []
    waiting = list(sizes or [])
    while data:
        size = waiting.pop(0) if waiting else len(data)
        found += list(reader.feed(data[:size]))
        data = data[size:]
    return found, reader.take_messages()


def test_the_checksum_is_that_of_the_standard() -> None:
    # RFC 3720 appendix B.4: 32 bytes of zeros give 0x8A9136AA.
    plain = 0x8A9136AA
    assert masked(b"\0" * 32) == ((plain >> 15 | plain << 17) + 0xA282EAD8) & 0xFFFFFFFF


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=40))
def test_many_checksums_at_once_are_those_of_each(slices: list[bytes]) -> None:
    lengths = np.array([len(item) for item in slices])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    found = masked_of_slices(np.frombuffer(b"".join(slices) + b"\0", dtype=np.uint8), starts, lengths)
    assert found.tolist() == [masked(item) for item in slices]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=40), st.lists(st.integers(1, 50), max_size=40))
def test_records_come_out_as_they_went_in_whatever_the_pieces(data: list[bytes], sizes: list[int]) -> None:
    assert records_of(b"".join(map(frame, data)), sizes) == (data, [])


def test_a_length_that_lies_neither_takes_memory_nor_the_records_behind_it() -> None:
    for length in (2**62, 2**40, 2**31 + 1):
        found, messages = records_of(frame(b"one") + frame(b"", length) + frame(b"two"))
        assert found == [b"one", b"two"]
        assert messages


def test_a_record_too_long_for_scalars_is_stepped_over_without_being_held() -> None:
    big = frame(b"x" * (KEPT_BYTES + 1))
    reader = TFRecords()
    assert list(reader.feed(frame(b"one") + big[:1000])) == [b"one"]
    for start in range(1000, len(big), 100_000):
        assert not list(reader.feed(big[start : start + 100_000]))
        assert reader.pending_bytes < 100_000
    assert list(reader.feed(frame(b"two"))) == [b"two"]
