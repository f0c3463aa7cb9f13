"""However a process ends, its run says how, and the process ends as it would have without us."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from helpers import until

LOGGER = Path(__file__).parents[2] / "logger"

HEAD = f"""
import os, signal, sys, time
sys.path.insert(0, {str(LOGGER)!r})
import tailboard
"""
INIT = "run = tailboard.init(dir=sys.argv[1], id='r', git=False, system=False)\nrun.log({'a': 1})\n"
WITH = "with tailboard.init(dir=sys.argv[1], id='r', git=False, system=False) as run:\n"


def start(tmp_path: Path, body: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HEAD + body, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def ended(tmp_path: Path, body: str) -> tuple[int, dict[str, Any], str]:
    """Exit status of the script, its finish event, what it printed to stderr."""
    process = start(tmp_path, body)
    _, stderr = process.communicate(timeout=60)
    return process.returncode, finish(tmp_path), stderr


def finish(tmp_path: Path) -> dict[str, Any]:
    events = [json.loads(line) for line in (tmp_path / "r" / "events.jsonl").read_text().splitlines()]
    last: dict[str, Any] = events[-1]
    assert [event["event"] for event in events].count("finish") == 1
    assert last["event"] == "finish"
    return last


def log_of(tmp_path: Path) -> str:
    return (tmp_path / "r" / "output.log").read_text()


def test_a_script_that_just_ends_is_finished(tmp_path: Path) -> None:
    code, event, stderr = ended(tmp_path, INIT)
    assert (code, event["status"], event["exit_code"], stderr) == (0, "finished", 0, "")


def test_an_uncaught_exception_fails_the_run_with_its_traceback_in_event_and_output(tmp_path: Path) -> None:
    code, event, stderr = ended(tmp_path, INIT + "1 / 0")
    assert (code, event["status"], event["exit_code"]) == (1, "failed", 1)
    assert "ZeroDivisionError: division by zero" in event["error"]
    assert stderr.startswith("Traceback")
    assert log_of(tmp_path) == stderr


def test_an_exception_through_the_with_block_leaves_its_traceback_in_the_output_too(tmp_path: Path) -> None:
    body = WITH + "    raise RuntimeError('lost gradient')"
    code, event, stderr = ended(tmp_path, body)
    assert (code, event["status"], event["exit_code"]) == (1, "failed", 1)
    assert "RuntimeError: lost gradient" in event["error"]
    assert log_of(tmp_path) == stderr
    assert "lost gradient" in stderr


def test_output_after_a_failed_with_block_that_was_caught_is_not_recorded(tmp_path: Path) -> None:
    body = (
        f"try:\n    {WITH}        raise KeyError('x')\n"
        "except KeyError:\n    print('went on', file=sys.stderr)"
    )
    code, event, stderr = ended(tmp_path, body)
    assert (code, event["status"], stderr) == (0, "failed", "went on\n")
    assert log_of(tmp_path) == ""


def test_an_exception_chained_to_the_one_that_left_the_with_block_is_recorded(tmp_path: Path) -> None:
    body = (
        f"try:\n    {WITH}        raise KeyError('x')\n"
        "except KeyError as error:\n    raise ValueError('outer') from error"
    )
    _, _, stderr = ended(tmp_path, body)
    assert "ValueError: outer" in log_of(tmp_path)
    assert log_of(tmp_path) == stderr


@pytest.mark.parametrize(
    ("statement", "code", "status"),
    [
        ("sys.exit()", 0, "finished"),
        ("sys.exit(0)", 0, "finished"),
        ("sys.exit(3)", 3, "failed"),
        ("sys.exit('no data')", 1, "failed"),
        ("sys.exit(143)", 143, "killed"),
        ("import argparse; argparse.ArgumentParser().parse_args(['--x'])", 2, "failed"),
    ],
)
def test_sys_exit_is_noted_with_its_status(tmp_path: Path, statement: str, code: int, status: str) -> None:
    found, event, _ = ended(tmp_path, INIT + statement)
    assert (found, event["status"], event["exit_code"]) == (code, status, code)


def test_the_message_of_sys_exit_is_the_error(tmp_path: Path) -> None:
    _, event, stderr = ended(tmp_path, INIT + "sys.exit('no data')")
    assert event["error"] == "no data"
    assert stderr == "no data\n"


def test_raising_system_exit_in_the_with_block_is_noted(tmp_path: Path) -> None:
    body = "with tailboard.init(dir=sys.argv[1], id='r', git=False):\n    raise SystemExit(4)"
    code, event, _ = ended(tmp_path, body)
    assert (code, event["status"], event["exit_code"]) == (4, "failed", 4)


def test_a_sys_exit_that_is_caught_does_not_count_once_the_script_logs_on(tmp_path: Path) -> None:
    body = INIT + (
        "try:\n    sys.exit(5)\nexcept SystemExit:\n    pass\n"
        "end = time.time() + 1.2\nwhile time.time() < end:\n    run.log({'a': 2}); time.sleep(0.05)\n"
    )
    code, event, _ = ended(tmp_path, body)
    assert (code, event["status"]) == (0, "finished")


def test_finish_with_an_exit_code_fails_the_run(tmp_path: Path) -> None:
    _, event, _ = ended(tmp_path, INIT + "run.finish(exit_code=2); run.finish()")
    assert (event["status"], event["exit_code"]) == ("failed", 2)


LOOP = "print('ready', flush=True)\nwhile True:\n    run.log({'a': 2}); time.sleep(0.005)\n"


def stopped_by(tmp_path: Path, number: int, body: str) -> int:
    process = start(tmp_path, body)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.send_signal(number)
    process.communicate(timeout=60)
    return process.returncode


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_kills_the_run_and_the_process_as_before(tmp_path: Path, number: signal.Signals) -> None:
    assert stopped_by(tmp_path, number, INIT + LOOP) == -number
    event = finish(tmp_path)
    assert (event["status"], event["exit_code"]) == ("killed", 128 + number)


def test_ctrl_c_in_a_with_block_is_killed(tmp_path: Path) -> None:
    body = WITH + "    " + LOOP.replace("\n", "\n    ")
    assert stopped_by(tmp_path, signal.SIGINT, body) == -signal.SIGINT
    assert finish(tmp_path)["status"] == "killed"


def test_ctrl_c_that_the_script_catches_is_an_ordinary_end(tmp_path: Path) -> None:
    body = (
        INIT
        + "try:\n    "
        + LOOP.replace("\n", "\n    ")
        + "\nexcept KeyboardInterrupt:\n    print('stopping')"
    )
    assert stopped_by(tmp_path, signal.SIGINT, body) == 0
    assert finish(tmp_path)["status"] == "finished"


def test_a_handler_of_the_users_keeps_its_effect(tmp_path: Path) -> None:
    body = (
        "def stop(number, frame):\n    print('saving'); sys.exit(7)\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        + INIT
        + "assert signal.getsignal(signal.SIGTERM) is stop\n"
        + LOOP
    )
    assert stopped_by(tmp_path, signal.SIGTERM, body) == 7
    event = finish(tmp_path)
    assert (event["status"], event["exit_code"]) == ("failed", 7)
    assert "saving" in log_of(tmp_path)


def test_a_handler_set_later_that_calls_the_earlier_one_ends_the_run(tmp_path: Path) -> None:
    body = INIT + (
        "before = signal.getsignal(signal.SIGTERM)\n"
        "def stop(number, frame):\n    run.log({'saved': 1}); before(number, frame)\n"
        "signal.signal(signal.SIGTERM, stop)\n" + LOOP
    )
    assert stopped_by(tmp_path, signal.SIGTERM, body) == -signal.SIGTERM
    assert finish(tmp_path)["status"] == "killed"
    assert '"saved":1' in (tmp_path / "r" / "metrics.jsonl").read_text()


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    body = "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + INIT + "os.kill(os.getpid(), signal.SIGHUP)\n"
    code, event, _ = ended(tmp_path, body)
    assert (code, event["status"]) == (0, "finished")


def test_an_excepthook_of_the_users_is_still_called(tmp_path: Path) -> None:
    body = "sys.excepthook = lambda *found: print('mine', file=sys.stderr)\n" + INIT + "raise KeyError('k')"
    code, event, stderr = ended(tmp_path, body)
    assert (code, event["status"], stderr) == (1, "failed", "mine\n")
    assert "KeyError" in event["error"]


def test_a_run_killed_by_sigkill_is_readable_and_says_nothing_of_an_end(tmp_path: Path) -> None:
    assert stopped_by(tmp_path, signal.SIGKILL, INIT + LOOP) == -signal.SIGKILL
    events = [json.loads(line) for line in (tmp_path / "r" / "events.jsonl").read_text().splitlines()]
    assert [event["event"] for event in events] == ["start"]
    assert json.loads((tmp_path / "r" / "run.json").read_text())["id"] == "r"
    assert "ready" in log_of(tmp_path)


def test_worker_processes_of_multiprocessing_do_not_end_the_run(tmp_path: Path) -> None:
    body = (
        "import multiprocessing\n"
        + INIT
        + (
            "context = multiprocessing.get_context('fork')\n"
            "worker = context.Process(target=time.sleep, args=(60,))\n"
            "worker.start(); worker.terminate(); worker.join()\n"
            "assert worker.exitcode == -signal.SIGTERM\n"
            "run.log({'a': 3})\n"
        )
    )
    code, event, stderr = ended(tmp_path, body)
    assert (code, event["status"], stderr) == (0, "finished", "")


def test_os_exit_loses_nothing_that_was_logged_or_printed(tmp_path: Path) -> None:
    process = start(tmp_path, INIT + "print('last words', flush=True)\nrun.log({'b': 2})\nos._exit(9)")
    process.communicate(timeout=60)
    assert process.returncode == 9
    assert '"b":2' in (tmp_path / "r" / "metrics.jsonl").read_text()
    assert log_of(tmp_path) == "last words\n"


def test_a_thread_that_logs_while_the_interpreter_ends_does_no_harm(tmp_path: Path) -> None:
    body = INIT + (
        "import threading\n"
        "def work():\n    while True:\n        run.log({'t': 1})\n"
        "threading.Thread(target=work, daemon=True).start()\ntime.sleep(0.2)\n"
    )
    code, event, stderr = ended(tmp_path, body)
    assert (code, event["status"], stderr) == (0, "finished", "")
    lines = (tmp_path / "r" / "metrics.jsonl").read_bytes().split(b"\n")
    assert all(json.loads(line) for line in lines[:-1])


def test_two_runs_in_turn_each_get_their_own_end(tmp_path: Path) -> None:
    body = (
        "first = tailboard.init(dir=sys.argv[1], id='first', git=False)\n"
        "second = tailboard.init(dir=sys.argv[1], id='r', git=False)\n"
        "assert first.is_finished and tailboard.run is second\n1 / 0"
    )
    _, event, _ = ended(tmp_path, body)
    assert event["status"] == "failed"
    first = (tmp_path / "first" / "events.jsonl").read_text().splitlines()
    assert json.loads(first[-1])["status"] == "finished"


def test_a_hung_up_terminal_does_not_keep_the_end_from_being_written(tmp_path: Path) -> None:
    process = start(tmp_path, INIT + "time.sleep(0.3)\nprint('x' * 100_000)\n1 / 0", start_new_session=True)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    until(lambda: process.poll() is not None)
    assert finish(tmp_path)["status"] == "failed"
    assert os.path.getsize(tmp_path / "r" / "output.log") > 100_000
