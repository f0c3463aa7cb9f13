"""Everything that reads runs does so on a tree that really cannot be written to.

To root modes mean nothing, and tests may be run by root: the programs are started without the capability that
says so. Where mounts can be made, the same on a file system that is mounted read-only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from terminal import TAILBOARD, Terminal

ROOT = Path(__file__).resolve().parents[2]

AS_OTHERS = """
import ctypes, os, sys
if os.geteuid() == 0:
    for capability in (1, 2, 3):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Starts a program to which the modes of files apply. Source: capabilities(7), prctl(2)."""

MOUNTED = """mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@\""""

READ_ALL = """
import contextlib, io, json, sys
from tailboard_tui.cli import main

root, elsewhere, *commands = sys.argv[1:]
try:
    open(root + "/killed/new", "w")
except OSError as error:
    done = {"new": [error.errno, "", ""]}
for command in commands:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(command.format(elsewhere=elsewhere).split(" "))
    done[command] = [status, out.getvalue(), err.getvalue()]
print(json.dumps(done))
"""

COMMANDS = (
    "ls", "ls --json", "ls --group lr --sort val/accuracy.best", "show killed", "show killed --json",
    "metrics killed -m *", "compare killed long", "compare killed long --json", "plot killed -m train/loss",
    "tail killed -n 3", "wait long", "export killed long -o {elsewhere}/points.csv",
    "export killed -o {elsewhere}/points.parquet --wide", "convert killed -o {elsewhere}/converted",
    "verify long", "doctor", "completion runs", "archive --list", "rm --list",
)  # fmt: skip
REFUSED = ("archive long", "rm long")


def can_mount() -> bool:
    """Whether this user can mount something for himself."""
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", MOUNTED, "/tmp", "true"], capture_output=True, check=False
    )
    return done.returncode == 0


WAYS = (
    ("modes", "mount") if sys.platform == "linux" and shutil.which("unshare") and can_mount() else ("modes",)
)


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Path]:
    """Two runs of our own and one of another tracker; nobody may write there."""
    root = tmp_path / "runs"
    for source in sorted((ROOT / "sample_runs").glob("*/run.json")):
        name = json.loads(source.read_bytes())["name"]
        if name in ("killed", "long"):
            shutil.copytree(source.parent, root / name)
    shutil.copytree(ROOT / "tests" / "fixtures" / "formats" / "lightning", root / "foreign")
    everything = [root, *root.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    (tmp_path / "elsewhere").mkdir()
    yield root
    for path in everything:
        path.chmod(0o755 if path.is_dir() else 0o644)


def started(way: str, runs: Path) -> list[str]:
    """What stands before a program that is to have `runs` read-only."""
    plain = [sys.executable, "-c", AS_OTHERS]
    return plain if way == "modes" else ["unshare", "-m", "sh", "-c", MOUNTED, str(runs), *plain]


def environment(runs: Path, state: Path) -> dict[str, str]:
    xdg = {f"XDG_{name}_HOME": str(state / name) for name in ("STATE", "CACHE", "CONFIG", "DATA")}
    source = {"PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**os.environ, **xdg, **source, "TAILBOARD_DIR": str(runs)}


def content(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every file and directory with its time, mode and bytes."""
    found = {}
    for path in (root, *sorted(root.rglob("*"))):
        state = path.lstat()
        found[str(path)] = (state.st_mtime_ns, state.st_mode, path.read_bytes() if path.is_file() else b"")
    return found


@pytest.mark.parametrize("way", WAYS)
def test_every_command_that_reads_works_and_those_that_move_say_that_they_cannot(
    way: str, runs: Path, tmp_path: Path
) -> None:
    before = content(runs)
    done = subprocess.run(
        [
            *started(way, runs),
            sys.executable,
            "-c",
            READ_ALL,
            runs,
            tmp_path / "elsewhere",
            *COMMANDS,
            *REFUSED,
        ],
        env=environment(runs, tmp_path / "xdg"),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("new")[0] in (13, 30)  # EACCES, EROFS
    assert not [command for command, (_, out, err) in found.items() if "Traceback" in out + err]
    assert {command: found[command] for command in COMMANDS if found[command][0] not in (0, 1)} == {}
    failed = {command for command in COMMANDS if found[command][0] == 1}
    assert failed <= {"doctor", "verify long"}, found  # its data lies on another machine
    for command in REFUSED:
        status, out, err = found[command]
        assert (status, out) == (1, "")
        assert "long" in err
    assert content(runs) == before


@pytest.mark.parametrize("way", WAYS[-1:])
def test_the_explorer_keeps_a_star_elsewhere_or_says_that_it_could_not_be_written(
    way: str, runs: Path, tmp_path: Path
) -> None:
    before = content(runs)
    program = [*started(way, runs), *TAILBOARD, str(runs)]
    state = tmp_path / "state"
    for is_locked, said in ((False, "the run cannot be"), (True, "it could not be")):  # a notice wraps
        if is_locked:
            shutil.rmtree(state)
            state.mkdir(mode=0o555)
        with Terminal(*program, columns=160, rows=40, env=environment(runs, state)) as terminal:
            terminal.wait_for("killed")
            for key in ("1", "2", "3", "6", "\x1b"):
                terminal.send(key)
                terminal.settle(0.2)
            terminal.send("*")
            terminal.wait_for(said)  # it goes by itself after some seconds
            terminal.send("q")
            assert terminal.wait_end() == 0
            assert "Traceback" not in terminal.text
    assert content(runs) == before
