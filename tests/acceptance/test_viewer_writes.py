"""The viewer writes its XDG directories and, when asked to, annotations.jsonl and the trash: nothing else.

All runs in a process of its own, whose every opening for writing, renaming and removing is noted by an audit
hook, so that a write that is undone again, or one beside the runs, is seen, too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

VIEWER = """
import asyncio, json, os, sys

changes, noted = [], sys.argv[3]
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGING = {"os.mkdir", "os.remove", "os.rmdir", "os.rename", "os.link", "os.symlink", "os.truncate",
            "os.chmod", "os.chown", "os.utime", "os.setxattr"}

def note(event, arguments):
    if event == "open":
        paths = arguments[:1] if arguments[2] & WRITING else ()
    else:
        paths = arguments[:2] if event in CHANGING else ()
    changes.extend(os.fsdecode(path) for path in paths if isinstance(path, str | bytes))

sys.addaudithook(note)
from tailboard_tui.cli import main

root, elsewhere = sys.argv[1:3]

async def explore(keys, is_done=lambda: True):
    from tailboard_tui.app import TailboardApp
    from tailboard_tui.settings import load_settings
    from tailboard_tui.widgets.run_table import RunTable

    app = TailboardApp([root], load_settings())
    async with app.run_test(size=(160, 48)) as pilot:
        while not (found := app.screen.query(RunTable)) or not found.first().model.lines:
            await asyncio.sleep(0.02)
        for key in keys:
            await pilot.press(key)
            await asyncio.sleep(0.05)
        while not is_done():
            await asyncio.sleep(0.02)

for command in (
    ["ls"], ["ls", "--json", "-q", "val/accuracy.best > 0.1", "--sort", "lr"], ["ls", "--group", "lr"],
    ["show", "latest"], ["show", "killed", "--json", "--details"], ["metrics", "killed", "-m", "*"],
    ["compare", "killed", "long"], ["plot", "killed", "-m", "train/loss"], ["tail", "killed", "-n", "3"],
    ["wait", "long"], ["verify", "long"], ["archive", "--list"], ["rm", "--list"], ["completion", "runs"],
    ["doctor"], ["export", "killed", "-o", elsewhere + "/x.csv"], ["convert", "killed", "-o", elsewhere],
):
    main(command)
asyncio.run(explore(["j", *"1i2e3456", "tab", "space", "j", *"6dbsr"]))
looked, changes = changes, []
asyncio.run(explore(["asterisk"], lambda: any(path.endswith("annotations.jsonl") for path in changes)))
written = len(changes)
asyncio.run(explore(["t", "x", "enter", "H"], lambda: len(changes) > written + 1))
for command in (
    ["archive", "long"], ["archive", "--undo"], ["rm", "long"], ["rm", "--undo"],
    ["run", "--dir", elsewhere + "/recorded", "--no-system", "--", sys.executable, "-c", "print(1)"],
):
    main(command)
from tailboard_tui.demo import live_runs
with live_runs() as demo:
    while not os.listdir(demo):
        pass
with open(noted, "w") as file:
    json.dump({"looked": looked, "asked": changes}, file)
"""


def snapshot(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every file and directory with its time, mode and content."""
    found = {}
    for path in (root, *sorted(root.rglob("*"))):
        state = path.lstat()
        found[str(path)] = (state.st_mtime_ns, state.st_mode, path.read_bytes() if path.is_file() else b"")
    return found


def test_the_viewer_writes_only_where_it_says(tmp_path: Path) -> None:
    root, elsewhere, noted = tmp_path / "runs", tmp_path / "elsewhere", tmp_path / "noted.json"
    for name in ("20260101-000000-long", "20260101-000001-killed"):
        chosen = "long" if name.endswith("long") else "killed"
        source = next(
            path.parent
            for path in sorted((ROOT / "sample_runs").glob("*/run.json"))
            if json.loads(path.read_bytes())["name"] == chosen
        )
        shutil.copytree(source, root / name)
    shutil.copytree(ROOT / "tests" / "fixtures" / "formats" / "lightning", root / "foreign")
    elsewhere.mkdir()
    (tmp_path / "temporary").mkdir()
    xdg = {f"XDG_{name}_HOME": str(tmp_path / "xdg" / name) for name in ("STATE", "CACHE", "CONFIG", "DATA")}
    before = snapshot(root)
    subprocess.run(
        [sys.executable, "-c", VIEWER, str(root), str(elsewhere), str(noted)],
        env={
            **os.environ,
            **xdg,
            "TAILBOARD_DIR": str(root),
            "TMPDIR": str(tmp_path / "temporary"),
            "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=120,
    )
    changes = json.loads(noted.read_text())
    allowed = (str(tmp_path / "xdg"), str(elsewhere), "/dev/")
    assert [path for path in changes["looked"] if not path.startswith(allowed)] == []
    allowed = (*allowed, str(root), str(tmp_path / "temporary"), str(noted))
    assert [path for path in changes["asked"] if os.path.isabs(path) and not path.startswith(allowed)] == []
    assert os.listdir(tmp_path / "temporary") == []
    inside = [path for path in changes["asked"] if path.startswith(str(root))]
    assert {Path(path).name for path in inside if ".tailboard-trash" not in path} <= {
        "annotations.jsonl",
        "20260101-000000-long",
    }
    after = snapshot(root)
    kept = {path: after.get(path, (0,))[1:] for path in before}
    told = [path for path in after if path not in before and "/.tailboard-trash" not in path]
    assert [Path(path).name for path in told] == ["annotations.jsonl"]
    assert kept == {path: state[1:] for path, state in before.items()}
