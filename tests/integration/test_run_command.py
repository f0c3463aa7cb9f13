"""`tailboard run -- COMMAND`: everything that any program prints, its end, and nothing else changed."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import shlex
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pytest

from helpers import until

ROOT = Path(__file__).parents[2]

MAIN = f"""
import argparse, sys
sys.path[:0] = [{str(ROOT / "logger")!r}, {str(ROOT / "tui")!r}]
from tailboard_tui.commands import run
parser = argparse.ArgumentParser(prog="tailboard")
run.add_parser(parser.add_subparsers())
arguments = parser.parse_args()
raise SystemExit(arguments.run(arguments))
"""


def command(tmp_path: Path, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
    return [
        sys.executable,
        "-c",
        MAIN,
        "run",
        "--dir",
        str(tmp_path),
        "--id",
        "r",
        *options,
        "--",
        *arguments,
    ]


def recorded(
    tmp_path: Path, *arguments: str, options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command(tmp_path, *arguments, options=options), capture_output=True, timeout=60)


def python(source: str) -> tuple[str, str, str]:
    head = f"import os, signal, sys, time\nsys.path.insert(0, {str(ROOT / 'logger')!r})\n"
    return sys.executable, "-c", head + source


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def finish(tmp_path: Path) -> dict[str, Any]:
    return [event for event in lines(tmp_path / "r" / "events.jsonl") if event["event"] == "finish"][-1]


def output(tmp_path: Path) -> bytes:
    return (tmp_path / "r" / "output.log").read_bytes()


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


class Terminal:
    """The command in a pty of 100 x 30 cells."""

    def __init__(self, arguments: list[str]) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(arguments[0], arguments)
        self.resize(30, 100)
        self.seen = b""

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_until(self, text: bytes) -> None:
        while text not in self.seen:
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                piece = b""
            assert piece, self.seen
            self.seen += piece

    def exit_code(self) -> int:
        code = os.waitstatus_to_exitcode(until(lambda: self._waited()))
        os.close(self.fd)
        return code

    def _waited(self) -> int | None:
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return status or 1 << 20 if pid else None


def in_terminal(arguments: list[str]) -> tuple[bytes, int]:
    """What the terminal got, and the exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(arguments[0], arguments)
    seen = b""
    while True:
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(fd)
    return seen, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_in_a_terminal_the_command_has_a_terminal_and_the_log_its_exact_bytes(tmp_path: Path) -> None:
    source = "print([os.isatty(fd) for fd in range(3)]); print('\\x1b[31mred\\x1b[0m\\rover')"
    seen, code = in_terminal(command(tmp_path, *python(source)))
    assert code == 0
    assert seen == b"[True, True, True]\r\n\x1b[31mred\x1b[0m\rover\r\n"
    assert output(tmp_path) == seen.replace(b"\r\n", b"\n")


def test_the_commands_terminal_has_our_size_and_follows_it(tmp_path: Path) -> None:
    source = (
        "def show(*_):\n    print(*os.get_terminal_size(1), flush=True)\n"
        "signal.signal(signal.SIGWINCH, show)\nshow()\n"
        "print('ready', flush=True)\nfor _ in range(400):\n    time.sleep(0.05)"
    )
    terminal = Terminal(command(tmp_path, *python(source)))
    terminal.read_until(b"ready")
    terminal.resize(40, 120)
    terminal.read_until(b"120 40")
    os.write(terminal.fd, b"\x03")
    terminal.read_until(b"KeyboardInterrupt")
    assert terminal.exit_code() == 130


def test_ctrl_c_reaches_the_command_once(tmp_path: Path) -> None:
    source = (
        "count = 0\ndef stop(*_):\n    global count\n    count += 1\n"
        "signal.signal(signal.SIGINT, stop)\nprint('ready', flush=True)\n"
        "end = time.monotonic() + 20\n"
        "while not count and time.monotonic() < end:\n    time.sleep(0.01)\n"
        "time.sleep(0.3)\nprint('count', count, flush=True)"
    )
    terminal = Terminal(command(tmp_path, *python(source)))
    terminal.read_until(b"ready")
    os.write(terminal.fd, b"\x03")
    terminal.read_until(b"count 1")


def test_what_is_typed_reaches_the_command(tmp_path: Path) -> None:
    terminal = Terminal(command(tmp_path, *python("print('name?', flush=True); print('hello', input())")))
    terminal.read_until(b"name?")
    os.write(terminal.fd, b"ada\n")
    terminal.read_until(b"hello ada")


JOINING = """
import tailboard
with tailboard.init(project="from script", name="script", config={"lr": 2, "depth": 3}, tags=["t"]) as run:
    run.log({"loss": 0.5})
    print("inside", run.id)
"""


def test_a_script_inside_joins_the_run(tmp_path: Path) -> None:
    options = ("--name", "from command line", "--config", "lr=1", "--config", "batch=8", "--tags", "c")
    done = recorded(tmp_path, *python(JOINING), options=options)
    assert (done.returncode, done.stderr) == (0, b"")
    assert [path.name for path in tmp_path.iterdir()] == ["r"]
    run = json.loads((tmp_path / "r" / "run.json").read_text())
    assert (run["name"], run["project"], run["tags"]) == ("from command line", "from script", ["c", "t"])
    assert json.loads((tmp_path / "r" / "config.json").read_text()) == {"lr": 2, "batch": 8, "depth": 3}
    assert lines(tmp_path / "r" / "metrics.jsonl")[0]["loss"] == 0.5
    assert output(tmp_path) == b"inside r\n"
    assert finish(tmp_path)["status"] == "finished"


