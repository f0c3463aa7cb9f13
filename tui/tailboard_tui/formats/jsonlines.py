"""Blocks of JSON lines to columns of points: the parser of our own format and of generic JSONL.

Two ways to the same result. The fast one decodes a whole block into a msgspec struct made from the
keys seen so far; it declines a block with anything unusual in it. The general one decodes line by
line, says what is wrong with which line, and learns the keys for the fast one. Every block of a
plain training log but the first goes the fast way; a bad line costs its block the fast way, no more.

Source: parsers compared in ANCHORS.md 1; JSON as in RFC 8259, NaN and infinities as in docs/format.md.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from typing import Any, Literal, cast

import msgspec
import numpy as np

from tailboard.layout import EVENT, INFINITY, NAN, NEGATIVE_INFINITY, RESUME, STEP, TIMESTAMP
from tailboard_tui.files.follow import LINE_LIMIT_BYTES, Block
from tailboard_tui.formats.base import Column, FloatArray, Problem, Rows
from tailboard_tui.formats.flat import leaves, text_of
from tailboard_tui.formats.names import moment

NAME_LIMIT = 20_000
"""Metric names per file: more come only from a mistake such as a step number in the name."""

PROBLEM_LIMIT = 20
"""Bad lines of a file that are named one by one; further ones are counted (`bad_lines`)."""

_WIDE_KEYS = 64
_SPARSE_SHARE = 0.2
"""A struct costs a slot for every key: with many keys and few of them in a line, dicts are faster."""

_ABSENT_BITS = 0x7FF8_0000_0000_BEEF
_ABSENT: float = struct.unpack("<d", struct.pack("<Q", _ABSENT_BITS))[0]
"""Stands for a key that a line lacks: a NaN that no text gives, so one look at the bits finds it."""

SPECIAL = {NAN: math.nan, INFINITY: math.inf, NEGATIVE_INFINITY: -math.inf}
"""Text that stands for a number."""

_BARE_TOKENS = tuple(
    (b'":' + space + token, b'":"' + token + b'"')
    for token in (b"NaN", b"Infinity", b"-Infinity")
    for space in (b"", b" ")
)
"""Within a string the quote before the colon is escaped, and the quotes put in make it invalid JSON:
the block is then declined, never misread."""

_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Keys:
    """Which keys of a line are not metrics."""

    step: tuple[str, ...] = (STEP,)
    """The first of these that holds a number tells a line's step."""
    time: tuple[str, ...] = (TIMESTAMP,)
    """Likewise its time: Unix seconds, or ISO 8601 text."""
    event: str | None = EVENT
    """A line with this key is no point; `resume` begins a resumed segment."""
    prefix: str = "_"
    """Other keys that begin with it belong to the format; doubled it stands for itself. "" for none."""
    ignored: frozenset[str] = frozenset()

    def metric(self, key: str) -> str | None:
        """The metric that a key names, or None where it names none."""
        if key in self.ignored or key in self.step or key in self.time or key == self.event:
            return None
        if self.prefix and key.startswith(self.prefix):
            return key[len(self.prefix) :] if key.startswith(self.prefix * 2) else None
        return key


@dataclass(slots=True)
class _Lines:
    """Points of a block that is read line by line."""

    steps: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    rows: dict[str, list[int]] = field(default_factory=dict)
    values: dict[str, list[float]] = field(default_factory=dict)
    resumes: list[tuple[int, float]] = field(default_factory=list)
    texts: dict[str, Any] = field(default_factory=dict)


