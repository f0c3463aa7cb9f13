"""Steps with the names of one before are read by a pattern: the same facts and points as by the walk."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.formats.base import Rows
from tailboard_tui.formats.protobuf import write_bytes, write_int
from tailboard_tui.formats.wandblayout import Layouts
from tailboard_tui.formats.wandbrecords import HISTORY, SUMMARY, WandbRecords

TEXTS = st.sampled_from(
    [
        *("0.5", "-1e-300", "12345678901234567890", "NaN", "-Infinity", "true", "null", '"text"', '{"a":1}'),
        *("[]", "", "x", '"' + "long " * 40 + '"', '{"_type":"image-file","path":"a.png"}'),
    ]
)
NAMES = st.sampled_from(
    ["loss", "train/acc", "_step", "_timestamp", "_runtime", "_wandb", "é", "n" * 130, "a\n", "$("]
)
ITEMS = st.lists(st.tuples(NAMES, TEXTS), max_size=5)
NUMBERS = st.lists(st.sampled_from(["0.5", "-3", "1e9", "NaN"]), min_size=3, max_size=3)
STEPS = NUMBERS.map(lambda texts: [*zip(["loss", "_step", "_timestamp"], texts, strict=True)])


def record(kind: int, items: list[tuple[str, str]], behind: bytes) -> bytes:
    message = b"".join(
        write_bytes(1, write_bytes(2, name.encode()) + write_bytes(16, text.encode())) for name, text in items
    )
    return write_bytes(kind, message + behind)


RECORDS = st.builds(
    record,
    st.sampled_from([HISTORY, SUMMARY]),
    ITEMS | STEPS,
    st.sampled_from([b"", write_bytes(2, write_int(1, 7)), write_bytes(2, write_int(1, 300)), b"\x18\x01"]),
)


def told(records: list[bytes]) -> str:
    """All that is told of records, as text: NaN is NaN."""
    reader = WandbRecords()
    problems = [reader.read(record) for record in records]
    rows = [plain(block) for block in reader.take()]
    return repr((problems, rows, reader.summary, reader.last_time, reader.count))


def plain(block: Rows) -> object:
    columns = {
        name: (None if column.rows is None else column.rows.tolist(), column.values.tolist())
        for name, column in block.columns.items()
    }
    return block.steps.tolist(), block.times.tolist(), columns


@settings(max_examples=200, deadline=None)
@given(st.lists(RECORDS, max_size=12))
def test_a_pattern_tells_what_the_walk_tells(records: list[bytes]) -> None:
    by_pattern = told(records)
    with pytest.MonkeyPatch.context() as walk_only:
        walk_only.setattr(Layouts, "texts", lambda *_: None)
        assert told(records) == by_pattern


def test_the_third_step_of_the_same_names_goes_by_a_pattern() -> None:
    layouts = Layouts()
    message = write_bytes(1, write_bytes(2, b"loss") + write_bytes(16, b"0.5"))
    for _ in range(2):
        assert layouts.texts(message) is None
        layouts.learn(message, ["loss"])
    assert layouts.texts(message) == (("loss",), (b"0.5",))
