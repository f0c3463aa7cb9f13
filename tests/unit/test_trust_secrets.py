"""No secret that a script holds in the usual places is found in any file of its run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tailboard.redact import HIDDEN, is_secret_name, redact_command, redact_diff, redact_text

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import sys, tailboard
config = {"lr": 0.1, "api_key": "CANARY-1", "db": {"password": "CANARY-2", "url": "postgres://me:CANARY-3@db/x"}}
config["headers"] = {"Authorization": "Bearer CANARY-4-0123456789"}
config["secrets"] = ["CANARY-5"]
with tailboard.init(dir=sys.argv[1], id="r", config=config, git=False, system=False) as run:
    run.config.update({"auth_token": "CANARY-6"})
    run.log({"loss": 1.0})
    run.log_artifact(__file__, role="input")
"""


@pytest.mark.parametrize("name", ["Authorization", "http_authorization", "bearer", "bearer_token"])
def test_what_authorizes_is_a_secret(name: str) -> None:
    assert is_secret_name(name)


def test_a_bearer_token_is_known_by_its_form() -> None:
    assert redact_text("Authorization: Bearer abc.def-0123456789") == f"Authorization: {HIDDEN}"
    assert redact_text("bearer of news") == "bearer of news"
    assert redact_command(["curl", "-H", "Authorization: Bearer abcdef0123456789"])[2].endswith(HIDDEN)


def test_no_file_of_a_run_holds_a_secret(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    secret = ["--api-key", "CANARY-7", "--token=CANARY-8", "--db", "mysql://u:CANARY-9@h/d"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "logger"),
        "WANDB_API_KEY": "CANARY-10",
        "AWS_SECRET_ACCESS_KEY": "CANARY-11",
    }
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "runs"), *secret],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    files = [path for path in (tmp_path / "runs" / "r").rglob("*") if path.is_file()]
    assert {"run.json", "config.json", "metrics.jsonl"} <= {path.name for path in files}
    assert {path.name: path.read_bytes() for path in files if b"CANARY" in path.read_bytes()} == {}
    assert "0.1" in (tmp_path / "runs" / "r" / "config.json").read_text()


@pytest.mark.parametrize("name", ["db_pass", "MYSQL_PWD", "pw", "cookie", "wandb_key", "AZURE_STORAGE_KEY"])
def test_short_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["first_pass", "n_pass", "num_keys", "key_dim", "pw_conv", "pass_at_k", "max_tokens"]
)
def test_hyperparameters_are_no_secrets(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "text",
    [
        "Server=x;User Id=u;Password=CANARY;Timeout=3",
        "AccountName=x;AccountKey=CANARY==;EndpointSuffix=core.windows.net",
        "https://hooks.slack.com/services/T00000000/B00000000/CANARYxxxx",
        "-----BEGIN RSA PRIVATE KEY-----\nCANARY\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nCANARY",
    ],
)
def test_a_secret_is_known_by_its_form(text: str) -> None:
    assert "CANARY" not in redact_text(text)


ADDED = (
    b'API_KEY = "CANARY"',
    b'    "hf_token": "CANARY",',
    b"os.environ['WANDB_API_KEY'] = 'CANARY'",
    b'wandb.login(password="CANARY")',
    b"WANDB_API_KEY=CANARY",
    b"export AWS_SECRET_ACCESS_KEY=CANARY",
    b"password: CANARY",
    b'url = "https://u:CANARY@host/x"',
)
KEPT = (
    *(b"token = tokenizer.next()", b"password: str", b"    api_key: str | None = None", b"lr = 0.1  # token"),
    *(b'pad_token = "<pad>"', b"x = {'max_tokens': 512}", b"\xff\xfe no text"),
)


def test_the_diff_loses_secrets_of_added_lines_and_still_has_all_its_lines() -> None:
    head = b"--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,9 @@\n password = 'old'\n-token = 'older'\n"
    diff = head + b"".join(b"+" + line + b"\n" for line in (*ADDED, *KEPT))
    found = redact_diff(diff)
    assert b"CANARY" not in found
    assert found.startswith(head)
    assert found.endswith(b"".join(b"+" + line + b"\n" for line in KEPT))
    assert found.count(b"\n") == diff.count(b"\n")
    assert redact_diff(found) == found
