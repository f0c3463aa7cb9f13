"""`tailboard tail` prints the end of a log, safely, and goes on with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from helpers import until, write_run
from terminal import ROOT, TAILBOARD, Terminal

OUTPUT = (
    b"\x1b[32mgreen\x1b[0m one\n"
    + b"".join(b"\r%3d%%|###| %d/100 [00:01<00:01]" % (at, at) for at in range(101))
    + b"\n\x1b]52;c;QUJD\x07two\x1b[2J\x00\xff\nWARNING three\n"
)
SHOWN = ["green one", "100%|###| 100/100 [00:01<00:01]", "two␀\ufffd", "WARNING three"]


def tail(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}"}
    return subprocess.run(
        [*TAILBOARD, "tail", *arguments], capture_output=True, cwd=cwd, env=env, timeout=60, check=False
    )


def lines(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


def test_a_run_is_named_by_id_path_or_latest(tmp_path: Path) -> None:
    path = write_run(tmp_path / "runs", output=OUTPUT)
    for ref in (path.name, path.name[:12], str(path), "latest", str(path / "output.log")):
        assert lines(tail(ref, cwd=tmp_path)) == SHOWN
    assert lines(tail(path.name, "-n", "1", cwd=tmp_path)) == SHOWN[-1:]
    assert lines(tail(path.name, "-n", "0", cwd=tmp_path)) == []


def test_raw_bytes_are_untouched(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(OUTPUT)
    assert tail("x.log", "--raw", cwd=tmp_path).stdout == OUTPUT
    assert tail("x.log", "--raw", "-n", "1", cwd=tmp_path).stdout == b"WARNING three\n"


def test_lines_as_json_have_numbers_and_times(tmp_path: Path) -> None:
    path = write_run(tmp_path / "runs", output=OUTPUT)
    (path / "output.index.jsonl").write_text('{"time":5.0,"offset":0,"stream":"stdout"}\n')
    found = [json.loads(line) for line in lines(tail(path.name, "--json", "-n", "2", cwd=tmp_path))]
    assert found == [
        {"format": 1, "file": "output.log", "line": 3, "time": 5.0, "text": SHOWN[2]},
        {"format": 1, "file": "output.log", "line": 4, "time": 5.0, "text": SHOWN[3]},
    ]


def test_lines_are_chosen_by_text_and_time(tmp_path: Path) -> None:
    text = "".join(f"2026-11-23 12:{at:02}:00 step {at}\n" for at in range(60))
    (tmp_path / "x.log").write_text(text)
    assert len(lines(tail("x.log", "--grep", "step 1", "-n", "99", cwd=tmp_path))) == 11
    assert lines(tail("x.log", "--grep", "~step 1$", cwd=tmp_path)) == ["2026-11-23 12:01:00 step 1"]
    assert lines(tail("x.log", "--since", "2026-11-23 12:58", cwd=tmp_path)) == text.splitlines()[58:]


def write_ranks(root: Path, *, has_times: bool) -> Path:
    """A run whose two ranks printed in turn."""
    path = write_run(root, output=b"a 0\na 2\na 4\n")
    (path / "output.rank1.log").write_text("b 1\nb 3\nb 5\n")
    for name, first in (("output.index.jsonl", 0), ("output.index.rank1.jsonl", 1)) if has_times else ():
        records = [{"time": 10.0 + 2 * at + first, "offset": 4 * at, "stream": "stdout"} for at in range(3)]
        (path / name).write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_files_of_a_run_are_merged_by_time(tmp_path: Path) -> None:
    path = write_ranks(tmp_path / "runs", has_times=True)
    shown = ["[output] a 0", "[rank1]  b 1", "[output] a 2", "[rank1]  b 3", "[output] a 4", "[rank1]  b 5"]
    for ref in (str(path), "latest"):
        assert [" ".join(line.split()) for line in lines(tail(ref, cwd=tmp_path))] == [
            " ".join(line.split()) for line in shown
        ]
    assert lines(tail(path.name, "-n", "2", cwd=tmp_path)) == lines(tail(path.name, cwd=tmp_path))[-2:]
    assert lines(tail(path.name, "--file", "2", cwd=tmp_path)) == ["b 1", "b 3", "b 5"]
    found = [json.loads(line) for line in lines(tail(path.name, "--grep", "~[34]", "--json", cwd=tmp_path))]
    assert [(one["file"], one["time"], one["text"]) for one in found] == [
        ("output.rank1.log", 13.0, "b 3"),
        ("output.log", 14.0, "a 4"),
    ]


def test_files_without_times_stand_under_headings(tmp_path: Path) -> None:
    path = write_ranks(tmp_path / "runs", has_times=False)
    expected = ["==> output.log <==", "a 4", "", "==> output.rank1.log <==", "b 5"]
    assert lines(tail(str(path), "-n", "1", cwd=tmp_path)) == expected
    assert lines(tail(str(path), "-n", "1", "--raw", cwd=tmp_path)) == expected


def test_what_is_wrong_is_said_on_stderr(tmp_path: Path) -> None:
    write_run(tmp_path / "runs")
    (tmp_path / "x.log").write_text("x\n")
    cases = {
        ("nothing",): 1,
        ("latest",): 1,
        ("x.log", "--grep", "~("): 2,
        ("x.log", "--since", "whenever"): 2,
        ("x.log", "--raw", "--json"): 2,
        ("x.log", "-n", "-3"): 2,
    }
    for arguments, status in cases.items():
        done = tail(*arguments, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (status, b""), arguments
        assert done.stderr
        assert b"Traceback" not in done.stderr


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("line\n" * 100_000)
    env = {**os.environ, "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}"}
    command = f"{sys.executable} -m tailboard_tui tail x.log -n 100000 | head -1"
    done = subprocess.run(
        command, shell=True, capture_output=True, cwd=tmp_path, env=env, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == (b"line\n", b"")


def test_following_takes_in_growth_and_replacement(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("one\n")
    env = {**os.environ, "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}"}
    out = tmp_path / "out"
    with out.open("wb") as sink:
        child = subprocess.Popen(
            [*TAILBOARD, "tail", str(path), "-f"], stdout=sink, stderr=subprocess.PIPE, env=env
        )
        until(lambda: out.read_text() == "one\n")
        with path.open("a") as file:
            file.write("two\nunfinished")
        until(lambda: out.read_text() == "one\ntwo\n")
        (tmp_path / "new").write_text("three\n")
        (tmp_path / "new").rename(path)
        until(lambda: out.read_text() == "one\ntwo\nthree\n")
        child.send_signal(signal.SIGINT)
        _, messages = child.communicate(timeout=20)
    assert child.returncode == 130
    assert b"was replaced" in messages
    assert b"Traceback" not in messages


def test_following_several_files_names_them(tmp_path: Path) -> None:
    path = write_ranks(tmp_path / "runs", has_times=True)
    with Terminal(*TAILBOARD, "tail", str(path), "-n", "1", "-f") as terminal:
        terminal.wait_for(r"\[rank1\] +b 5")
        with (path / "output.log").open("a") as file:
            file.write("a 6\n")
        terminal.wait_for(r"\[output\] +a 6")


def test_a_terminal_sees_colours_the_live_bar_and_nothing_that_acts(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(OUTPUT)
    with Terminal(*TAILBOARD, "tail", str(path), "-f", env={"NO_COLOR": None}) as terminal:
        terminal.wait_for("WARNING three")
        with path.open("ab") as file:
            file.write(b"\r 10%|#  |")
        terminal.wait_for(r"10%\|#")
        with path.open("ab") as file:
            file.write(b"\r 20%|## |")
        screen = terminal.wait_for(r"20%\|##")
        assert "10%|#" not in screen
        assert b"\x1b[38;5;2mgreen\x1b[0m" in terminal.raw
        assert b"QUJD" not in terminal.raw
        assert b"\x1b[2J" not in terminal.raw
