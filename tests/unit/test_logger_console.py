"""Console capture: the terminal first and unchanged, the same bytes in output.log, nothing left behind."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import tailboard


class Terminal(io.TextIOWrapper):
    """A text stream that says it is a terminal."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="surrogateescape", write_through=True)

    def isatty(self) -> bool:
        return True

    def shown(self) -> bytes:
        return self.buffer.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes terminals of stdout and stderr; called in the test, since pytest sets its own before that."""

    def use() -> tuple[Terminal, Terminal]:
        out, err = Terminal(), Terminal()
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        return out, err

    return use


def begin(tmp_path: Path, **arguments: Any) -> tailboard.Run:
    return tailboard.init(dir=str(tmp_path), git=False, system=False, **arguments)


def log_of(run: tailboard.Run) -> bytes:
    return (Path(run.dir) / "output.log").read_bytes()


def test_both_streams_are_shown_and_recorded_and_given_back(tmp_path: Path, terminal: Any) -> None:
    out, err = terminal()
    with begin(tmp_path) as run:
        assert sys.stdout is out
        assert sys.stdout.isatty()
        print("ä", "\x1b[31mred", end="\r")
        print("warning", file=sys.stderr)
        sys.stdout.writelines(["a\n", "b\n"])
        assert "write" in vars(out)
    print("after")
    assert "write" not in vars(out)
    assert "write" not in vars(err)
    assert out.shown() == "ä \x1b[31mred\ra\nb\nafter\n".encode()
    assert log_of(run) == "ä \x1b[31mred\rwarning\na\nb\n".encode()


def test_undecodable_names_keep_their_bytes_and_surrogates_do_no_harm(tmp_path: Path, terminal: Any) -> None:
    terminal()
    with begin(tmp_path) as run:
        print(b"caf\xe9".decode("utf-8", "surrogateescape"))
        with pytest.raises(UnicodeEncodeError):
            print("\ud800")
    assert log_of(run).startswith(b"caf\xe9\n\\ud800")


def test_the_index_leads_from_stream_and_time_to_the_place(tmp_path: Path, terminal: Any) -> None:
    terminal()
    with begin(tmp_path) as run:
        for _ in range(100):
            print("out")
        print("err", file=sys.stderr)
        print("out")
    lines = (Path(run.dir) / "output.index.jsonl").read_text().splitlines()
    marks = [(mark["stream"], mark["offset"]) for mark in map(json.loads, lines)]
    assert marks[:1] == [("stdout", 0)]
    assert ("stderr", 400) in marks
    assert ("stdout", 404) in marks
    assert len(marks) <= 5


def test_what_raises_in_the_terminal_is_recorded_and_raised(tmp_path: Path, terminal: Any) -> None:
    out, _ = terminal()
    with begin(tmp_path) as run:
        out.buffer.close()
        with pytest.raises(ValueError, match="closed"):
            print("last words")
        with pytest.raises(TypeError):
            sys.stdout.write(5)  # type: ignore[arg-type]
    assert log_of(run).startswith(b"last words")


def test_streams_that_are_missing_or_refuse_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Fixed:
        __slots__ = ()

        def write(self, text: str) -> int:
            return len(text)

        def flush(self) -> None: ...

    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", Fixed())
    with begin(tmp_path) as run:
        run.log({"a": [1]})
    assert log_of(run) == b""


def test_a_wrapper_of_others_around_ours_stays(tmp_path: Path, terminal: Any) -> None:
    out, _ = terminal()
    run = begin(tmp_path)
    ours = out.write
    out.write = lambda text: ours(text.upper())
    print("x")
    run.finish()
    print("y")
    assert out.shown() == b"X\nY\n"
    assert log_of(run) == b"X\n"


def test_log_handlers_and_threads_are_recorded(tmp_path: Path, terminal: Any) -> None:
    terminal()
    log = logging.Logger("test")
    log.addHandler(logging.StreamHandler())
    with begin(tmp_path) as run:
        log.warning("from logging")
        threads = [threading.Thread(target=print, args=("t" * 1000,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    content = log_of(run)
    assert content.count(b"from logging\n") == 1
    assert content.count(b"t" * 1000) == 8


def test_capture_can_be_left_out(tmp_path: Path, terminal: Any) -> None:
    terminal()
    with begin(tmp_path, capture=False) as run:
        print("x")
    assert not (Path(run.dir) / "output.log").exists()
