"""Where a run started: git without git, the diff, packages, the environment; and what it uses."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import tailboard
from helpers import until
from tailboard import context, gpus, resources
from tailboard.cgroup import Cgroup
from tailboard.repository import read_git, write_diff


def git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=directory, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "code"
    path.mkdir()
    git(path, "init", "-q")
    (path / "train.py").write_text("lr = 1\n")
    git(path, "add", ".")
    git(path, "commit", "-qm", "first")
    return path


def test_commit_branch_and_remote_are_read_without_git(repository: Path) -> None:
    git(repository, "remote", "add", "upstream", "https://x.org/a.git")
    git(repository, "remote", "add", "origin", "https://user:token@x.org/b.git")
    (repository / "deep" / "er").mkdir(parents=True)
    expected = {
        "commit": git(repository, "rev-parse", "HEAD"),
        "branch": "main",
        "remote": "https://[redacted]@x.org/b.git",
    }
    assert read_git(str(repository / "deep" / "er")) == expected
    git(repository, "pack-refs", "--all")
    assert read_git(str(repository)) == expected


def test_a_detached_head_and_a_linked_work_tree_are_understood(repository: Path, tmp_path: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    git(repository, "worktree", "add", "-q", "-b", "side/branch", str(tmp_path / "tree"))
    assert read_git(str(tmp_path / "tree")) == {"commit": commit, "branch": "side/branch"}
    git(repository, "checkout", "-q", "--detach")
    assert read_git(str(repository)) == {"commit": commit}


def test_without_a_repository_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert read_git(str(tmp_path)) == {}
    assert read_git(None) == {}
    (tmp_path / ".git").write_text("nonsense")
    assert read_git(str(tmp_path)) == {}
    assert write_diff(str(tmp_path), str(tmp_path)) is None


def test_a_run_records_dirty_state_and_diff_beside_the_training(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    with tailboard.init(dir=str(tmp_path / "runs"), capture=False, system=False) as clean:
        pass
    (repository / "train.py").write_text("lr = 2\n")
    with tailboard.init(dir=str(tmp_path / "runs"), capture=False, system=False) as dirty:
        pass
    facts = [json.loads((Path(run.dir) / "run.json").read_text())["git"] for run in (clean, dirty)]
    assert [fact["dirty"] for fact in facts] == [False, True]
    assert not (Path(clean.dir) / "git.diff").exists()
    assert "+lr = 2" in (Path(dirty.dir) / "git.diff").read_text()
    assert "pytest==" in (Path(dirty.dir) / "packages.txt").read_text()


def test_a_huge_diff_is_cut_at_a_line_and_says_so(repository: Path, tmp_path: Path) -> None:
    (repository / "train.py").write_text("x = 1234567\n" * 200_000)
    assert write_diff(str(tmp_path), str(repository)) is True
    lines = (tmp_path / "git.diff").read_text().split("\n")
    assert lines[-2].startswith("# cut by tailboard")
    assert lines[-3] == "+x = 1234567"
    assert (tmp_path / "git.diff").stat().st_size < 1024 * 1024 + 200


def test_only_the_allowed_variables_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "SLURM_JOB_ID",
        "RANK",
        "CUDA_VISIBLE_DEVICES",
        "SLURM_JWT",
        "AWS_SECRET_ACCESS_KEY",
        "HOME",
    ):
        monkeypatch.setenv(name, "1")
    assert {"SLURM_JOB_ID", "RANK", "CUDA_VISIBLE_DEVICES"} <= set(context.environment())
    assert not {"SLURM_JWT", "AWS_SECRET_ACCESS_KEY", "HOME"} & set(context.environment())


def test_commands_are_quoted_and_secrets_hidden() -> None:
    assert context.command(["python", "a b.py", "--token", "x"]) == "python 'a b.py' --token '[redacted]'"


def counts(path: Path) -> list[int]:
    """Processes of the tree, sample by sample; others of this test session's may be among them."""
    return [json.loads(line).get("process/count", 0) for line in path.read_text().splitlines()]


def test_samples_hold_the_fields_of_the_contract(tmp_path: Path) -> None:
    run = tailboard.init(dir=str(tmp_path), capture=False, git=False, system=0.05)
    path = Path(run.dir) / "system.jsonl"
    child = subprocess.Popen(["sleep", "30"])
    try:
        until(lambda: any(count > 1 for count in counts(path)))
    finally:
        child.kill()
        child.wait()
    run.finish()
    samples = [json.loads(line) for line in path.read_text().splitlines()]
    assert set(samples[-1]) >= {
        *("_timestamp", "cpu/percent", "process/cpu_percent", "memory/used_bytes", "memory/total_bytes"),
        *(
            "process/rss_bytes",
            "disk/read_bytes",
            "disk/written_bytes",
            "net/sent_bytes",
            "net/received_bytes",
        ),
    }
    assert all(0 <= sample["cpu/percent"] <= 100 for sample in samples if "cpu/percent" in sample)
    assert 0 < samples[-1]["memory/used_bytes"] <= samples[-1]["memory/total_bytes"]


