"""Several files of one run as one log in the order of time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.formats.base import LogFile
from tailboard_tui.store import logmerge
from tailboard_tui.store.logmerge import MergedReading

START = 1_700_000_000.0


def write(path: Path, lines: list[tuple[float, str]]) -> LogFile:
    """A log with an index that gives each line its time."""
    data, index = b"", b""
    for when, text in lines:
        index += json.dumps({"time": START + when, "offset": len(data), "stream": "stdout"}).encode() + b"\n"
        data += text.encode() + b"\n"
    path.write_bytes(data)
    path.with_suffix(".index").write_bytes(index)
    return LogFile(str(path), path.name, str(path.with_suffix(".index")))


def settled(reading: MergedReading) -> list[str]:
    """The rows of the view once all is read that there is."""
    while True:
        reading.poll()
        if not reading.step():
            break
    reading.poll()
    reading.times.refresh()
    first, end = reading.view_range()
    return [row.row.line.text for row in reading.rows(first, end)]


def test_ranks_stand_in_the_order_of_time_with_their_names(tmp_path: Path) -> None:
    files = (
        write(tmp_path / "output.log", [(0, "a"), (2, "c"), (4, "e")]),
        write(tmp_path / "output.rank1.log", [(1, "b"), (3, "d")]),
    )
    reading = MergedReading(files)
    assert settled(reading) == [
        "[output] a",
        "[rank1]  b",
        "[output] c",
        "[rank1]  d",
        "[output] e",
    ]
    assert reading.times.time_of(reading.row_at(reading.view_range()[0] + 3)) == START + 3
    reading.close()
    assert not Path(reading.file.path).exists()


def test_what_is_appended_follows_and_what_is_shown_stays(tmp_path: Path) -> None:
    one, other = tmp_path / "a.log", tmp_path / "b.log"
    one.write_text("2026-11-23 12:00:00 one\n")
    other.write_text("2026-11-23 12:00:05 other\n")
    reading = MergedReading((LogFile(str(one), "a.log"), LogFile(str(other), "b.log")))
    before = settled(reading)
    with other.open("a") as file:
        file.write("2026-11-23 12:00:09 late\n")
    with one.open("a") as file:
        file.write("2026-11-23 12:00:08 soon\nno time\n")
    after = settled(reading)
    assert after[:2] == before
    assert [line[4:] for line in after[2:]] == [
        "2026-11-23 12:00:08 soon",
        "no time",
        "2026-11-23 12:00:09 late",
    ]
    reading.close()


def test_bars_are_merged_as_a_terminal_shows_them(tmp_path: Path) -> None:
    one, other = tmp_path / "a.log", tmp_path / "b.log"
    one.write_text("\r 10%\r100%\nouter\n\rinner 1\x1b[A\n\rinner 2\x1b[A\n\n\ndone\n")
    other.write_text("x\n")
    reading = MergedReading((LogFile(str(one), "a.log"), LogFile(str(other), "b.log")))
    merged = settled(reading)
    assert "[a] 100%" in merged
    assert "[a] inner 2" in merged
    assert "[a] inner 1" not in merged
    assert "\x1b" not in "".join(merged)
    reading.close()


def test_of_large_files_the_ends_are_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logmerge, "MERGED_BYTES", 2_000)
    files = (
        write(tmp_path / "a.log", [(at, f"line {at}") for at in range(1_000)]),
        write(tmp_path / "b.log", [(at + 0.5, f"line {at}") for at in range(1_000)]),
    )
    reading = MergedReading(files)
    merged = settled(reading)
    assert merged[-2:] == ["[a] line 999", "[b] line 999"]
    assert 50 < len(merged) < 250
    reading.close()


@given(
    times=st.lists(st.lists(st.integers(0, 50), max_size=30).map(sorted), min_size=2, max_size=4),
    slice_bytes=st.sampled_from([8, 30, 1 << 17]),
)
@settings(deadline=None, max_examples=60)
def test_every_line_stands_once_and_none_before_an_older_one(
    tmp_path_factory: pytest.TempPathFactory, times: list[list[int]], slice_bytes: int
) -> None:
    directory = tmp_path_factory.mktemp("logs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logmerge, "SLICE_BYTES", slice_bytes)
        files = tuple(
            write(directory / f"f{at}.log", [(when, f"{when}") for when in whens])
            for at, whens in enumerate(times)
        )
        reading = MergedReading(files)
        merged = settled(reading)
        reading.close()
    numbers = [int(line.split()[1]) for line in merged]
    assert numbers == sorted(when for whens in times for when in whens)
