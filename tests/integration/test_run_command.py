"""`tailboard run -- COMMAND`: everything that any program prints, its end, and nothing else changed."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recording import MAIN, command, finish, lines, output, python, recorded


def by_stream(tmp_path: Path) -> dict[str, bytes]:
    """The recorded output, taken apart with the index."""
    content = output(tmp_path)
    found = {"stdout": b"", "stderr": b""}
    marks = lines(tmp_path / "r" / "output.index.jsonl")
    for mark, following in zip(marks, [*marks[1:], {"offset": len(content)}], strict=True):
        found[mark["stream"]] += content[mark["offset"] : following["offset"]]
    return found


def test_both_streams_reach_their_places_and_the_log_byte_for_byte(tmp_path: Path) -> None:
    source = "os.write(1, bytes(range(256)) * 100); os.write(2, b'\\xff err\\r\\n')"
    done = recorded(tmp_path, *python(source))
    assert done.returncode == 0
    assert done.stdout == bytes(range(256)) * 100
    assert done.stderr == b"\xff err\r\n"
    assert by_stream(tmp_path) == {"stdout": done.stdout, "stderr": done.stderr}


def test_one_common_place_for_both_streams_keeps_their_order(tmp_path: Path) -> None:
    source = "for n in range(200):\n    os.write(1 + n % 2, b'%d\\n' % n)"
    done = subprocess.run(
        command(tmp_path, *python(source)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60
    )
    assert done.stdout == b"".join(b"%d\n" % n for n in range(200))
    assert output(tmp_path) == done.stdout


def test_a_large_output_is_complete(tmp_path: Path) -> None:
    source = "sys.stdout.buffer.writelines(b'%08d some text\\n' % n for n in range(400_000))"
    done = recorded(tmp_path, *python(source))
    assert len(done.stdout) == 400_000 * 19
    assert output(tmp_path) == done.stdout


@pytest.mark.parametrize(
    ("source", "code", "status"),
    [
        ("", 0, "finished"),
        ("sys.exit(3)", 3, "failed"),
        ("os.kill(os.getpid(), signal.SIGTERM)", 143, "killed"),
        ("os.kill(os.getpid(), signal.SIGKILL)", 137, "killed"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", 139, "failed"),
        ("os.abort()", 134, "failed"),
        ("print('last', flush=True); os._exit(5)", 5, "failed"),
    ],
)
def test_the_exit_status_is_the_commands_own(tmp_path: Path, source: str, code: int, status: str) -> None:
    done = recorded(tmp_path, *python(source))
    assert done.returncode == code
    assert (finish(tmp_path)["status"], finish(tmp_path)["exit_code"]) == (status, code)


def test_what_c_code_prints_as_it_crashes_is_recorded(tmp_path: Path) -> None:
    done = recorded(tmp_path, *python("import faulthandler; faulthandler.enable(); faulthandler._sigsegv()"))
    assert done.returncode == 139
    assert b"Segmentation fault" in output(tmp_path)
    assert finish(tmp_path)["error"] == "ended by SIGSEGV"


def test_a_command_that_does_not_exist_is_127_as_in_a_shell(tmp_path: Path) -> None:
    done = recorded(tmp_path, "/nowhere/program")
    assert done.returncode == 127
    assert b"/nowhere/program" in done.stderr
    assert finish(tmp_path)["status"] == "failed"


def test_a_file_that_cannot_be_executed_is_126_as_in_a_shell(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("text")
    assert recorded(tmp_path, str(program)).returncode == 126


def test_no_command_is_a_usage_error() -> None:
    done = subprocess.run([sys.executable, "-c", MAIN, "run", "--name", "x"], capture_output=True, timeout=60)
    assert done.returncode == 2
    assert b"COMMAND" in done.stderr


def test_the_options_stand_in_the_runs_facts_and_config(tmp_path: Path) -> None:
    options = (
        "--name",
        "base",
        "--project",
        "p",
        "--group",
        "g",
        "--tags",
        "a,b",
        "--tags",
        "c",
        "--seed",
        "7",
    )
    settings = (
        "--config",
        "lr=1e-3",
        "--config",
        "model.depth=4",
        "--config",
        "optimizer=adam",
        "--config",
        "api_key=x1",
    )
    assert recorded(tmp_path, "true", "--password=hunter2", options=options + settings).returncode == 0
    run = json.loads((tmp_path / "r" / "run.json").read_text())
    assert (run["name"], run["project"], run["group"], run["seed"]) == ("base", "p", "g", 7)
    assert run["tags"] == ["a", "b", "c"]
    assert run["command"] == "true '--password=[redacted]'"
    config = json.loads((tmp_path / "r" / "config.json").read_text())
    assert config == {"lr": 0.001, "model": {"depth": 4}, "optimizer": "adam", "api_key": "[redacted]"}


def test_signals_sent_to_us_reach_the_command(tmp_path: Path) -> None:
    source = (
        "def stop(number, frame):\n    print('got', number, flush=True); sys.exit(9)\n"
        "signal.signal(signal.SIGTERM, stop)\nprint('ready', flush=True)\ntime.sleep(60)"
    )
    process = subprocess.Popen(command(tmp_path, *python(source)), stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.read() == b"got 15\n"
    assert process.wait(timeout=30) == 9
    process.stdout.close()


def test_a_background_process_that_holds_the_pipe_does_not_keep_us(tmp_path: Path) -> None:
    began = time.monotonic()
    process = subprocess.Popen(command(tmp_path, "sh", "-c", "sleep 20 & echo done"), stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.wait(timeout=15) == 0
    assert time.monotonic() - began < 15
    assert output(tmp_path) == b"done\n"
    process.stdout.close()


def test_a_reader_that_goes_away_ends_the_command_as_it_would_without_us(tmp_path: Path) -> None:
    line = shlex.join(command(tmp_path, "yes"))
    done = subprocess.run(
        ["bash", "-c", f"{line} | head -n 2; exit ${{PIPESTATUS[0]}}"], capture_output=True, timeout=60
    )
    assert done.stdout == b"y\ny\n"
    assert done.returncode == 128 + signal.SIGPIPE


def test_disabled_mode_only_runs_the_command(tmp_path: Path) -> None:
    environment = {**os.environ, "TAILBOARD_MODE": "disabled"}
    done = subprocess.run(
        command(tmp_path, "sh", "-c", "echo x; exit 4"), env=environment, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (4, b"x\n")
    assert list(tmp_path.iterdir()) == []


def test_the_commands_processes_are_sampled(tmp_path: Path) -> None:
    recorded(tmp_path, *python("x = bytearray(50_000_000); time.sleep(1.2)"))
    samples = lines(tmp_path / "r" / "system.jsonl")
    assert max(sample["process/rss_bytes"] for sample in samples) > 50_000_000


def test_systems_that_do_not_tell_who_sent_a_signal_pass_it_on_too(tmp_path: Path) -> None:
    arguments = command(tmp_path, *python("print('ready', flush=True); time.sleep(60)"))
    arguments[2] = "import os, signal\ndel os.pipe2, signal.sigwaitinfo\n" + MAIN  # as on macOS
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"ready\n"
        process.terminate()
        assert process.wait(timeout=30) == 143
    assert (finish(tmp_path)["status"], finish(tmp_path)["exit_code"]) == ("killed", 143)


def test_where_nothing_can_be_written_the_command_runs_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    source = "print('done'); sys.exit(signal.pthread_sigmask(signal.SIG_BLOCK, []) == set() and 5)"
    words = [sys.executable, "-c", MAIN, "run", "--dir", str(tmp_path / "file" / "runs"), "--"]
    done = subprocess.run([*words, *python(source)], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (5, b"done\n")
    assert b"nothing is recorded" in done.stderr
    assert subprocess.run([*words, "/nowhere/program"], capture_output=True, timeout=60).returncode == 127
