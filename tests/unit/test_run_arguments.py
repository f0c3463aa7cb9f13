"""`tailboard run` reads its usual options without argparse, to the same effect."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from tailboard_tui.commands.run import add_parser, quick_arguments

ROOT = Path(__file__).parents[2]


def by_argparse(words: list[str]) -> dict[str, object]:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    found = vars(parser.parse_args(["run", *words]))
    del found["run"], found["parser"]
    found["command"] = found["command"][found["command"][:1] == ["--"] :]
    return found


@pytest.mark.parametrize(
    "line",
    [
        "-- python train.py --lr 1",
        "python train.py --lr 1",
        "--name x --project=p -- a -- b",
        "--tags a,b --tags c --notes= --group g --job-type eval --id r --dir d -- a",
        "--config lr=1e-3 --config=model.depth=4 --config s=a=b --config e= -- a",
        "--no-git --no-system -- a --no-git",
    ],
)
def test_what_is_read_quickly_is_what_the_parser_reads(line: str) -> None:
    quick = quick_arguments(line.split())
    assert quick is not None
    assert vars(quick) == by_argparse(line.split())


@pytest.mark.parametrize(
    "line",
    [
        *("", "--", "--name x", "--help", "-h -- a", "--nam x -- a", "--nonsense -- a", "--no-git=1 -- a"),
        *("--name -- a", "--config lr -- a", "--config =1 -- a", "--seed 7 -- a", "--parse auto -- a"),
        *("-- -- a", "--=x -- a", "--root d -- a"),
    ],
)
def test_anything_else_is_left_to_the_parser(line: str) -> None:
    assert quick_arguments(line.split()) is None


def test_the_usual_way_to_run_a_program_imports_no_parser() -> None:
    script = (
        f"import os, sys\nsys.path[:0] = {[str(ROOT / 'logger'), str(ROOT / 'tui')]}\n"
        "from tailboard_tui.cli import main\nos.environ['TAILBOARD_MODE'] = 'disabled'\n"
        "os.execvp = lambda *_: print(sorted({'argparse', 'typing', 'shutil'} & set(sys.modules)))\n"
        "main(['run', '--name', 'x', '--', 'true'])"
    )
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
