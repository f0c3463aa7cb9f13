"""No secret that a script is given by a usual way stands in any file of its run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SCRIPT = """
import argparse, dataclasses, logging
import tailboard

@dataclasses.dataclass
class Login:
    password: str = "hunter2-dataclass"
    user: str = "anna"

config = {
    "lr": 0.1,
    "logger": {"wandb": {"api_key": "hunter2-nested", "entity": "team"}},
    "stores": [{"secret": "hunter2-in-a-list", "bucket": "b"}],
    "database": "postgres://anna:hunter2-url@db/x",
    "login": Login(),
    "args": argparse.Namespace(hf_token="hunter2-namespace", max_tokens=512),
}
with tailboard.init(config=config, notes="see https://u:hunter2-notes@host/x") as run:
    run.config["client_secret"] = "hunter2-later"
    run.config.update({"aws": {"secret_access_key": "hunter2-update"}})
    run.summary["auth_token"] = "hunter2-summary"
    run.log({"loss": 1.0})
    run.use_artifact("https://anna:hunter2-artifact@host/data.csv?token=hunter2-query")
    run.alert("cannot reach https://anna:hunter2-alert@host", "at https://anna:hunter2-alert@host")
"""

ARGUMENTS = ["--api-key", "hunter2-flag", "--password=hunter2-equals", "token=hunter2-override"]
ARGUMENTS += ["--data", "https://anna:hunter2-argument@host/x", "--lr", "0.1"]
ENVIRONMENT = {"WANDB_API_KEY": "hunter2-env", "HF_TOKEN": "hunter2-env2", "SLURM_JWT": "hunter2-env3"}
RECORD = "from tailboard_tui.cli import main; raise SystemExit(main())"


def git(directory: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


@pytest.mark.parametrize("is_recorded", [False, True], ids=["init", "tailboard run"])
def test_no_file_of_a_run_holds_a_secret(tmp_path: Path, is_recorded: bool) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "x")
    git(tmp_path, "remote", "add", "origin", "https://anna:hunter2-remote@host/x.git")
    (tmp_path / "train.py").write_text(SCRIPT)
    paths = os.pathsep.join(str(ROOT / name) for name in ("logger", "tui"))
    command = [sys.executable, "train.py", *ARGUMENTS]
    if is_recorded:
        options = ["--config", "db.password=hunter2-option"]
        command = [sys.executable, "-c", RECORD, "run", *options, "--", *command]
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": paths, "SLURM_JOB_NAME": "job"}
    environment.pop("TAILBOARD_DIR", None)
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    files = [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    found = {path.name: path.read_text() for path in files}
    assert {name for name, text in found.items() if "hunter2" in text} == set()
    assert "hunter2" not in done.stderr
    config = json.loads(found["config.json"])
    assert (config["lr"], config["args"]["max_tokens"], config["login"]["user"]) == (0.1, 512, "anna")
    facts = json.loads(found["run.json"])
    assert facts["git"]["remote"] == "https://[redacted]@host/x.git"
    assert facts["command"].endswith("--lr 0.1")
    assert facts["env"]["SLURM_JOB_NAME"] == "job"
