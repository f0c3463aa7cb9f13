"""What the corpus is made of: a good run, ways to damage it, and the list of faults that they go into."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

POINTS = 20
CANARY = "tailboard-canary"
"""Appears in files that must not be read and in commands that must not run."""

OSC52 = "\x1b]52;c;aGFja2Vk\x07"
HOSTILE = f"x{OSC52}\x1b[2J\x1b]0;pwned\x07\x1bP+q\x1b\\\x9b31m\u202e[@click=app.quit]q[/] [/nope]"


@dataclass(frozen=True)
class Fault:
    """One way in which a run directory can be wrong."""

    name: str
    make: Callable[[Path], object]
    points: int | None
    """Points of `loss` that must be read; None: any number."""
    has_problem: bool | None
    """Whether a problem must be shown; None: either is right."""
    is_listed: bool | None = True
    """Whether the directory is a run at all."""


FAULTS: list[Fault] = []


def fault(
    name: str,
    points: int | None = POINTS,
    problem: bool | None = None,
    is_listed: bool | None = True,
) -> Callable[[Callable[[Path], object]], Callable[[Path], object]]:
    """Register a function that damages a good run directory."""

    def register(make: Callable[[Path], object]) -> Callable[[Path], None]:
        FAULTS.append(Fault(name, make, points, problem, is_listed))
        return make

    return register


def line(step: int, **values: object) -> bytes:
    """A metrics line as the logger writes it."""
    record = {"_step": step, "_timestamp": 1_700_000_000.0 + step, **values}
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def good_run(path: Path) -> None:
    """A run with POINTS points of `loss`, finished."""
    path.mkdir()
    facts = {"format": 1, "id": path.name, "name": path.name, "created": 1_700_000_000.0, "tags": ["good"]}
    (path / "run.json").write_text(json.dumps(facts))
    (path / "config.json").write_text(json.dumps({"lr": 0.1, "model": {"depth": 3}}))
    (path / "metrics.jsonl").write_bytes(b"".join(line(i, loss=1 / (i + 1)) for i in range(POINTS)))
    finish = {"time": 1_700_000_100.0, "event": "finish", "status": "finished", "exit_code": 0}
    (path / "events.jsonl").write_text(json.dumps(finish) + "\n")
    (path / "output.log").write_text("epoch 1\nepoch 2\n")


def metrics(path: Path) -> Path:
    return path / "metrics.jsonl"


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def insert(path: Path, data: bytes) -> None:
    """Put `data` after the tenth line of the metrics."""
    lines = metrics(path).read_bytes().splitlines(keepends=True)
    metrics(path).write_bytes(b"".join(lines[:10]) + data + b"".join(lines[10:]))


def change_run(path: Path, **facts: object) -> None:
    found = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps({**found, **facts}))


def replace(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


def make_socket(path: Path) -> None:
    """A Unix socket at `path`; bound by a short relative name, since the address is limited to 107 bytes."""
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(path.parent)
        with socket.socket(socket.AF_UNIX) as endpoint:
            endpoint.bind(path.name)
    finally:
        os.fchdir(here)
        os.close(here)


def outside_secret(path: Path) -> Path:
    return path.parents[1] / "outside" / "secret.jsonl"


def inserted(name: str, data: bytes, points: int | None = POINTS, problem: bool | None = True) -> None:
    fault(name, points, problem)(lambda path: insert(path, data))


def run_json(name: str, content: bytes, problem: bool | None = True) -> None:
    fault(name, POINTS, problem)(lambda path: (path / "run.json").write_bytes(content))


def facts_of_run(fault_name: str, problem: bool | None = None, /, **facts: object) -> None:
    fault(fault_name, POINTS, problem)(lambda path: change_run(path, **facts))


def file_with(name: str, file: str, content: bytes, problem: bool | None = None) -> None:
    fault(name, POINTS, problem)(lambda path: (path / file).write_bytes(content))
