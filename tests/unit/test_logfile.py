"""Any growth, truncation or replacement of a log shows the same rows as reading it afresh."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.store import loghits, logindex, logmatch, logtime
from tailboard_tui.store.logfile import LogText
from tailboard_tui.text.terminal_line import Screen, last_lines

BITS = st.sampled_from(
    [
        b"a",
        b"bc",
        b"\n",
        b"\n",
        b"\r",
        b"\n\x1b[A",
        b"\x1b[A",
        b"\x1b[2K",
        b"\xc3\xa9",
        b"\xff",
        b"\x00",
        b"\x1b[31m",
    ]
)
LOGS = st.lists(BITS, max_size=60).map(b"".join)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (logindex, loghits, logmatch, logtime):
        monkeypatch.setattr(module, "BLOCK_BYTES", 16)


def read_all(log: LogText) -> list[str]:
    if log.index is None:
        return []
    while log.index.step():
        pass
    return [row.line.text for row in log.rows(log.index.first_row, log.index.end_row)]


def fresh(path: Path) -> list[str]:
    log = LogText(str(path))
    log.refresh()
    try:
        return read_all(log)
    finally:
        log.close()


def stays_below_the_top(data: bytes) -> bool:
    row = 0
    for at in range(len(data)):
        row += (data[at : at + 1] == b"\n") - (data[at : at + 3] == b"\x1b[A")
        if row < 0:
            return False
    return True


@given(data=LOGS.filter(stays_below_the_top), steps=st.lists(st.integers(0, 200), max_size=5))
@settings(deadline=None, max_examples=150)
def test_any_growth_gives_the_rows_of_one_full_read(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, steps: list[int]
) -> None:
    path = tmp_path_factory.mktemp("log") / "x.log"
    with pytest.MonkeyPatch.context() as patch:
        for module in (logindex, loghits, logmatch, logtime):
            patch.setattr(module, "BLOCK_BYTES", 16)
        path.write_bytes(b"")
        log = LogText(str(path))
        log.refresh()
        for end in [*sorted(steps), len(data)]:
            path.write_bytes(data[:end])
            log.refresh()
            seen = read_all(log)
            assert seen == fresh(path)
        log.close()
        expected = [line.text for line in last_lines(data, 10_000)]
        assert [text for text in seen if text] == [text for text in expected if text]


@given(before=LOGS, after=LOGS, how=st.sampled_from(["truncate", "rewrite", "replace", "delete"]))
@settings(deadline=None, max_examples=100)
def test_a_changed_file_is_read_anew(
    tmp_path_factory: pytest.TempPathFactory, before: bytes, after: bytes, how: str
) -> None:
    path = tmp_path_factory.mktemp("log") / "x.log"
    path.write_bytes(b"head of the first file\n" + before)
    log = LogText(str(path))
    log.refresh()
    read_all(log)
    if how == "truncate":
        os.truncate(path, 5)
    elif how == "rewrite":
        path.write_bytes(b"another head\n" + after + before + b"longer than it was before, by some bytes\n")
    else:
        other = path.with_suffix(".new")
        other.write_bytes(b"another\n" + after)
        if how == "delete":
            path.unlink()
            assert log.refresh() == "missing"
            assert log.error
            assert read_all(log)
        other.rename(path)
    assert log.refresh() == "new"
    assert read_all(log) == fresh(path)
    assert not log.error
    log.close()


def test_only_the_end_is_read_to_show_the_end(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"".join(b"line %d\n" % at for at in range(200_000)))
    log = LogText(str(path))
    log.refresh()
    assert log.index is not None
    assert log.index.end_block - log.index.first_block == 1
    assert log.row(log.index.end_row - 1).line.text == "line 199999"
    log.close()


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "target").write_text("secret\n")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    for name in ("fifo", "link", "missing", "."):
        log = LogText(str(tmp_path / name))
        assert log.refresh() == "missing"
        assert log.error
        assert log.index is None


def test_a_row_of_many_blocks_is_read_in_part(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"before\n" + b"x" * 3_000_000 + b"\n" + b"\r1%" * 1_000_000 + b"\r100%\nafter\n")
    log = LogText(str(path))
    log.refresh()
    texts = read_all(log)
    assert [text[:5] for text in texts] == ["befor", "xxxxx", "100%", "after"]
    assert log.index is not None
    assert log.row(log.index.first_row + 1).is_cut
    assert log.row(log.index.first_row + 2).updates > 1000
    log.close()


def test_every_update_of_a_bar_has_its_own_row_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"\r 1%\r 2%\r\n\r\nend\x1b[K\r\n")
    log = LogText(str(path), every_update=True)
    log.refresh()
    assert read_all(log) == [" 1%", " 2%", "end␛[K"]
    log.close()


@pytest.mark.usefixtures("small_blocks")
def test_a_nested_bar_redrawn_many_times_stays_two_rows(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    inner = b"".join(b"\n\r in %3d\x1b[A" % at for at in range(50))
    path.write_bytes(
        b"".join(b"\rout %d" % at + inner for at in range(5)) + b"\rout 5" + b"\n" * 2 + b"done\n"
    )
    assert fresh(path) == ["out 5", " in  49", "done"]


def test_a_nested_bar_that_goes_on_costs_what_was_appended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.log"
    inner = [b"\n\r in %5d\x1b[A" % at for at in range(20_010)]
    path.write_bytes(b"\rout 1" + b"".join(inner[:20_000]))
    log = LogText(str(path))
    log.refresh()
    assert read_all(log) == ["out 1", " in 19999"]
    fed: list[int] = []
    feed = Screen.feed
    monkeypatch.setattr(Screen, "feed", lambda screen, text: (fed.append(len(text)), feed(screen, text))[1])
    for update in inner[20_000:]:
        with path.open("ab") as file:
            file.write(update)
        assert log.refresh() == "grown"
        assert read_all(log) == ["out 1", " in " + update.decode()[6:11]]
    assert 0 < sum(fed) < 40 * len(inner[0])
    log.close()
