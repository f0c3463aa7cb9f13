"""Running `tailboard run` in tests, and reading what it has recorded into `tmp_path / "r"`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

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
