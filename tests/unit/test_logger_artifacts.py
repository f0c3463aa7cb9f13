"""Data pins: digests that coreutils confirms, pointers of DVC and git-lfs, and what `verify` says later."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import tailboard
from tailboard import Run
from tailboard.artifacts import Digests, measure
from tailboard_tui.commands import verify
from tailboard_tui.formats.base import RunFacts


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(tmp_path: Path) -> Any:
    with tailboard.init(dir=str(tmp_path / "runs"), capture=False, git=False, system=False) as run:
        yield run


def pins(run: Run) -> list[dict[str, Any]]:
    run.finish()
    return [json.loads(line) for line in (Path(run.dir) / "artifacts.jsonl").read_text().splitlines()]


def test_a_file_is_pinned_by_size_and_digest(run: Run, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_bytes(b"a,b\n1,2\n")
    run.log_artifact("train.csv", role="input", version="v2", aliases=["latest"])
    (pin,) = pins(run)
    assert (pin["name"], pin["role"], pin["uri"]) == ("train.csv", "input", "train.csv")
    assert (pin["version"], pin["aliases"], pin["size_bytes"]) == ("v2", ["latest"], 8)
    assert pin["sha256"] == hashlib.sha256(b"a,b\n1,2\n").hexdigest()


def test_the_digest_of_a_directory_is_the_documented_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in ("b.txt", "a b.txt", "sub/ä.txt", "sub/deep/x", "a"):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(name)
    found = measure(str(data))
    command = "find . -type f | LC_ALL=C sort | sed 's/^..//' | xargs -d '\\n' sha256sum | sha256sum"
    done = subprocess.run(["sh", "-c", command], cwd=data, capture_output=True, text=True, check=True)
    assert found["sha256"] == done.stdout.split()[0]
    sizes = [path.stat().st_size for path in data.rglob("*") if path.is_file()]
    assert (found["files"], found["size_bytes"]) == (5, sum(sizes))


def test_uris_keep_no_credentials_and_have_no_digest(run: Run) -> None:
    run.use_artifact("s3://user:pass@bucket/data")
    run.log_artifact("hf://models/x", name="weights")
    assert [(p["name"], p["role"], p["uri"], "sha256" in p) for p in pins(run)] == [
        ("data", "input", "s3://[redacted]@bucket/data", False),
        ("weights", "output", "hf://models/x", False),
    ]


def test_wandbs_artifacts_pin_their_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"a")
    (tmp_path / "b.bin").write_bytes(b"b")
    artifact = tailboard.Artifact("model", type="model", metadata={"x": 1})
    artifact.add_file(str(tmp_path / "a.bin"))
    artifact.add_file("b.bin", name="inside")
    assert run.log_artifact(artifact, aliases=["best"]) is artifact
    run.log_artifact("a.bin", "by-name", type="model")  # type: ignore[arg-type]  # wandb's order
    assert [(p["name"], p["type"], p["role"]) for p in pins(run)] == [
        ("model/a.bin", "model", "output"),
        ("model/b.bin", "model", "output"),
        ("by-name", "model", "output"),
    ]


@pytest.mark.parametrize("path", ["missing", "fifo", "loop"])
def test_what_cannot_be_read_is_recorded_as_such(run: Run, tmp_path: Path, path: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    run.log_artifact(path)
    (pin,) = pins(run)
    assert "cannot be read" in pin["problem"]
    assert "sha256" not in pin


def test_a_git_lfs_pointer_stands_for_the_data(tmp_path: Path) -> None:
    pointer = tmp_path / "weights.bin"
    pointer.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n")
    assert measure(str(pointer)) == {"size_bytes": 12345, "sha256": "a" * 64, "lfs_pointer": True}


def test_a_dvc_file_tells_digest_and_size(tmp_path: Path) -> None:
    (tmp_path / "data.csv.dvc").write_text(
        "outs:\n- md5: 22a1a2931c8370d3aeedd7183606fd7f\n  size: 14445097\n  path: data.csv\n"
    )
    stated = {"dvc_md5": "22a1a2931c8370d3aeedd7183606fd7f", "size_bytes": 14445097}
    assert measure(str(tmp_path / "data.csv.dvc")) == stated
    assert measure(str(tmp_path / "data.csv")) == stated
    (tmp_path / "data.csv").write_text("x")
    found = measure(str(tmp_path / "data.csv"))
    assert (found["dvc_md5"], found["size_bytes"]) == (stated["dvc_md5"], 1)
    assert found["sha256"] == hashlib.sha256(b"x").hexdigest()


def test_a_digest_is_remembered_until_the_file_changes(tmp_path: Path) -> None:
    data, memory = tmp_path / "x", str(tmp_path / "memory" / "digests.jsonl")
    data.write_bytes(b"one")
    os.utime(data, (1_000_000, 1_000_000))
    first = Digests(memory)
    digest = first.of_file(str(data))
    first.save()
    inode = data.stat().st_ino
    with data.open("r+b") as file:
        file.write(b"two")
    os.utime(data, (1_000_000, 1_000_000))
    assert data.stat().st_ino == inode
    assert Digests(memory).of_file(str(data)) == digest  # same inode, size and time: not read again
    os.utime(data, (1_000_001, 1_000_001))
    assert Digests(memory).of_file(str(data))[1] == hashlib.sha256(b"two").hexdigest()


def test_a_file_changed_just_now_is_not_remembered(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"one")
    digests = Digests(str(tmp_path / "memory"))
    digests.of_file(str(tmp_path / "x"))
    digests.save()
    assert not (tmp_path / "memory").exists()


def test_a_damaged_memory_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "memory").write_bytes(b'\xff\x00{"a"\n[1]\n5\n')
    (tmp_path / "x").write_bytes(b"one")
    assert Digests(str(tmp_path / "memory")).of_file(str(tmp_path / "x"))[0] == 3


def facts(pins: list[dict[str, Any]], cwd: Path) -> RunFacts:
    return RunFacts(id="r", name="r", source="tailboard", path=str(cwd), cwd=str(cwd), artifacts=tuple(pins))


def test_verify_says_what_became_of_each_pin(run: Run, tmp_path: Path) -> None:
    for name in ("same", "changed", "gone", "became-fifo"):
        (tmp_path / name).write_text(name)
        run.log_artifact(name, role="input")
    run.log_artifact("never-there")
    run.use_artifact("s3://bucket/x")
    found = pins(run)
    (tmp_path / "changed").write_text("other text")
    (tmp_path / "gone").unlink()
    (tmp_path / "became-fifo").unlink()
    os.mkfifo(tmp_path / "became-fifo")
    states = {finding.name: finding.state for finding in verify.verify(facts(found, tmp_path))}
    assert states == {
        "same": "same",
        "changed": "changed",
        "gone": "missing",
        "became-fifo": "unreadable",
        "never-there": "not checked",
        "x": "not checked",
    }


def test_of_two_pins_of_one_file_the_last_counts(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("now")
    digest = hashlib.sha256(b"now").hexdigest()
    old = {"name": "x", "role": "output", "uri": "x", "sha256": "0" * 64, "size_bytes": 1}
    (finding,) = verify.verify(facts([old, {**old, "sha256": digest}], tmp_path))
    assert finding.state == "same"
