"""Search, filters and levels find what the rows show, and nothing that is drawn over."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.store import logblock, loghits, logindex, logmatch, logscan
from tailboard_tui.store.logfile import LogText
from tailboard_tui.store.loghits import Hits
from tailboard_tui.store.loglevels import level_of, traceback_parts
from tailboard_tui.store.logmatch import RowFilter, filter_hits, level_hits, search_hits
from tailboard_tui.store.logrows import RowSet
from tailboard_tui.store.logsearch import Pattern, ascii_lower
from tailboard_tui.store.regex_process import RegexProcess, RegexTimeoutError, matching


def opened(path: Path, data: bytes) -> LogText:
    path.write_bytes(data)
    log = LogText(str(path))
    log.refresh()
    assert log.index is not None
    while log.index.step():
        pass
    return log


def texts(log: LogText, hits: Hits) -> list[str]:
    while hits.step():
        pass
    hits.close()
    return [log.row(row).line.text for row in hits.rows().tolist()]


def found(log: LogText, typed: str) -> list[str]:
    pattern = Pattern.parse(typed)
    assert pattern is not None
    return texts(log, search_hits(log, pattern))


LINES = st.lists(
    st.lists(
        st.sampled_from(["ab", "b", "A", "\x1b[1m", "\x1b[0;32m", "\r", "é", " ", "m", "1"]), max_size=8
    ).map("".join),
    max_size=25,
)


def redrawn(line: str) -> str:
    """A line of `LINES` as a bar leaves it: its last state is as long as those before."""
    *earlier, last = line.split("\r")
    cells = len(re.sub(r"\x1b\[[\d;]*m", "", last))
    return "\r".join(
        [*(state[:cells] for state in earlier if "\x1b" not in state and last.strip()), "", last]
    )


@given(
    lines=LINES,
    needle=st.sampled_from(["", "ab", "b", "bA", "abb", "1m", "é", "A", "m", "zz", "abab", "b ab"]),
    end=st.sampled_from(["\n", "\r\n"]),
    is_ended=st.booleans(),
    block_bytes=st.sampled_from([11, 16, 40, logindex.BLOCK_BYTES]),
    tries=st.sampled_from([0, 2, 60]),
    few=st.sampled_from([0, 1, 60]),
)
@settings(deadline=None, max_examples=200)
def test_a_search_finds_the_rows_that_show_the_text(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[str],
    needle: str,
    end: str,
    is_ended: bool,
    block_bytes: int,
    tries: int,
    few: int,
) -> None:
    lines = [redrawn(line) if "\r" in line else line for line in lines]
    with pytest.MonkeyPatch.context() as patch:
        for module in (logindex, loghits, logmatch):
            patch.setattr(module, "BLOCK_BYTES", block_bytes)
        patch.setattr(logscan, "MOST_TRIES", tries)
        patch.setattr(logblock, "FEW", few)
        data = "".join(line + end for line in lines) if is_ended else end.join(lines)
        log = opened(tmp_path_factory.mktemp("log") / "x.log", data.encode())
        assert log.index is not None
        shown = [row.line.text for row in log.rows(log.index.first_row, log.index.end_row)]
        exact = any(character.isupper() for character in needle)
        expected = [text for text in shown if needle in (text if exact else ascii_lower(text))]
        assert (found(log, needle) if needle else Pattern.parse(needle)) == (expected if needle else None)
        log.close()


def test_a_bar_matches_by_its_last_state_only(tmp_path: Path) -> None:
    log = opened(tmp_path / "x.log", b"\rloss 1\rloss 2\nloss 1 again\n")
    assert found(log, "loss 1") == ["loss 1 again"]
    assert found(log, "loss 2") == ["loss 2"]


def test_capitals_make_a_search_case_sensitive(tmp_path: Path) -> None:
    log = opened(tmp_path / "x.log", b"Loss\nloss\nLOSS\n")
    assert found(log, "loss") == ["Loss", "loss", "LOSS"]
    assert found(log, "Loss") == ["Loss"]
    assert found(log, r"~lo\Ss") == ["Loss", "loss", "LOSS"]


def test_many_hits_in_a_block_are_all_found(tmp_path: Path) -> None:
    log = opened(tmp_path / "x.log", b"".join(b"step %d loss\n" % at for at in range(30_000)))
    assert len(found(log, "loss")) == 30_000
    assert len(found(log, "99 loss")) == 300


def test_a_sequence_cut_by_the_edge_of_a_block_is_no_match(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (logindex, loghits, logmatch):
        monkeypatch.setattr(module, "BLOCK_BYTES", 8)
    log = opened(tmp_path / "x.log", b"abcde\x1b[1mf\nabcd\x1b[31mm\n1m\n")
    assert found(log, "1m") == ["1m"]
    assert found(log, "ef") == ["abcdef"]


def test_text_in_a_string_for_the_terminal_is_no_match(tmp_path: Path) -> None:
    log = opened(tmp_path / "x.log", b"a\x1b]0;title\x07b\ntitle\n")
    assert found(log, "title") == ["title"]
    assert found(log, "ab") == ["ab"]


def test_a_match_drawn_over_in_the_next_block_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (logindex, loghits, logmatch):
        monkeypatch.setattr(module, "BLOCK_BYTES", 8)
    monkeypatch.setattr(logmatch, "LOOK_AHEAD_BYTES", 4)
    log = opened(tmp_path / "x.log", b"\rloss 1 and more" * 3 + b"\rloss 2 in the end\nloss 1\n")
    assert found(log, "loss 1") == ["loss 1"]
    assert found(log, "loss 2") == ["loss 2 in the end"]


def test_hits_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    log = opened(path, b"loss 1\nother\nlo")
    pattern = Pattern.parse("loss")
    assert pattern is not None
    hits = search_hits(log, pattern)
    assert texts(log, hits) == ["loss 1"]
    size = log.size_bytes
    with path.open("ab") as file:
        file.write(b"ss 2\nloss 3\n")
    assert log.refresh() == "grown"
    hits.grow(size)
    assert [log.row(row).line.text for row in hits.rows().tolist()] == ["loss 1", "loss 2", "loss 3"]
    assert [hits.row(at) for at in range(hits.count)] == hits.rows().tolist()
    assert [hits.position(row) for row in hits.rows().tolist()] == [0, 1, 2]


def test_filters_show_and_hide(tmp_path: Path) -> None:
    log = opened(tmp_path / "x.log", b"train a\nval a\ntrain b\nother\n")
    assert texts(log, filter_hits(log, RowFilter(("train", "val")))) == ["train a", "val a", "train b"]
    assert texts(log, filter_hits(log, RowFilter(("train", "!b")))) == ["train a"]
    assert texts(log, filter_hits(log, RowFilter(("!train",)))) == ["val a", "other"]
    assert texts(log, filter_hits(log, RowFilter(("~a$", "!~^val")))) == ["train a"]
    assert texts(log, filter_hits(log, RowFilter(("!~^(?!train)",)))) == ["train a", "train b"]


TRACEBACK = b"""before
[rank0]: Traceback (most recent call last):
[rank0]:   File "train.py", line 3, in <module>
[rank0]:     main()
[rank0]: RuntimeError: no
after
"""


def test_folding_leaves_the_head_and_the_exception(tmp_path: Path) -> None:
    log = opened(tmp_path / "x.log", TRACEBACK)
    assert texts(log, filter_hits(log, RowFilter((), is_folded=True))) == [
        "before",
        "[rank0]: Traceback (most recent call last):",
        "[rank0]: RuntimeError: no",
        "after",
    ]


def test_parts_of_a_traceback_are_told_apart() -> None:
    lines = TRACEBACK.decode().splitlines()
    assert traceback_parts(lines) == ["", "head", "frame", "frame", "end", ""]


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026-11-23 12:00:00,123 ERROR trainer: no", "error"),
        ("2026-11-23 12:00:00.123 | ERROR    | __main__:f:3 - no", "error"),
        ("E1123 12:00:00.123456 140 x.py:3] no", "error"),
        ("F1123 12:00:00.123456 140 x.py:3] no", "error"),
        ("11/23/2026 12:00:00 - WARNING - accelerate - slow", "warning"),
        ("W1123 12:00:00.123456 140 x.py:3] slow", "warning"),
        ("slurmstepd: error: *** JOB 1 CANCELLED DUE TO TIME LIMIT ***", "error"),
        ("srun: error: node1: task 0: Exited with exit code 1", "error"),
        ("E       assert 1 == 2", "error"),
        ("FAILED tests/test_x.py::test_y", "error"),
        ("Traceback (most recent call last):", "error"),
        ("torch.cuda.OutOfMemoryError: CUDA out of memory.", "error"),
        ("KeyboardInterrupt", "error"),
        ("Segmentation fault (core dumped)", "error"),
        ("/x/y.py:3: UserWarning: be careful", "warning"),
        ("train.c:3:1: error: expected ;", "error"),
        ("val_error: 0.123", None),
        ("step 3 error 0.5 error_rate=0.1", None),
        ("INFO no errors found", None),
        ("ERRORS=0", None),
        ("Epoch 1/10", None),
        ("", None),
    ],
)
def test_levels_are_told_as_the_libraries_write_them(line: str, level: str | None) -> None:
    assert level_of(line) == level


@given(
    st.lists(
        st.sampled_from([*TRACEBACK.decode().splitlines(), "WARNING x", "E1123 12:00:00 x", "loss 1", "w"])
    )
)
@settings(deadline=None, max_examples=60)
def test_the_fast_scan_finds_every_level(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    log = opened(tmp_path_factory.mktemp("log") / "x.log", "".join(line + "\n" for line in lines).encode())
    errors, warnings = level_hits(log)
    assert texts(log, errors) == [line for line in lines if level_of(line) == "error"]
    assert texts(log, warnings) == [line for line in lines if level_of(line) == "warning"]
    log.close()


def test_a_catastrophic_pattern_is_stopped() -> None:
    process = RegexProcess(r"(a+)+$", ignores_case=False)
    with pytest.raises(RegexTimeoutError, match="too long"):
        process.matching_lines(b"a" * 40 + b"!", 0.5)
    assert list(process.matching_lines(b"xa\nx\naa", 10)) == [0, 2]
    assert process.spans(["aab", "ba"], 10) == [[], [(1, 2)]]
    process.close()


@given(
    text=st.text("ab \n\t.", max_size=14),
    pattern=st.sampled_from(
        [
            r"a+b",
            r"^a",
            r"b$",
            r"\s",
            r"[^a]",
            r"a\s*b",
            r"^$",
            r"(a|b)\W",
            r"[^b]*a",
            r"b\b",
            r"(?=\n)",
            r"x*",
        ]
    ),
)
@settings(deadline=None, max_examples=200)
def test_a_pattern_matches_lines_as_if_each_stood_alone(text: str, pattern: str) -> None:
    expected = [at for at, line in enumerate(text.split("\n")) if re.search(pattern, line)]
    assert list(matching(re.compile(pattern), text)) == expected


@given(st.sets(st.integers(-5000, 5000), min_size=1))
def test_a_set_of_rows_gives_back_its_rows(rows: set[int]) -> None:
    kept = RowSet.of(np.array(sorted(rows), np.int64))
    assert kept.array().tolist() == sorted(rows)
    assert (kept.count, kept.first, kept.last) == (len(rows), min(rows), max(rows))


def test_a_wrong_pattern_says_what_is_wrong() -> None:
    pattern = Pattern.parse("~(a")
    assert pattern is not None
    assert "unterminated" in pattern.problem


def test_rows_that_nested_bars_were_drawn_around_are_found(tmp_path: Path) -> None:
    bars = b"".join(b"\n\r in %d\x1b[A" % at for at in range(3))
    text = b"\rout 0" + bars + b"\n\r     \r\x1b[A\rnote of ERROR\n\rout 0\n\r in 3\x1b[A\rout 1\n\ndone\n"
    log = opened(tmp_path / "x.log", text)
    assert log.index is not None
    shown = [row.line.text for row in log.rows(log.index.first_row, log.index.end_row)]
    assert shown == ["note of ERROR", "out 1", "done"] or "note of ERROR" in shown
    assert found(log, "note") == ["note of ERROR"]
    assert texts(log, filter_hits(log, RowFilter(("!out",)))) == [row for row in shown if "out" not in row]
    assert texts(log, level_hits(log)[0]) == ["note of ERROR"]


NESTED = st.lists(
    st.sampled_from(["a", "b", "a b", "\n", "\n", "\r", "\n\r", "\x1b[A", "\x1b[A\r", "\x1b[1m", "\x1b[2K"]),
    max_size=40,
).map("".join)


@given(NESTED)
@settings(deadline=None, max_examples=100)
def test_searches_and_filters_agree_with_the_rows_of_nested_bars(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    log = opened(tmp_path_factory.mktemp("log") / "x.log", f"a\n{text}\x1b[A\n".encode())
    assert log.index is not None
    rows = [row.line.text for row in log.rows(log.index.first_row, log.index.end_row)]
    drawn = [row for row in rows if row]
    assert found(log, "b") == [row for row in drawn if "b" in row]
    kept = texts(log, filter_hits(log, RowFilter(("!b",))))
    assert [row for row in kept if row] == [row for row in drawn if "b" not in row]
    log.close()
