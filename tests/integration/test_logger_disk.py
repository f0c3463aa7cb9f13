"""A disk that is full, gone or broken costs one warning and, at worst, the lines that no queue could hold."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LOGGER = Path(__file__).parents[2] / "logger"

HEAD = f"""
import errno, os, resource, shutil, sys, time
sys.path.insert(0, {str(LOGGER)!r})
import tailboard

def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
"""
INIT = """
run = tailboard.init(dir=sys.argv[1], id="r", git=False, system=False)
until(lambda: run.is_disabled or os.path.exists(run.dir + "/packages.txt"))
"""


def trained(body: str, root: Path, *wrapper: str) -> tuple[str, str]:
    """What a script printed to stdout and stderr; it has to end well."""
    done = subprocess.run(
        [*wrapper, sys.executable, "-c", HEAD + body, str(root)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def records(root: Path) -> tuple[list[dict[str, Any]], int]:
    """The complete records of the run's metrics, and the number of damaged lines."""
    good, bad = [], 0
    for line in (root / "r" / "metrics.jsonl").read_bytes().split(b"\n"):
        try:
            good.append(json.loads(line))
        except ValueError:
            bad += line != b""
    return good, bad


def can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    test = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(test, capture_output=True).returncode == 0


FULL = (
    INIT
    + """
ballast = os.path.join(sys.argv[1], "ballast")
for step in range(100):
    run.log({"a": step}, step=step)
file = os.open(ballast, os.O_WRONLY | os.O_CREAT)
try:
    while True:
        os.write(file, b"x" * 4096)
except OSError as error:
    assert error.errno == errno.ENOSPC
for step in range(100, 400):
    run.log({"a": step, "text": "y" * 100}, step=step)
os.close(file)
os.unlink(ballast)
until(lambda: (run.log({"late": 1}, step=400), run._metrics.waiting == 0)[1])
for step in range(401, 600):
    run.log({"a": step}, step=step)
run.finish()
shutil.copytree(run.dir, sys.argv[2])
"""
)


@pytest.mark.skipif(not can_mount(), reason="needs user namespaces with tmpfs")
def test_a_full_disk_loses_no_line_once_it_has_room_again(tmp_path: Path) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    script = tmp_path / "train.py"
    script.write_text(HEAD + FULL)
    command = (
        f"mount -t tmpfs -o size=512k none {mount} && exec {sys.executable} {script} {mount} {tmp_path / 'r'}"
    )
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", command], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    good, bad = records(tmp_path)
    assert {record["_step"] for record in good} == set(range(600))
    assert bad <= 1
    assert done.stderr.count("cannot write") == 1


LIMITED = (
    INIT
    + """
size = os.path.getsize(run.dir + "/metrics.jsonl")
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
for step in range(300):
    run.log({"a": step}, step=step)
assert run._metrics.waiting > 0
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
until(lambda: (run.log({"late": 1}, step=300), run._metrics.waiting == 0)[1])
"""
)


def test_a_file_size_limit_stops_nothing_and_what_waited_is_written_after_it(tmp_path: Path) -> None:
    _, stderr = trained(LIMITED, tmp_path)
    good, bad = records(tmp_path)
    assert {record["_step"] for record in good} == set(range(301))
    assert bad == 1  # the line that the limit cut
    assert stderr.count("cannot write") == 1


GONE = (
    INIT
    + """
run.log({"a": 0}, step=0)
shutil.rmtree(run.dir)
end = time.monotonic() + 1.5
step = 0
while time.monotonic() < end:
    step += 1
    run.log({"a": step}, step=step)
    print("line", step)
    time.sleep(0.01)
run.summary["best"] = 1
run.finish()
print("went on")
"""
)


def test_a_deleted_directory_costs_warnings_only(tmp_path: Path) -> None:
    stdout, stderr = trained(GONE, tmp_path)
    assert stdout.endswith("went on\n")
    assert stderr.count("cannot write") == 1
    assert not (tmp_path / "r").exists()


BACK = (
    INIT
    + """
shutil.rmtree(run.dir)
until(lambda: (run.log({"early": 1}, step=0), run._metrics.waiting)[1])
run.log({"a": 1}, step=1)
os.mkdir(run.dir)
until(lambda: (run.log({"late": 1}, step=2), run._metrics.waiting == 0)[1])
run.log({"a": 3}, step=3)
"""
)


def test_what_waited_is_written_when_the_directory_is_there_again(tmp_path: Path) -> None:
    trained(BACK, tmp_path)
    good, bad = records(tmp_path)
    assert bad == 0
    assert {1, 2, 3} <= {record["_step"] for record in good}


CLOSED = (
    INIT
    + """
run.log({"a": 0}, step=0)
for fd in range(3, 4096):
    try:
        os.close(fd)
    except OSError:
        pass
others = [open(os.path.join(sys.argv[1], f"checkpoint{n}"), "wb") for n in range(40)]
for step in range(1, 50):
    run.log({"a": step}, step=step)
until(lambda: (run.log({"late": 1}, step=50), run._metrics.waiting == 0)[1])
for other in others:
    other.write(b"weights")
    other.close()
"""
)


def test_a_library_that_closes_our_descriptors_gets_none_of_our_lines_into_its_files(tmp_path: Path) -> None:
    _, stderr = trained(CLOSED, tmp_path)
    good, bad = records(tmp_path)
    assert {record["_step"] for record in good} == set(range(51))
    assert bad == 0
    assert stderr.count("cannot write") == 1
    for number in range(40):
        assert (tmp_path / f"checkpoint{number}").read_bytes() == b"weights"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_gives_a_run_that_records_nothing(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    _, stderr = trained(INIT + "run.log({'a': 1})\nprint(run.dir)", tmp_path)
    assert stderr.count("tailboard:") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_root_that_is_a_file_gives_a_run_that_records_nothing(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    root.write_text("not a folder")
    stdout, stderr = trained(
        INIT + "run.log({'a': 1})\nrun.config.lr = 1\nrun.finish()\nprint('went on')", root
    )
    assert stdout == "went on\n"
    assert stderr.count("tailboard:") == 1


LATE_QUEUE = (
    INIT
    + """
from tailboard import writer
writer.BACKLOG_BYTES = 10_000
shutil.rmtree(run.dir)
until(lambda: (run.log({"early": 1}, step=0), run._metrics.waiting)[1])
for step in range(1, 1000):
    run.log({"a": step}, step=step)
assert run._metrics.waiting < 500
"""
)


def test_the_queue_in_memory_is_bounded_and_says_what_it_drops(tmp_path: Path) -> None:
    _, stderr = trained(LATE_QUEUE, tmp_path)
    assert "are being dropped" in stderr
    assert "lines of the run could not be written" in stderr
