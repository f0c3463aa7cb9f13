"""Faults while the explorer is open: each survived, while the run beside it goes on live and exact."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from faults.corpus import HOSTILE, append, good_run, line, metrics, replace
from terminal import TAILBOARD, Terminal


def _lines(count: int) -> bytes:
    return b"".join(line(step, loss=3.0) for step in range(count))


def _rewrite(path: Path, count: int) -> None:
    metrics(path).write_bytes(_lines(count))


def _rename_over(path: Path, data: bytes) -> None:
    other = path / "metrics.new"
    other.write_bytes(data)
    other.rename(metrics(path))


def _recreate(path: Path) -> None:
    shutil.rmtree(path)
    time.sleep(0.6)
    good_run(path)


def _away_and_back(path: Path) -> None:
    away = path.with_name("away")
    path.rename(away)
    time.sleep(0.6)
    away.rename(path)


def _many_directories(path: Path) -> None:
    for number in range(500):
        (path.parent / f"burst-{number:03}").mkdir()


def _many_runs(path: Path) -> None:
    for number in range(50):
        good_run(path.parent / f"busy-{number:02}")
    for step in range(20, 60):
        for number in range(50):
            append(metrics(path.parent / f"busy-{number:02}"), line(step, loss=0.1))


def _touch_storm(path: Path) -> None:
    for _ in range(500):
        os.utime(metrics(path))


def _long_line_growing(path: Path) -> None:
    append(metrics(path), b'{"a":"')
    for _ in range(30):
        append(metrics(path), b"x" * 100_000)
    append(metrics(path), b'"}\n')


def _byte_by_byte(path: Path) -> None:
    for byte in line(77, loss=0.7):
        append(metrics(path), bytes([byte]))


FAULTS: dict[str, Callable[[Path], object]] = {
    "truncated to nothing": lambda path: os.truncate(metrics(path), 0),
    "truncated in a line": lambda path: os.truncate(metrics(path), 100),
    "truncated and regrown past its size": lambda path: _rewrite(path, 40),
    "rewritten with the same size": lambda path: metrics(path).write_bytes(
        metrics(path).read_bytes().replace(b"1", b"2")
    ),
    "replaced by rename, longer": lambda path: _rename_over(
        path, b"".join(line(i, loss=3.0) for i in range(50))
    ),
    "replaced by rename, shorter": lambda path: _rename_over(path, _lines(1)),
    "deleted": lambda path: metrics(path).unlink(),
    "run directory deleted and made again": _recreate,
    "run directory renamed away and back": _away_and_back,
    "became a FIFO": lambda path: replace(metrics(path), os.mkfifo),
    "became a directory": lambda path: replace(metrics(path), Path.mkdir),
    "became a link to /dev/zero": lambda path: replace(metrics(path), lambda at: at.symlink_to("/dev/zero")),
    "became a link to itself": lambda path: replace(metrics(path), lambda at: at.symlink_to(at.name)),
    "unreadable": lambda path: path.chmod(0),
    "garbage appended": lambda path: append(metrics(path), os.urandom(20_000) + b"\n"),
    "a megabyte line growing": _long_line_growing,
    "byte by byte": _byte_by_byte,
    "NUL pages appended": lambda path: append(metrics(path), b"\0" * 65_536),
    "100,000 lines at once": lambda path: append(metrics(path), line(99, loss=0.5) * 100_000),
    "1,000 new metrics": lambda path: append(
        metrics(path), b"".join(line(i, **{f"new/{i}": 1.0}) for i in range(1_000))
    ),
    "hostile names appended": lambda path: append(metrics(path), line(99, **{HOSTILE: 1.0, "[/x]": 2.0})),
    "touch storm": _touch_storm,
    "run.json torn": lambda path: (path / "run.json").write_text('{"format": 1, "na'),
    "run.json hostile": lambda path: (path / "run.json").write_text(json.dumps({"name": HOSTILE})),
    "config rewritten": lambda path: (path / "config.json").write_text(json.dumps({HOSTILE: 1})),
    "output grows wildly": lambda path: append(
        path / "output.log", HOSTILE.encode("utf-8", "replace") * 20_000
    ),
    "output truncated": lambda path: os.truncate(path / "output.log", 0),
    "sparse growth": lambda path: os.truncate(metrics(path), 64 * 1024 * 1024),
    "500 directories at once": _many_directories,
    "50 busy runs": _many_runs,
}


def test_each_fault_is_survived_while_the_live_run_stays_exact(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    live = root / "zz-live"
    good_run(live)
    facts = json.loads((live / "run.json").read_text())
    (live / "run.json").write_text(json.dumps({**facts, "created": time.time() + 3600}))
    (live / "events.jsonl").unlink()
    env = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CACHE", "STATE", "CONFIG")}
    survived = []
    with Terminal(*TAILBOARD, str(root), columns=140, env=env) as terminal:
        terminal.wait_for("zz-live")
        terminal.send("g")
        for number, (name, act) in enumerate(FAULTS.items(), start=1):
            victim = root / f"victim-{number:02}"
            good_run(victim)
            terminal.wait_for(victim.name)
            terminal.send("j")
            terminal.read(0.1)
            act(victim)
            terminal.read(0.2)
            terminal.send("g")
            append(metrics(live), line(100 + number, loss=0.001 * number))
            terminal.wait_for(rf"step {100 + number}\b")
            if victim.exists():
                victim.chmod(0o755)
                shutil.rmtree(victim)
            for pattern in ("burst-*", "busy-*"):
                for path in root.glob(pattern):
                    shutil.rmtree(path)
            survived.append(name)
        terminal.send("q")
        assert terminal.wait_end() == 0
        assert terminal.is_restored
        assert b"\x1b]52" not in terminal.raw
        assert b"\x1b]0;pwned" not in terminal.raw
    print(f"{len(FAULTS)} tried, {len(survived)} survived")
    assert len(survived) == len(FAULTS) >= 25
