"""SIGKILL at any moment, several processes and threads: no acknowledged record is lost, no line is mixed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LOGGER = Path(__file__).parents[2] / "logger"

KILLS = """
import json, os, random, signal, struct, sys, time
sys.path.insert(0, {logger!r})
import tailboard
from tailboard import start, recorder, console, background, ending  # so that each child begins at once

root, rounds = sys.argv[1], int(sys.argv[2])
padding = {{"text": "x" * 60_000}}


def train(acknowledged, first, is_wide):
    os.setpgid(0, 0)
    run = tailboard.init(dir=root, id="victim", resume="allow", capture=False, git=False, system=False)
    step = first
    while True:
        run.log({{"loss": 1 / (step + 1), **(padding if is_wide else {{}})}}, step=step)
        os.write(acknowledged, struct.pack("q", step))
        step += 1


random.seed(7)
first = 0
promised = set()
for round_number in range(rounds):
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        train(writable, first, round_number % 3 == 0)
    os.close(writable)
    received = os.read(readable, 8)
    time.sleep(random.uniform(0, 0.008))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while piece := os.read(readable, 1 << 16):
        received += piece
    os.close(readable)
    steps = [item[0] for item in struct.iter_unpack("q", received[: len(received) // 8 * 8])]
    promised.update(steps)
    first = steps[-1] + 1
print(json.dumps(sorted(promised)))
"""


def run_script(source: str, *arguments: str) -> str:
    script = source.format(logger=str(LOGGER))
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, *arguments],  # 3.12 on fork
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def complete_lines(path: Path) -> list[bytes]:
    content = path.read_bytes()
    return content.split(b"\n")[:-1]


def test_after_200_kills_every_acknowledged_step_is_in_the_file_and_the_run_goes_on(tmp_path: Path) -> None:
    promised = json.loads(run_script(KILLS, str(tmp_path), "200"))
    found = set()
    torn = 0
    resumes = 0
    for line in complete_lines(tmp_path / "victim" / "metrics.jsonl"):
        try:
            record = json.loads(line)
        except ValueError:
            torn += 1
            continue
        resumes += record.get("_event") == "resume"
        found.add(record["_step"])
    assert len(promised) >= 200
    assert set(promised) <= found
    assert resumes == 199
    assert torn <= 200  # a kill in the middle of a write costs that one line, which nobody was promised

    run = json.loads((tmp_path / "victim" / "run.json").read_text())
    events = [json.loads(line) for line in complete_lines(tmp_path / "victim" / "events.jsonl")]
    assert run["id"] == "victim"
    assert [event["event"] for event in events] == ["start"] + ["resume"] * 199


CROWD = """
import os, sys, threading
sys.path.insert(0, {logger!r})
import tailboard

root, number = sys.argv[1], int(sys.argv[2])
run = tailboard.init(dir=root, id="crowd", resume="allow", capture=False, git=False, system=False)


def train(thread):
    for index in range(200):
        size = 5000 if index % 50 == 0 else index % 40
        run.log({{"process": number, "thread": thread, "index": index, "text": "y" * size}})


threads = [threading.Thread(target=train, args=(n,)) for n in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_four_processes_of_eight_threads_tear_and_mix_no_line(tmp_path: Path) -> None:
    script = CROWD.format(logger=str(LOGGER))
    processes = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(n)]) for n in range(4)]
    assert [process.wait(timeout=120) for process in processes] == [0] * 4

    lines = (tmp_path / "crowd" / "metrics.jsonl").read_bytes().split(b"\n")
    records = [json.loads(line) for line in lines[:-1]]
    found = {(r["process"], r["thread"], r["index"]) for r in records if "process" in r}
    assert lines[-1] == b""
    assert found == {(p, t, i) for p in range(4) for t in range(8) for i in range(200)}
    assert sum("process" in record for record in records) == len(found)


FORKS = """
import os, sys
sys.path.insert(0, {logger!r})
import tailboard

run = tailboard.init(dir=sys.argv[1], id="fork", git=False, system=False)
run.log({{"parent": 1}}, step=0)
child = os.fork()
if child == 0:
    run.log({{"child": 1}}, step=1)
    sys.exit(3)
os.waitpid(child, 0)
run.log({{"parent": 2}}, step=2)
"""


def test_a_forked_child_may_log_and_its_exit_does_not_end_the_run(tmp_path: Path) -> None:
    run_script(FORKS, str(tmp_path))
    records = [json.loads(line) for line in complete_lines(tmp_path / "fork" / "metrics.jsonl")]
    assert [record["_step"] for record in records] == [0, 1, 2]
    events = [json.loads(line) for line in complete_lines(tmp_path / "fork" / "events.jsonl")]
    assert [(e["event"], e.get("status")) for e in events] == [("start", None), ("finish", "finished")]


STORM = """
import os, signal, sys
sys.path.insert(0, {logger!r})
import tailboard

run = tailboard.init(dir=sys.argv[1], id="storm", capture=False, git=False, system=False)
count = 0


def on_alarm(number, frame):
    global count
    count += 1
    run.log({{"from_handler": count}}, step=count)


signal.signal(signal.SIGALRM, on_alarm)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
for step in range(20_000):
    run.log({{"from_loop": step}}, step=step)
signal.setitimer(signal.ITIMER_REAL, 0)
run.finish()
print(count)
"""


def test_a_signal_handler_that_logs_neither_hangs_nor_tears_a_line(tmp_path: Path) -> None:
    from_handler = int(run_script(STORM, str(tmp_path)))
    records = [json.loads(line) for line in complete_lines(tmp_path / "storm" / "metrics.jsonl")]
    assert from_handler > 0
    assert sum("from_loop" in record for record in records) == 20_000
    assert sum("from_handler" in record for record in records) == from_handler