class JsonLines:
    """The parser of one file. Feed it the file's blocks in order; `restart` after a reset.

    Attributes:
        texts: Last text of each key that holds text, a list or an object too deep to flatten.
        bad_lines: Lines that could not be read.
    """

    def __init__(
        self,
        file: str,
        clock: str = "",
        stream: Literal["metrics", "system"] = "metrics",
        keys: Keys | None = None,
    ) -> None:
        """A parser.

        Args:
            file: Name for problems, relative to the run.
            clock: Of the `Rows` given.
            stream: Of the `Rows` given.
            keys: Which keys are not metrics; by default those of our own format.
        """
        self._file, self._clock, self._stream = file, clock, stream
        self._keys = keys or Keys()
        self.restart()

    def restart(self) -> None:
        """Forget everything: the next block is the first of a new file."""
        self.texts: dict[str, str] = {}
        self.bad_lines = 0
        self._names: set[str] = set()
        self._kinds: dict[str, bool] = {}
        self._is_plain = True
        self._is_full = False
        self._is_dense = True
        self._shape: _Shape | None = None
        self._problems: list[Problem] = []

    def parse(self, block: Block) -> tuple[Rows | None, tuple[Problem, ...]]:
        """The points of `block`, None where it has none, and what could not be read in it."""
        self._problems = []
        for line in block.too_long:
            self._report(line, f"line longer than {LINE_LIMIT_BYTES >> 20} MiB")
        rows = self._fast(block)
        if rows is None:
            rows = self._general(block)
        return (rows if rows.steps.size or rows.resumes else None), tuple(self._problems)

    def state(self) -> dict[str, Any]:
        """What has been counted and kept so far, in JSON's types."""
        return {"texts": self.texts, "bad_lines": self.bad_lines, "names": sorted(self._names)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on as the parser that gave `state`."""
        self.restart()
        self.texts, self.bad_lines = dict(state["texts"]), int(state["bad_lines"])
        self._names = set(state["names"])

    # The fast way

    def _fast(self, block: Block) -> Rows | None:
        """The block through the struct, or None where it must go line by line."""
        if not (self._kinds and self._is_plain and self._is_dense):
            return None
        if self._shape is None or self._shape.kinds != self._kinds:
            self._shape = _Shape.of(self._kinds)
        if self._shape is None:
            return None
        data = block.data.replace(b"\r\n", b"\n") if b"\r" in block.data else block.data
        if not _is_one_object_a_line(data):
            return None
        records = self._shape.decode(data)
        if records is None or len(records) != block.lines:
            return None
        texts: dict[str, Any] = {}
        found = self._shape.columns(records, texts, self._keys.time)
        if found is None:
            return None
        for key, value in texts.items():
            name = self._keys.metric(key)
            if name is not None:
                self._keep_text(name, value)
        return self._rows_of(found, len(records), block.end)

    def _rows_of(self, found: Mapping[str, FloatArray], count: int, end: int) -> Rows:
        columns: dict[str, Column] = {}
        present = 0
        for key, values in found.items():
            name = self._keys.metric(key)
            if name is None or not self._admit(name):
                continue
            is_absent = values.view(np.uint64) == _ABSENT_BITS
            if not is_absent.any():
                columns[name] = Column(None, values)
            elif not is_absent.all():
                rows = np.flatnonzero(~is_absent)
                columns[name] = Column(rows.astype(np.uint32), values[rows])
            present += count - int(np.count_nonzero(is_absent))
        self._is_dense = _is_dense(present, count, len(found))
        return Rows(
            self._clock,
            self._stream,
            steps=_first_present(found, self._keys.step, count),
            times=_first_present(found, self._keys.time, count),
            columns=columns,
            end=end,
        )

    # The general way

    def _general(self, block: Block) -> Rows:
        lines = _Lines()
        for number, line in enumerate(block.data.split(b"\n")[:-1], block.first_line):
            if not line or line.isspace():
                continue
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            record = read_object(line)
            if isinstance(record, dict):
                self._add(record, lines)
            else:
                self._report(number, record)
        for name, value in lines.texts.items():
            self._keep_text(name, value)
        present = sum(map(len, lines.values.values()))
        self._is_dense = _is_dense(present, len(lines.steps), len(self._kinds))
        count = len(lines.steps)
        columns = {
            name: Column(
                None if len(rows) == count else np.array(rows, dtype=np.uint32),
                np.array(lines.values[name], dtype=np.float64),
            )
            for name, rows in lines.rows.items()
        }
        return Rows(
            self._clock,
            self._stream,
            steps=np.array(lines.steps, dtype=np.float64),
            times=np.array(lines.times, dtype=np.float64),
            columns=columns,
            resumes=tuple(lines.resumes),
            end=block.end,
        )

    def _add(self, record: dict[str, Any], lines: _Lines) -> None:
        keys = self._keys
        step = _first(record, keys.step, number_of)
        if keys.event is not None and keys.event in record:
            if record[keys.event] == RESUME and step is not None:
                lines.resumes.append((len(lines.steps), step))
            return
        self._learn(record)
        row = len(lines.steps)
        lines.steps.append(math.nan if step is None else step)
        time = _first(record, keys.time, _moment)
        lines.times.append(math.nan if time is None else time)
        for key, value in record.items():
            name = keys.metric(key)
            if name is None:
                continue
            for leaf, inner in (
                leaves(value, "/", f"{name}/") if isinstance(value, dict) else ((name, value),)
            ):
                number = number_of(inner)
                if number is None:
                    if inner is not None:
                        lines.texts[leaf] = inner
                elif self._admit(leaf):
                    _put(lines.rows.setdefault(leaf, []), lines.values.setdefault(leaf, []), row, number)

    def _learn(self, record: Mapping[str, Any]) -> None:
        """Note which keys there are, and which hold more than numbers."""
        for key, value in record.items():
            kind = type(value)
            if kind is float or kind is int:
                self._kinds.setdefault(key, False)
            elif kind is dict:
                self._is_plain = False
            else:
                self._kinds[key] = True
        self._is_plain = self._is_plain and len(self._kinds) <= NAME_LIMIT

    def _admit(self, name: str) -> bool:
        """Whether the metric `name` is read: it is known, or there is room for one more."""
        if name in self._names:
            return True
        if len(self._names) < NAME_LIMIT:
            self._names.add(name)
            return True
        if not self._is_full:
            self._is_full = True
            message = f"more than {NAME_LIMIT:,} metric names: the rest is not read"
            self._problems.append(Problem(self._file, None, message))
        return False

    def _keep_text(self, name: str, value: object) -> None:
        if name in self.texts or len(self.texts) < NAME_LIMIT:
            self.texts[name] = text_of(value)

    def _report(self, line: int, message: str) -> None:
        self.bad_lines += 1
        if self.bad_lines <= PROBLEM_LIMIT:
            self._problems.append(Problem(self._file, line, message))


class _Shape:
    """A struct for lines whose keys are known, and the decoder of whole blocks into it."""

    def __init__(self, kinds: Mapping[str, bool]) -> None:
        named = [(key, f"f{number}", loose) for number, (key, loose) in enumerate(kinds.items())]
        self.kinds = dict(kinds)
        self._strict = [(key, name) for key, name, loose in named if not loose]
        self._loose = [(key, name) for key, name, loose in named if loose]
        kind = msgspec.defstruct(
            "Line",
            [(name, Any if loose else float, _ABSENT) for _, name, loose in named],
            rename={name: key for key, name, _ in named},
            forbid_unknown_fields=True,
            gc=False,
        )
        self._decode_lines = msgspec.json.Decoder(kind).decode_lines

    @classmethod
    def of(cls, kinds: Mapping[str, bool]) -> _Shape | None:
        """The shape for `kinds` (key -> may hold more than numbers), or None where msgspec has none."""
        try:
            return cls(kinds)
        except (ValueError, UnicodeEncodeError):  # a key with a quote, a backslash or a control character
            return None

    def decode(self, data: bytes) -> list[Any] | None:
        """One record a line, or None where a line does not fit."""
        try:
            return self._decode_lines(data)
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
            pass
        if b"NaN" not in data and b"Infinity" not in data:
            return None
        for token, text in _BARE_TOKENS:
            data = data.replace(token, text)
        try:
            return self._decode_lines(data)
        except (ValueError, RecursionError):
            return None

    def columns(
        self, records: list[Any], texts: dict[str, Any], time_keys: tuple[str, ...]
    ) -> dict[str, FloatArray] | None:
        """Each key's values, `_ABSENT` where a line has none; None where an object is among them."""
        count, width = len(records), len(self._strict)
        found: dict[str, FloatArray] = {}
        if width:
            get = attrgetter(*(name for _, name in self._strict))
            rows = map(get, records)
            flat = cast("Iterator[float]", chain.from_iterable(rows) if width > 1 else rows)
            table = np.fromiter(flat, np.float64, count * width).reshape(count, width)
            found = dict(zip((key for key, _ in self._strict), np.ascontiguousarray(table.T), strict=True))
        for key, name in self._loose:
            convert = _moment if key in time_keys else number_of
            values = _loose_column([getattr(record, name) for record in records], convert, key, texts)
            if values is None:
                return None
            found[key] = values
        return {key: found[key] for key in self.kinds}


def _loose_column(
    values: list[Any], convert: Callable[[Any], float | None], key: str, texts: dict[str, Any]
) -> FloatArray | None:
    """Numbers of a key that also holds other things; None where an object must be flattened."""
    numbers: list[float] = []
    for value in values:
        if type(value) is float:
            numbers.append(value)
            continue
        number = convert(value)
        if number is None:
            if isinstance(value, dict):
                return None
            if value is not None:
                texts[key] = value
            number = _ABSENT
        numbers.append(number)
    return np.array(numbers, dtype=np.float64)


def _is_one_object_a_line(data: bytes) -> bool:
    """Whether each line begins with `{` and ends with `}`.

    msgspec takes any white space between values: `{"a":1` and `,"b":2}` on two lines would join, two
    objects on one line would split. `}`, newline, `{` cannot stand inside one value, so with this and
    as many records as lines, each line is one record.
    """
    if not (data.startswith(b"{") and data.endswith(b"}\n")):
        return False
    text = np.frombuffer(data, dtype=np.uint8)
    newlines = np.flatnonzero(text == 0x0A)
    return bool((text[newlines - 1] == 0x7D).all() and (text[newlines[:-1] + 1] == 0x7B).all())


def _is_dense(present: int, rows: int, keys: int) -> bool:
    return keys <= _WIDE_KEYS or present >= _SPARSE_SHARE * rows * keys


def _first_present(found: Mapping[str, FloatArray], keys: tuple[str, ...], count: int) -> FloatArray:
    """For each row the value of the first of `keys` that it has, else NaN."""
    values = np.full(count, math.nan)
    for key in reversed(keys):
        if key in found:
            is_absent = found[key].view(np.uint64) == _ABSENT_BITS
            values = np.where(is_absent, values, found[key])
    return values


def read_object(line: bytes) -> dict[str, Any] | str:
    """The JSON object that `line` holds, or what is wrong with it. Bare NaN and infinities become text."""
    try:
        record = _decode(line)
    except (ValueError, RecursionError):
        record = _read_leniently(line)
    if isinstance(record, dict):
        return record
    return record.message if isinstance(record, _Bad) else f"not an object: {_kind(record)}"


@dataclass(frozen=True, slots=True)
class _Bad:
    message: str


def _read_leniently(line: bytes) -> Any:  # noqa: ANN401  # whatever JSON holds
    """A line that strict JSON rejects: bare NaN and infinities, numbers out of range, bad UTF-8."""
    text = line.decode("utf-8", "replace")
    try:
        return json.loads(text, parse_constant=str, parse_int=float, object_pairs_hook=_object)
    except ValueError:
        return _Bad("not JSON")
    except RecursionError:
        return _Bad("nested too deeply")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are valid Unicode: half a surrogate pair becomes a question mark."""
    return {key.encode("utf-8", "replace").decode(): value for key, value in pairs}


def _kind(value: object) -> str:
    names = {list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def number_of(value: object) -> float | None:
    """A logged number, or None where `value` is none. An integer too large for a float is infinite."""
    if isinstance(value, float):
        return value
    if isinstance(value, int):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return SPECIAL.get(value) if isinstance(value, str) else None


def _moment(value: object) -> float | None:
    """Unix seconds of a number or of ISO 8601 text."""
    if isinstance(value, str) and value not in SPECIAL:
        found = moment(value)
        return None if math.isnan(found) else found
    return number_of(value)


def _first(
    record: Mapping[str, Any], keys: tuple[str, ...], convert: Callable[[Any], float | None]
) -> float | None:
    for key in keys:
        value = convert(record.get(key))
        if value is not None:
            return value
    return None


def _put(rows: list[int], values: list[float], row: int, value: float) -> None:
    """Append a point; a second one in the same row replaces the first."""
    if rows and rows[-1] == row:
        values[-1] = value
    else:
        rows.append(row)
        values.append(value)