def test_limits_of_a_cgroup_are_respected(tmp_path: Path) -> None:
    inner = tmp_path / "fs" / "job" / "step"
    inner.mkdir(parents=True)
    (tmp_path / "own").write_text("0::/job/step\n")
    (inner / "memory.max").write_text("max\n")
    (inner.parent / "memory.max").write_text("1000000\n")
    (inner.parent / "memory.current").write_text("600000\n")
    (inner.parent / "memory.stat").write_text("anon 1\ninactive_file 100000\n")
    (inner / "cpu.max").write_text("150000 100000\n")
    (inner / "cpu.stat").write_text("usage_usec 2500000\n")
    cgroup = Cgroup(str(tmp_path / "fs"), str(tmp_path / "own"))
    assert (cgroup.memory_limit_bytes(), cgroup.memory_used_bytes()) == (1_000_000, 500_000)
    assert (cgroup.cpu_quota(), cgroup.cpu_used_s()) == (1.5, 2.5)


def test_limits_of_the_older_cgroups_are_respected(tmp_path: Path) -> None:
    inner = tmp_path / "fs" / "memory" / "job"
    inner.mkdir(parents=True)
    (tmp_path / "own").write_text("3:memory:/job\n2:cpu,cpuacct:/\n")
    (inner / "memory.limit_in_bytes").write_text("2000000\n")
    (inner / "memory.usage_in_bytes").write_text("900000\n")
    (inner / "memory.stat").write_text("total_inactive_file 100000\n")
    cgroup = Cgroup(str(tmp_path / "fs"), str(tmp_path / "own"))
    assert (cgroup.memory_limit_bytes(), cgroup.memory_used_bytes()) == (2_000_000, 800_000)
    (inner / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert cgroup.memory_limit_bytes() is None


def test_without_cgroups_there_is_no_limit(tmp_path: Path) -> None:
    cgroup = Cgroup(str(tmp_path), str(tmp_path / "none"))
    assert (cgroup.memory_limit_bytes(), cgroup.cpu_quota()) == (None, None)


def test_the_process_tree_holds_grandchildren() -> None:
    child = subprocess.Popen(["sh", "-c", "sleep 30 & wait"])
    try:
        until(lambda: len(resources.process_tree(os.getpid())) >= 3)
        assert child.pid in resources.process_tree(os.getpid())
    finally:
        subprocess.run(["pkill", "-P", str(child.pid)], check=False)
        child.wait()


SMI = """0, GPU-aaa, 35, 2048, 81920, 120.5, 45
1, GPU-bbb, [N/A], 1, 81920, [Not Supported], 40
garbage
"""


def test_the_answer_of_nvidia_smi_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    found = gpus.parse_nvidia_smi(SMI)
    assert found["gpu/0/util_percent"] == 35
    assert found["gpu/0/memory_used_bytes"] == 2048 * 1024**2
    assert (found["gpu/0/power_watts"], found["gpu/0/temp_celsius"]) == (120.5, 45)
    assert "gpu/1/util_percent" not in found
    assert found["gpu/1/temp_celsius"] == 40


@pytest.mark.parametrize(
    ("chosen", "seen"),
    [(None, {0, 1}), ("", set()), ("1", {1}), ("GPU-aaa", {0}), ("GPU-a,1", {0, 1}), ("-1", set())],
)
def test_gpus_that_the_run_may_not_use_are_left_out(
    monkeypatch: pytest.MonkeyPatch, chosen: str | None, seen: set[int]
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if chosen is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert {int(name.split("/")[1]) for name in gpus.parse_nvidia_smi(SMI)} == seen


class FakeNvml:
    """NVML with one GPU of a driver that does not know its power."""

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:
        count._obj.value = 1
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index: Any, handle: Any) -> int:
        return 0

    def nvmlDeviceGetUUID(self, handle: Any, uuid: Any, size: Any) -> int:
        uuid.value = b"GPU-x"
        return 0

    def nvmlDeviceGetUtilizationRates(self, handle: Any, rates: Any) -> int:
        rates._obj[0] = 77
        return 0

    def nvmlDeviceGetMemoryInfo(self, handle: Any, memory: Any) -> int:
        memory._obj[0], memory._obj[2] = 80 * 2**30, 3 * 2**30
        return 0

    def nvmlDeviceGetPowerUsage(self, handle: Any, value: Any) -> int:
        return 3

    def nvmlDeviceGetTemperature(self, handle: Any, sensor: Any, value: Any) -> int:
        value._obj.value = 61
        return 0


def test_nvml_is_read_and_what_it_does_not_know_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpus.Nvml(FakeNvml()).sample() == {  # type: ignore[arg-type]
        "gpu/0/util_percent": 77,
        "gpu/0/memory_used_bytes": 3 * 2**30,
        "gpu/0/memory_total_bytes": 80 * 2**30,
        "gpu/0/temp_celsius": 61,
    }
