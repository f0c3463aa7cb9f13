"""Programs that treat their process roughly: they are recorded all the same, and not disturbed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LOGGER = Path(__file__).parents[2] / "logger"

HEAD = f"""
import os, signal, sys, threading, time
sys.path.insert(0, {str(LOGGER)!r})
import tailboard
"""
INIT = "run = tailboard.init(dir='runs', id='r', git=False, system=False)\nrun.log({'a': 1})\n"


def script(tmp_path: Path, body: str) -> subprocess.Popen[str]:
    (tmp_path / "train.py").write_text(HEAD + body)
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "train.py"]  # 3.12: fork beside threads
    return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run_script(tmp_path: Path, body: str) -> tuple[int, str, str]:
    """Exit status, stdout, stderr."""
    process = script(tmp_path, body)
    stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout, stderr


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def finish(tmp_path: Path) -> dict[str, Any]:
    events = lines(tmp_path / "runs" / "r" / "events.jsonl")
    assert [event["event"] for event in events].count("finish") == 1
    return events[-1]


def test_an_excepthook_that_takes_our_place_does_not_hide_the_failure(tmp_path: Path) -> None:
    body = INIT + "sys.excepthook = lambda *found: print('pretty', file=sys.stderr)\nraise KeyError('k')"
    assert run_script(tmp_path, body) == (1, "", "pretty\n")
    event = finish(tmp_path)
    assert (event["status"], event["exit_code"]) == ("failed", 1)
    assert "KeyError: 'k'" in event["error"]


@pytest.mark.parametrize("statement", ["exit(3)", "quit(3)"])
def test_the_exit_of_the_prompt_tells_its_status_too(tmp_path: Path, statement: str) -> None:
    assert run_script(tmp_path, INIT + statement) == (3, "", "")
    assert (finish(tmp_path)["status"], finish(tmp_path)["exit_code"]) == ("failed", 3)


SLOW = INIT + (
    "def is_in(frame, name):\n"
    "    return frame is not None and (frame.f_code.co_name == name or is_in(frame.f_back, name))\n"
    "def job():\n    main = threading.main_thread().ident\n"
    "    while not is_in(sys._current_frames()[main], 'end'):\n        time.sleep(0.01)\n"
    "    print('waiting', flush=True); time.sleep(60)\n"
    "run.later(job, otherwise=lambda: run.append('artifacts.jsonl', {'problem': 'too late'}))\n"
)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, "killed"), (signal.SIGHUP, "killed"), (signal.SIGINT, "finished")]
)
def test_a_signal_while_the_end_waits_does_not_cost_the_end(
    tmp_path: Path, number: signal.Signals, status: str
) -> None:
    process = script(tmp_path, SLOW + "run.finish()")
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == -number
    assert finish(tmp_path)["status"] == status
    assert lines(tmp_path / "runs" / "r" / "artifacts.jsonl") == [{"problem": "too late"}]


AFTER = "run.log({'a': object()})\nrun.log({'a': 3})\nrun.finish()\nsys.stderr = sys.__stderr__\n"


def test_a_stderr_of_the_users_without_flush_takes_no_warning_and_no_harm(tmp_path: Path) -> None:
    body = "class Tee:\n    def write(self, text):\n        raise RuntimeError('full')\nsys.stderr = Tee()\n"
    code, _, _ = run_script(tmp_path, body + INIT + AFTER)
    assert code == 0
    assert [line["a"] for line in lines(tmp_path / "runs" / "r" / "metrics.jsonl")][::2] == [1, 3]


def test_where_there_are_no_more_threads_the_run_goes_on_without_its_own(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    body = (
        'def refuse(self):\n    raise RuntimeError("can\'t start new thread")\n'
        "threading.Thread.start = refuse\nrun = tailboard.init(dir='runs', id='r')\n"
        "run.log({'a': 1, 'image': tailboard.Image([[1]])})\nrun.log_artifact('data')\n"
    )
    code, _, stderr = run_script(tmp_path, body)
    assert (code, finish(tmp_path)["status"]) == (0, "finished")
    assert stderr == "tailboard: resources are not sampled: the system gives no more threads\n"
    assert lines(tmp_path / "runs" / "r" / "artifacts.jsonl")[0]["size_bytes"] == 1
    assert lines(tmp_path / "runs" / "r" / "media.jsonl")[0]["width"] == 1


def test_a_program_that_has_run_out_of_files_still_says_how_it_ended(tmp_path: Path) -> None:
    body = (
        "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n" + INIT + "files = []\n"
        "while True:\n    files.append(open(os.devnull))\n"
    )
    code, _, stderr = run_script(tmp_path, body)
    event = finish(tmp_path)
    assert (code, event["status"]) == (1, "failed")
    assert "Too many open files" in event["error"]
    assert "atexit" not in stderr


def test_workers_that_import_the_script_again_make_no_runs(tmp_path: Path) -> None:
    body = INIT.replace("id='r', ", "") + (
        "import multiprocessing\ndef work(number):\n    return number * 2\n"
        "if __name__ == '__main__':\n    with multiprocessing.get_context('spawn').Pool(2) as pool:\n"
        "        print(pool.map(work, range(3)))\n"
    )
    code, stdout, stderr = run_script(tmp_path, body)
    assert (code, stdout) == (0, "[0, 2, 4]\n")
    assert "worker process" in stderr
    (only,) = (tmp_path / "runs").iterdir()
    assert len(lines(only / "metrics.jsonl")) == 1


def test_no_thread_of_ours_imports_while_the_program_may_fork(tmp_path: Path) -> None:
    """A child forked amid an import of another thread waits for ever when it imports the same module."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    body = (
        "from tailboard import gpus\ngpus._NVIDIA_DEVICE = os.devnull\n"  # as where there is a GPU
        "import builtins\nplain = builtins.__import__\nfound = []\n"
        "def watched(name, *rest):\n"
        "    if threading.current_thread() is not threading.main_thread() and name not in sys.modules:\n"
        "        found.append(name)\n    return plain(name, *rest)\nbuiltins.__import__ = watched\n"
        "run = tailboard.init(dir='runs', id='r')\nrun.log_artifact('train.py')\nrun.finish()\n"
        "builtins.__import__ = plain\nprint(found)"
    )
    assert run_script(tmp_path, body) == (0, "[]\n", "")


def test_a_thread_that_fails_leaves_the_run_alone(tmp_path: Path) -> None:
    body = INIT + "thread = threading.Thread(target=lambda: 1 / 0)\nthread.start(); thread.join()\n"
    code, _, stderr = run_script(tmp_path, body)
    assert (code, finish(tmp_path)["status"]) == (0, "finished")
    assert "ZeroDivisionError" in stderr
    assert "ZeroDivisionError" in (tmp_path / "runs" / "r" / "output.log").read_text()


def test_a_folder_that_cannot_be_written_costs_one_warning(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    body = (
        INIT + "run.alert('x'); run.summary.y = 1; run.log_artifact('train.py'); run.finish(); run.log({})\n"
    )
    code, _, stderr = run_script(tmp_path, body)
    assert (code, stderr.count("\n")) == (0, 1)
    assert "nothing is recorded" in stderr
    assert (tmp_path / "runs").read_text() == "a file"
