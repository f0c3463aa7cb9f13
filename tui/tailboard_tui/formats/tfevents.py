"""What stands in TensorBoard's event files: records -> points of scalars, hparams and text.

Source: tensorflow/core/util/event.proto, tensorflow/core/framework/{summary,tensor}.proto,
tensorboard/plugins/hparams/plugin_data.proto. Messages are walked by hand: no TensorFlow, no protobuf.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tailboard_tui.formats.base import Value
from tailboard_tui.formats.protobuf import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    WireError,
    bytes_of,
    child,
    children,
    double_of,
    fields,
    float_of,
    signed,
    text_of,
    varint,
)
from tailboard_tui.formats.tfmedia import Found, media_of
from tailboard_tui.formats.tfpoints import IndexArray, TagPoints
from tailboard_tui.formats.tfrecord import Records
from tailboard_tui.formats.tftensor import TEXT_CHARS, hparams_of, single_at, tensor_number

MAX_TEXTS = 200
"""Text tags of which the last text is kept."""

MAX_SHAPES = 100_000
"""Tags whose shape of record is remembered: names that grow with the step must not fill the memory."""

_MANY = 24
"""Fewer records are read one by one: numpy has a start-up cost."""

_USUAL_BYTES = 24
"""No usual scalar record is shorter."""

_WEIGHTS = np.random.default_rng(7).integers(1, 2**63, 256, dtype=np.uint64) | np.uint64(1)
"""Of the sum that tells tags apart; records that share a sum are compared byte by byte."""

_KEPT = ("hparams", "texts", "first_time", "other_tags")
"""Of `Events`, for the next process."""


TakeMedia = Callable[[str, float, float, Found, int], None]
"""From tag, step, time, what was found, and the place of its content in the file."""


class Events:
    """Takes the records of event files in order and gathers what they say."""

    def __init__(self, take_media: TakeMedia | None = None) -> None:
        self._take_media = take_media
        self._record_at = 0
        """Place in the file of the record that is being read."""
        self.hparams: dict[str, Value] = {}
        self.texts: dict[str, str] = {}
        self.first_time: float | None = None
        self.other_tags: dict[str, str] = {}
        """Tags that are no scalars (images, histograms ...): tag -> plugin."""
        self._points: dict[str, TagPoints] = {}
        self._plugins: dict[str, str] = {}
        self._count = 0
        """Records read, the place of the next one."""
        self._usual: dict[bytes, str] = {}
        """What stands between step and value of a usual scalar record -> its tag."""
        self._shapes: dict[bytes, _Shape] = {}

    def take(self) -> dict[str, TagPoints]:
        """The points since the last call, by tag in order of appearance."""
        points, self._points = self._points, {}
        return dict(sorted(points.items(), key=lambda item: item[1].first_place()))

    def state(self) -> Mapping[str, Any]:
        """What later records depend on and what facts are made of, in JSON's types; no points."""
        return {name: getattr(self, name) for name in _KEPT} | {"plugins": self._plugins}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on there."""
        for name in _KEPT:
            setattr(self, name, state[name])
        self._plugins = dict(state["plugins"])

    def read(self, records: Records) -> list[str]:
        """Take in whole records; what is wrong in some of them."""
        messages: list[str] = []
        done = self._read_usual(records)
        for index in np.flatnonzero(~done).tolist():
            record = records[index]
            if self._read_scalar(record, self._count + index) or self._read_tensor(
                record, self._count + index
            ):
                continue
            self._record_at = records.offset + int(records.starts[index])
            try:
                self._event(record, self._count + index)
            except WireError as error:
                messages.append(f"undecodable event: {error}")
        self._count += len(records)
        return messages

    def read_newest(self, records: Records) -> None:
        """Take in the newest scalar of each tag, of records that were not checked: those that count are."""
        for index in reversed(range(len(records))):
            record = records[index]
            tag = self._usual_tag_of(record)
            if tag in self._points or not records.is_sound(index):
                continue
            if tag is not None:
                self._add_usual(tag, record, index)
                continue
            with contextlib.suppress(WireError):  # `read` says it
                if not self._read_tensor(record, index):
                    self._event(record, index)

    def _read_usual(self, records: Records) -> npt.NDArray[np.bool_]:
        """Read all records of the usual shape with numpy; which those were, shape (n,).

        The usual shape, of all writers but TensorFlow 2: 0x09 wall_time, 0x10 step, 0x2a one summary that
        ends in 0x15 and the four bytes of the value. What stands between is the same for each of a tag.
        """
        done = np.zeros(len(records), dtype=bool)
        if len(records) < _MANY:
            return done
        raw = np.frombuffer(records.buffer, dtype=np.uint8)
        is_usual = records.lengths >= _USUAL_BYTES
        starts = np.where(is_usual, records.starts, 0)
        is_usual &= (raw[starts] == 0x09) & (raw[starts + 9] == 0x10)
        is_usual &= raw[records.starts + np.maximum(records.lengths - 5, 0)] == 0x15
        width = _varint_widths(raw, starts)
        is_usual &= (width > 0) & (records.lengths < 256)
        kinds = np.where(is_usual, records.lengths * 8 + width, 0)
        for kind in np.unique(kinds[is_usual]).tolist():
            indices = np.flatnonzero(kinds == kind)
            for group, tag in self._tags_of(records, indices, kind // 8, kind % 8):
                self._add_block(raw, records, group, kind % 8, tag)
                done[group] = True
        return done

    def _tags_of(
        self, records: Records, indices: IndexArray, length: int, width: int
    ) -> Iterator[tuple[IndexArray, str]]:
        """Split records of one length and step width by tag; those that are no usual scalars are left out."""
        raw = np.frombuffer(records.buffer, dtype=np.uint8)
        inner = np.arange(10 + width, length - 4)
        rows = raw[records.starts[indices][:, None] + inner]
        hashes = rows.astype(np.uint64) @ _WEIGHTS[: len(inner)]
        order = np.argsort(hashes, kind="stable")
        bounds = np.flatnonzero(np.diff(hashes[order])) + 1
        for part in np.split(order, bounds):
            tag = self._tag_of(rows[part[0]].tobytes())
            if tag is None:
                continue
            same = (rows[part] == rows[part[0]]).all(axis=1)
            yield indices[np.sort(part[same])], tag

    def _add_block(
        self, raw: npt.NDArray[np.uint8], records: Records, group: IndexArray, width: int, tag: str
    ) -> None:
        starts = records.starts[group]
        times = raw[starts[:, None] + np.arange(1, 9)].copy().view("<f8")[:, 0]
        ends = starts + records.lengths[group]
        values = raw[ends[:, None] + np.arange(-4, 0)].copy().view("<f4")[:, 0].astype(np.float64)
        steps = np.zeros(len(group), dtype=np.int64)
        for place in range(width):
            steps |= (raw[starts + 10 + place] & 0x7F).astype(np.int64) << (7 * place)
        found = self._points.setdefault(tag, TagPoints())
        found.blocks.append((group + self._count, steps.astype(np.float64), times.astype(np.float64), values))

    def _read_scalar(self, record: bytes, place: int) -> bool:
        """Read one record of the usual shape; False for any other."""
        tag = self._usual_tag_of(record)
        if tag is None:
            return False
        self._add_usual(tag, record, place)
        return True

    def _add_usual(self, tag: str, record: bytes, place: int) -> None:
        """The point of a record of the usual shape."""
        step = signed(varint(record, 10)[0])
        point = (place, step, double_of(record[1:9]), float_of(record[-4:]))
        self._points.setdefault(tag, TagPoints()).single.append(point)

    def _usual_tag_of(self, record: bytes) -> str | None:
        """The tag of a record of the usual shape; None for any other."""
        if len(record) < _USUAL_BYTES or (record[0], record[9], record[-5]) != (0x09, 0x10, 0x15):
            return None
        try:
            return self._tag_of(record[varint(record, 10)[1] : -4])
        except WireError:
            return None

    def _tag_of(self, key: bytes) -> str | None:
        """The tag of a usual scalar by what stands between its step and value."""
        tag = self._usual.get(key)
        if tag is None:
            tag = _usual_tag(key)
            if tag is None or self._plugins.get(tag, "scalars") != "scalars":
                return None
            if len(self._usual) < MAX_SHAPES:
                self._usual[key] = tag
        return tag

    def _read_tensor(self, record: bytes, place: int) -> bool:
        """Read a record of a shape that `_learn` has seen: TensorFlow 2's scalars; False for any other."""
        try:
            step, at = (0, 9) if record[9] == 0x2A else varint(record, 10)
            key = record[at : at + 6 + record[at + 5]]
            shape = self._shapes.get(key)
            if shape is None or record[0] != 0x09:
                return False
            value_at = at + shape.value_at
            if record[at + len(key) : value_at] != shape.head or record[value_at + 4 :] != shape.tail:
                return False
        except (IndexError, WireError):
            return False
        value = float_of(record[value_at : value_at + 4])
        self._points.setdefault(shape.tag, TagPoints()).single.append(
            (place, signed(step), double_of(record[1:9]), value)
        )
        return True

    def _event(self, record: bytes, place: int) -> None:
        wall_time, step = b"\0" * 8, 0
        summaries: list[bytes] = []
        for number, wire, value in fields(record):
            if number == 1 and wire == FIXED64:
                wall_time = bytes_of(value)
            elif number == 2 and wire == VARINT:
                step = signed(value)
            elif number == 5 and wire == BYTES:
                summaries.append(bytes_of(value))
        time = double_of(wall_time)
        if self.first_time is None and math.isfinite(time) and time > 0:
            self.first_time = time
        for summary in summaries:
            for value_message in children(summary, 1):
                self._value(record, place, time, step, value_message)

    def _value(self, record: bytes, place: int, time: float, step: int, message: bytes) -> None:
        tag, number = "", None
        tensor: bytes | None = None
        other = ""
        for field_number, wire, value in fields(message):
            if field_number == 1 and wire == BYTES:
                tag = text_of(value)
            elif field_number == 2 and wire == FIXED32:
                number = float_of(value)
            elif field_number == 8 and wire == BYTES:
                tensor = bytes_of(value)
            elif field_number == 9 and wire == BYTES:
                self._metadata(tag, bytes_of(value))
            elif field_number in _OLD_PLUGINS:
                other = _OLD_PLUGINS[field_number]
        plugin = self._plugins.get(tag, other)
        if tensor is not None:
            if plugin == "text":
                self._text(tag, tensor)
            elif plugin in ("", "scalars"):
                number = tensor_number(tensor)
        if self._take_media is not None and number is None:
            for found in media_of(plugin, message):
                content_at = record.find(found.content) if found.content else 0
                self._take_media(tag, step, time, found, self._record_at + content_at)
        if number is not None:
            self._points.setdefault(tag, TagPoints()).single.append((place, step, time, number))
            self._learn(record, tag)
        elif plugin not in ("", "text", "hparams", "scalars") and len(self.other_tags) < 10_000:
            self.other_tags[tag] = plugin

    def _metadata(self, tag: str, metadata: bytes) -> None:
        plugin_data = child(metadata, 1)
        name = child(plugin_data, 1).decode("utf-8", "replace")
        if name and len(self._plugins) < MAX_SHAPES:
            self._plugins[tag] = name
        if name == "hparams":
            self.hparams.update(hparams_of(child(plugin_data, 2)))

    def _text(self, tag: str, tensor: bytes) -> None:
        text = "\n".join(text_of(value) for value in children(tensor, 8))
        if tag in self.texts or len(self.texts) < MAX_TEXTS:
            self.texts[tag] = text[:TEXT_CHARS]

    def _learn(self, record: bytes, tag: str) -> None:
        """Remember where the value of a record of this shape stands, for the fast path."""
        if len(record) > 250 or len(self._shapes) >= MAX_SHAPES or record[:1] != b"\x09":
            return
        at = 9 if record[9] == 0x2A else varint(record, 10)[1]
        raw = tag.encode("utf-8", "replace")
        key = record[at : at + 6 + record[at + 5]]
        # One summary with one value that fills the record, its tag first, all lengths in one byte.
        if (
            key[:1] != b"\x2a"
            or key[6:] != raw
            or key[2:3] != b"\x0a"
            or key[4:5] != b"\x0a"
            or at + 2 + key[1] != len(record)
            or key[3] + 2 != key[1]
        ):
            return
        body = record[at + len(key) :]
        value_at = single_at(body)
        if value_at is not None:
            self._shapes[key] = _Shape(tag, len(key) + value_at, body[:value_at], body[value_at + 4 :])


