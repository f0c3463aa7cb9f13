"""The whole fault corpus at once: every fault survived, every good run beside it exact."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from faults.corpus import CANARY, FAULTS, GOOD_RUNS, POINTS, STRANGE_DIRECTORIES, Fault, build

ROOT = Path(__file__).resolve().parents[2]
MEMORY_LIMIT_MIB = 400


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Fault]]:
    root = tmp_path_factory.mktemp("faults") / "root"
    root.mkdir()
    return root, build(root)


@pytest.fixture(scope="module")
def listed(corpus: tuple[Path, dict[str, Fault]]) -> dict[str, dict[str, Any]]:
    """What `tailboard ls --json` says of the corpus, by directory name."""
    root, _ = corpus
    done = tailboard("ls", "--json", str(root), cwd=root)
    assert done.returncode == 0, done.stderr[-2000:]
    assert b"Traceback (most recent call last)" not in done.stderr
    runs = [json.loads(line, parse_constant=refuse) for line in done.stdout.decode().splitlines()]
    return {os.path.basename(run["path"]): run for run in runs}


def refuse(token: str) -> None:
    raise AssertionError(f"{token} is not strict JSON")


def tailboard(
    *arguments: str, cwd: Path, program: tuple[str, ...] = ("-m", "tailboard_tui")
) -> subprocess.CompletedProcess[bytes]:
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}",
        "PYTHONSAFEPATH": "1",
        "XDG_CACHE_HOME": str(cwd.parent / "cache"),
        "XDG_STATE_HOME": str(cwd.parent / "state"),
        "XDG_CONFIG_HOME": str(cwd.parent / "config"),
    }
    return subprocess.run(
        [sys.executable, *program, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        timeout=120,
        check=False,
    )


def test_there_are_at_least_a_hundred_faults() -> None:
    assert len(FAULTS) + STRANGE_DIRECTORIES >= 100
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_good_runs_beside_the_faults_are_exact(listed: dict[str, dict[str, Any]]) -> None:
    for number in range(GOOD_RUNS):
        run = listed[f"good-{number}"]
        assert run["format"] == 1
        assert run["status"] == "finished"
        assert run["config"] == {"lr": 0.1, "model.depth": 3}
        assert run["problems"] == []
        stats = run["metrics"]["loss"]
        assert (stats["count"], stats["first"], stats["last"]) == (POINTS, 1.0, 1 / POINTS)
        assert (stats["min"], stats["min_step"], stats["max"], stats["max_step"]) == (1 / POINTS, 19, 1.0, 0)
        assert (stats["last_step"], stats["nan_count"]) == (19, 0)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_the_fault_costs_no_more_than_it_must(fault: Fault, listed: dict[str, dict[str, Any]]) -> None:
    run = listed.get(f"fault-{fault.name}")
    if fault.is_listed:
        assert run is not None
    if run is None:
        return
    if fault.points is not None:
        assert run["metrics"].get("loss", {"count": 0})["count"] == fault.points
    if fault.has_problem is not None:
        assert bool(run["problems"]) == fault.has_problem, run["problems"]
    for problem in run["problems"]:
        assert set(problem) == {"file", "line", "message"}
        assert problem["message"]


def test_nothing_outside_the_root_is_read(listed: dict[str, dict[str, Any]]) -> None:
    assert CANARY not in json.dumps(listed)
    assert "dir-outside" not in listed


def test_nothing_of_the_data_was_run(corpus: tuple[Path, dict[str, Fault]], listed: object) -> None:
    assert not list(corpus[0].parent.rglob(CANARY))


def test_showing_each_run_gives_one_object_or_one_line(corpus: tuple[Path, dict[str, Fault]]) -> None:
    root, _ = corpus
    for name in ("fault-garbage-block", "fault-run-half", "fault-fifo-metrics", "fault-run-name-escape"):
        done = tailboard("show", "--json", str(root / name), cwd=root)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout, parse_constant=refuse)["format"] == 1
        text = tailboard("show", str(root / name), cwd=root)
        assert text.returncode == 0
        assert b"\x1b" not in text.stdout
        assert b"\x9b" not in text.stdout.decode().encode("latin-1", "ignore")


DRAW_MEDIA = """
import glob, json, os, resource, sys
from tailboard_tui.plot.spec import Look
from tailboard_tui.text.graphics import Graphics
from tailboard_tui.store.media import MediaStore
from tailboard_tui.widgets.media_content import draw_record

drawn = {}
for run in glob.glob(sys.argv[1] + "/fault-media-*"):
    records = MediaStore(run).read()
    drawn[os.path.basename(run)] = [
        draw_record(run, records[: at + 1], at, 80, 24, Look(), Graphics("kitty")).cells.text()
        for at in range(min(len(records), 9))
    ]
peak_kib = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print(json.dumps({"drawn": drawn, "peak_mib": int(peak_kib) / 1024}))
"""


def test_each_picture_table_and_text_is_drawn_or_says_why(corpus: tuple[Path, dict[str, Fault]]) -> None:
    root, found = corpus
    done = tailboard(str(root), cwd=root, program=("-c", DRAW_MEDIA))
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr == b""
    told = json.loads(done.stdout)
    drawn: dict[str, list[str]] = told["drawn"]
    assert drawn.keys() == {name for name in found if name.startswith("fault-media-")}
    pictures = [texts[0] for name, texts in drawn.items() if (root / name / "media").exists()]
    assert len(pictures) >= 20
    assert [text for text in pictures if "cannot be shown" not in text] == []
    assert CANARY not in done.stdout.decode()
    assert "root:" not in done.stdout.decode()
    assert not list(root.parent.rglob(CANARY))
    shown = "".join(text for texts in drawn.values() for text in texts).replace("\n", "")
    assert [
        char for char in shown if ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u202e\u2066"
    ] == []
    assert told["peak_mib"] < MEMORY_LIMIT_MIB


def test_memory_stays_bounded_on_the_whole_corpus(listed: object) -> None:
    peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    assert peak_mib < MEMORY_LIMIT_MIB
