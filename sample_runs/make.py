"""Make the sample runs anew, by real training on real data.

    pip install -e . --group samples && python sample_runs/make.py

Each run is a process of its own that trains with `train.py` in a throw-away git repository; some
of them are killed, fail or are resumed, as runs are. Afterwards everything that tells of this
machine (paths, host, user, process) is replaced. Takes about a minute.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes, load_digits

HERE = Path(__file__).resolve().parent
WORK = Path("/tmp/digits")
"""Where the trainings run. As long as SHOWN_AS, so that byte offsets stay right when it is replaced."""
SHOWN_AS = "~/my/digits"
RUNS = WORK / "runs"


def main() -> None:
    """Train everything, then move the runs here."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir()
    shutil.copy(HERE / "train.py", WORK)
    for name, source in (("digits", load_digits), ("diabetes", load_diabetes)):
        x, y = source(return_X_y=True)
        np.savez_compressed(WORK / f"{name}.npz", x=x, y=y)
    commit_everything("Train a small network on the digits")
    sweep()
    change_code()
    special_cases()
    for old in HERE.iterdir():
        if (old / "run.json").exists():
            shutil.rmtree(old)
    for run in sorted(RUNS.iterdir()):
        anonymise(run)
        shutil.move(run, HERE / run.name)
    size = sum(file.stat().st_size for file in HERE.rglob("*") if file.is_file())
    print(f"{len(list(HERE.glob('*/run.json')))} runs, {size / 1e6:.1f} MB")


def sweep() -> None:
    """Three learning rates with three seeds each, in one group."""
    for lr in ("0.01", "0.1", "1.0"):
        for seed in ("0", "1", "2"):
            about = ("--name", f"lr-{lr}-seed-{seed}", "--group", "lr-sweep")
            train("digits", *about, "--lr", lr, "--seed", seed, "--pause", "0.01")


def special_cases() -> None:
    """The runs that a viewer must show right although nothing went right."""
    train("diabetes", "--name", "diverges", "--lr", "0.9", "--epochs", "8", "--batch-size", "8",
          "--tags", "unstable", "--notes", "The learning rate is far too high.")  # fmt: skip
    train("digits", "--name", "fails-at-checkpoint", "--epochs", "8",
          "--checkpoint", "checkpoints/last.npz", "--tags", "debug")  # fmt: skip
    train("diabetes", "--name", "long", "--lr", "0.002", "--epochs", "90", "--tags", "baseline", "long")
    train("digits", "--name", "größe-128 ✓", "--hidden", "128", "--epochs", "10", "--tags", "größe")
    train("digits", "--name", "学习率 0.3 – 日本語テスト 🚀", "--lr", "0.3", "--epochs", "10")
    kill("digits", "--name", "killed", "--pause", "0.01", after_lines=356)
    kill("digits", "--name", "no-metrics-yet", "--wait", "60", after_lines=0)
    kill("digits", "--name", "resumed", "--id", "resumed-after-kill", "--checkpoint", "last.npz",
         "--pause", "0.01", "--tags", "resumed", after_lines=330)  # fmt: skip
    train("digits", "--name", "resumed", "--id", "resumed-after-kill", "--checkpoint", "last.npz", "--resume")


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """Start one training in the throw-away repository."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    for name in ("TAILBOARD_DIR", "TAILBOARD_MODE"):
        environment.pop(name, None)
    return subprocess.Popen([sys.executable, "train.py", *arguments], cwd=WORK, env=environment)


def train(*arguments: str) -> None:
    """Run one training to its end, good or bad."""
    start(*arguments).wait()


def kill(*arguments: str, after_lines: int) -> None:
    """Run one training and kill it with SIGKILL once it has logged `after_lines` times."""
    before = set(RUNS.iterdir())
    process = start(*arguments)
    while not (new := set(RUNS.iterdir()) - before) or logged(new.pop()) < after_lines:
        time.sleep(0.01)
    time.sleep(0.5)
    process.send_signal(signal.SIGKILL)
    process.wait()


def logged(run: Path) -> int:
    """Lines of metrics that a run has written."""
    metrics = run / "metrics.jsonl"
    return metrics.read_bytes().count(b"\n") if metrics.exists() else 0


def commit_everything(message: str) -> None:
    """Make a commit in the throw-away repository by nobody in particular."""
    who = ["-c", "user.name=Sample", "-c", "user.email=sample@example.org"]
    (WORK / ".gitignore").write_text("runs/\n*.npz\n")
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=WORK, check=True)
    subprocess.run(["git", "add", "-A"], cwd=WORK, check=True)
    subprocess.run(["git", *who, "commit", "-q", "-m", message], cwd=WORK, check=True)


def change_code() -> None:
    """An uncommitted change, so that the later runs have a diff to show."""
    script = WORK / "train.py"
    script.write_text(script.read_text().replace("(epoch + 1) % 5 == 0", "(epoch + 1) % 4 == 0"))


def anonymise(run: Path) -> None:
    """Take out of one run directory what tells of this machine."""
    replaced = {str(WORK): SHOWN_AS, sys.prefix: ("~/" + "env" * 100)[: len(sys.prefix)]}
    for file in run.iterdir():
        if file.suffix in (".json", ".jsonl", ".log", ".diff"):
            text = file.read_bytes()
            for old, new in replaced.items():
                text = text.replace(old.encode(), new.encode())
            file.write_bytes(text)
    facts = json.loads((run / "run.json").read_text())
    facts.update(
        host="workstation",
        user="me",
        pid=4711,
        boot_id=None,
        process_start=None,
        cwd=SHOWN_AS,
        platform="Linux",
    )
    facts["command"] = "python train.py" + facts["command"].partition("train.py")[2]
    (run / "run.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