@dataclass(frozen=True, slots=True)
class _Shape:
    """Where the value stands in every record of a tag that has the same lengths."""

    tag: str
    value_at: int
    """From the key's begin."""
    head: bytes
    """Between the key and the value."""
    tail: bytes
    """Behind the value."""


def _varint_widths(raw: npt.NDArray[np.uint8], starts: IndexArray) -> IndexArray:
    """Bytes of the varint ten bytes behind each start, 1 to 5; 0 where it is longer."""
    width = np.zeros(len(starts), dtype=np.int64)
    for place in range(5):
        ends_here = (width == 0) & (raw[np.minimum(starts + 10 + place, len(raw) - 1)] < 0x80)
        width[ends_here] = place + 1
    return width


@lru_cache(MAX_SHAPES // 100)
def _usual_tag(key: bytes) -> str | None:
    """The tag in what stands between step and value: summary, value, tag; None when it is another shape."""
    try:
        length, at = varint(key, 1)
        inner_length, inner_at = varint(key, at + 1)
        tag_length, tag_at = varint(key, inner_at + 1)
    except (WireError, IndexError):
        return None
    is_usual = (
        (key[0], key[at], key[inner_at], key[-1]) == (0x2A, 0x0A, 0x0A, 0x15)
        and length == len(key) - at + 4
        and inner_length == len(key) - inner_at + 4
        and tag_at + tag_length == len(key) - 1
    )
    return key[tag_at : tag_at + tag_length].decode("utf-8", "replace") if is_usual else None


_OLD_PLUGINS = {4: "images", 5: "histograms", 6: "audio"}
"""Summary.Value fields from before plugins: image, histo, audio."""