def test_a_joined_script_that_fails_leaves_its_traceback_in_the_end_of_the_run(tmp_path: Path) -> None:
    done = recorded(tmp_path, *python(JOINING + "    1 / 0"))
    assert done.returncode == 1
    event = finish(tmp_path)
    assert (event["status"], event["exit_code"]) == ("failed", 1)
    assert "ZeroDivisionError" in event["error"]
    assert output(tmp_path).count(b"ZeroDivisionError") == 1


def test_of_several_trainings_inside_the_first_joins_and_the_others_make_their_own_runs(
    tmp_path: Path,
) -> None:
    environment = {**os.environ, "TAILBOARD_DIR": str(tmp_path)}
    source = JOINING + "\nwith tailboard.init(name='second') as run:\n    run.log({'loss': 1})\n"
    done = subprocess.run(
        command(tmp_path, *python(source)), env=environment, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
    names = {json.loads(path.read_text())["name"] for path in tmp_path.glob("*/run.json")}
    assert names == {"script", "second"}


def test_a_run_with_an_id_of_its_own_does_not_join(tmp_path: Path) -> None:
    environment = {**os.environ, "TAILBOARD_DIR": str(tmp_path)}
    source = "import tailboard\nwith tailboard.init(id='own') as run:\n    run.log({'loss': 1})\n"
    subprocess.run(command(tmp_path, *python(source)), env=environment, timeout=60, check=True)
    assert {path.name for path in tmp_path.iterdir()} == {"r", "own"}


def test_disabled_mode_only_runs_the_command(tmp_path: Path) -> None:
    environment = {**os.environ, "TAILBOARD_MODE": "disabled"}
    done = subprocess.run(
        command(tmp_path, "sh", "-c", "echo x; exit 4"), env=environment, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (4, b"x\n")
    assert list(tmp_path.iterdir()) == []


PRINTED = r"""
print("step=1 loss=0.5"); print("Epoch 3: val_loss: 0.25"); print('{"step": 4, "loss": NaN}')
print("no metric 5 here"); print("step=1 loss=0.5", file=sys.stderr)
print("\r 50%|##  | 1/2 [00:01<00:00, 2.00it/s, acc=0.5]\r100%|####| 2/2 [00:02<00:00, 2.00it/s, acc=0.75]")
print("step=9 loss=0.1", end="")
"""


def test_metrics_are_picked_from_what_is_printed_when_asked(tmp_path: Path) -> None:
    assert recorded(tmp_path, *python(PRINTED), options=("--parse", "auto")).returncode == 0
    found = [
        {key: value for key, value in line.items() if key != "_timestamp"}
        for line in lines(tmp_path / "r" / "metrics.jsonl")
    ]
    for expected in (
        {"_step": 1, "loss": 0.5},
        {"_step": 3, "val_loss": 0.25},
        {"_step": 4, "loss": "NaN"},
        {"_step": 9, "loss": 0.1},
    ):
        assert expected in found
    assert [line["acc"] for line in found if "acc" in line] == [0.5, 0.75]


def test_nothing_is_picked_unasked_nor_beside_a_script_that_logs_itself(tmp_path: Path) -> None:
    recorded(tmp_path, *python(PRINTED))
    assert lines(tmp_path / "r" / "metrics.jsonl") == []
    joined = command(tmp_path / "second", *python(JOINING + "    print('step=5 loss=9.0', flush=True)"))
    joined.insert(joined.index("--id"), "--parse=auto")
    assert subprocess.run(joined, capture_output=True, timeout=60).returncode == 0
    assert [line["loss"] for line in lines(tmp_path / "second" / "r" / "metrics.jsonl")] == [0.5]


def test_the_commands_processes_are_sampled(tmp_path: Path) -> None:
    recorded(tmp_path, *python("x = bytearray(50_000_000); time.sleep(1.2)"))
    samples = lines(tmp_path / "r" / "system.jsonl")
    assert max(sample["process/rss_bytes"] for sample in samples) > 50_000_000


def test_the_processes_of_one_launch_write_one_run(tmp_path: Path) -> None:
    source = (
        "import tailboard\nrank = int(os.environ['RANK'])\ntime.sleep(0.3 * (rank == 0))\n"
        "with tailboard.init(dir=sys.argv[1], git=False, config={'lr': 1}) as run:\n"
        "    run.log({'loss': rank}); print('rank', rank)\n    assert rank != 2, 'rank two fails'\n"
        "    while rank == 0 and not all(  # as the barriers of a training would have it\n"
        "        os.path.exists(f'{run.dir}/metrics.rank{other}.jsonl') for other in (1, 2)\n"
        "    ):\n        time.sleep(0.02)\n"
    )
    processes = [
        subprocess.Popen(
            [*python(source), str(tmp_path)],
            env={**os.environ, "RANK": str(rank), "WORLD_SIZE": "3", "MASTER_PORT": "29511"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for rank in range(3)
    ]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 1]
    (run,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []
    for rank, name in ((0, "metrics.jsonl"), (1, "metrics.rank1.jsonl"), (2, "metrics.rank2.jsonl")):
        assert [line["loss"] for line in lines(run / name)] == [rank]
    assert (run / "output.rank1.log").read_text() == "rank 1\n"
    ends = {
        event.get("rank", 0): event for event in lines(run / "events.jsonl") if "finish" in event["event"]
    }
    assert [ends[rank]["status"] for rank in range(3)] == ["finished", "finished", "failed"]
    assert "rank two fails" in ends[2]["error"]


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
