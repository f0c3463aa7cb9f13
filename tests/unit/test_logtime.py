"""Lines have times, by the index or by their own timestamps; times lead to lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tailboard_tui.store.logfile import LogText
from tailboard_tui.store.logtime import LogTimes, parse_moment, stamp

NOON = datetime(2026, 11, 23, 12, 0, 0).timestamp()


def opened(tmp_path: Path, data: bytes, records: list[object] | None = None) -> tuple[LogText, LogTimes]:
    (tmp_path / "x.log").write_bytes(data)
    index_path = tmp_path / "x.index.jsonl"
    if records is not None:
        lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
        index_path.write_text("".join(line + "\n" for line in lines))
    log = LogText(str(tmp_path / "x.log"))
    log.refresh()
    assert log.index is not None
    while log.index.step():
        pass
    times = LogTimes(log, str(index_path))
    times.refresh()
    return log, times


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-23 12:00:00,000 INFO x",
        "2026-11-23T12:00:00 x",
        "[2026/11/23 12:00:00] x",
        "11/23/2026 12:00:00 - INFO - x",
        "I1123 12:00:00.000000 140 x.py:3] x",
        "[rank0]: W1123 12:00:00.000000 x",
        "Nov 23 12:00:00 host x",
    ],
)
def test_timestamps_of_the_usual_libraries_are_read(line: str) -> None:
    assert stamp(line, 2026) == NOON


def test_a_zone_is_heeded() -> None:
    utc = datetime(2026, 11, 23, 12, 0, 0, 500_000, tzinfo=UTC).timestamp()
    assert stamp("2026-11-23T12:00:00.5Z x", 2026) == utc
    assert stamp("2026-11-23 13:00:00.5+01:00 x", 2026) == utc


def test_a_wrong_date_is_none() -> None:
    assert stamp("2026-13-40 12:00:00", 2026) is None


def test_the_index_gives_times_and_rows(tmp_path: Path) -> None:
    records: list[object] = [
        {"time": 100.0, "offset": 0, "stream": "stdout"},
        "torn {",
        {"time": 101.0, "offset": 12, "stream": "stderr"},
        {"time": 50.0, "offset": 18, "stream": "stdout"},
        {"time": 103.0, "offset": 18, "stream": "stdout"},
    ]
    log, times = opened(tmp_path, b"line 1\nline\nline 3\nlast\n", records)
    assert log.index is not None
    first = log.index.first_row
    assert [times.time_of(first + at) for at in range(4)] == [100.0, 100.0, 101.0, 103.0]
    assert [times.row_at(moment) for moment in (99.0, 100.5, 101.0, 102.9, 500.0)] == [
        first,
        first + 1,
        first + 2,
        first + 2,
        first + 3,
    ]


def test_timestamps_in_lines_give_times_and_rows(tmp_path: Path) -> None:
    lines = [f"2026-11-23 12:{at // 60:02}:{at % 60:02} step {at}\n  more of it\n" for at in range(3600)]
    log, times = opened(tmp_path, "".join(lines).encode())
    assert log.index is not None
    first = log.index.first_row
    assert times.time_of(first + 1) == NOON
    row = times.row_at(NOON + 1800.5)
    assert row is not None
    assert log.row(row).line.text.endswith("step 1800")
    assert times.row_at(NOON - 5) == first


def test_a_time_leads_to_its_line_below_nested_bars(tmp_path: Path) -> None:
    bars = b"\rout 0" + b"".join(b"\n\r in %d\x1b[A" % at for at in range(9)) + b"\n\n"
    lines = b"".join(b"2026-11-23 12:00:0%d INFO step\n" % at for at in range(9))
    log, times = opened(tmp_path, bars + lines)
    row = times.row_at(NOON + 4)
    assert row is not None
    assert log.row(row).line.text == "2026-11-23 12:00:04 INFO step"


def test_a_log_without_times_says_so(tmp_path: Path) -> None:
    log, times = opened(tmp_path, b"a\nb\n")
    assert log.index is not None
    assert times.time_of(log.index.first_row) is None
    assert times.row_at(NOON) is None


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("12:00", NOON),
        ("12:00:30", NOON + 30),
        ("2026-11-23 12:00", NOON),
        ("2026-11-23", NOON - 12 * 3600),
        ("10m ago", NOON + 3600 - 600),
        ("2h", NOON + 3600 - 7200),
        ("noon", None),
        ("", None),
    ],
)
def test_a_user_writes_moments_in_short(typed: str, moment: float | None) -> None:
    assert parse_moment(typed, NOON + 3600) == moment
