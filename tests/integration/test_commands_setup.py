"""The command line itself, `doctor` and `completion`."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from commands import call
from helpers import write_run
from tailboard_tui.commands import completion
from tailboard_tui.commands.table import COMMANDS, EXAMPLES, EXPLORE, help_text

ROOT = Path(__file__).resolve().parents[2]
Capture = pytest.CaptureFixture[str]


def process(*arguments: str, cwd: Path | None = None, **more: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}", **more}
    return subprocess.Popen(
        [sys.executable, "-m", "tailboard_tui", *arguments],
        env=environment,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_help_names_every_command_and_fits_a_terminal(capsys: Capture) -> None:
    done = call(capsys, "--help")
    for arguments in (["help"], ["-h"], ["some/path", "--help"], ["explore", "--help"]):
        assert call(capsys, *arguments) == done
    assert (done.status, done.out, done.err) == (0, help_text() + "\n", "")
    for name in COMMANDS:
        assert f"  {name} " in done.out
    assert max(map(len, done.out.splitlines())) <= 88


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != EXPLORE])
def test_every_command_is_there_and_helps(name: str, capsys: Capture) -> None:
    done = call(capsys, name, "--help")
    assert done.status == 0
    assert done.out.startswith("usage: tailboard ")


def test_the_examples_of_the_help_are_commands_that_parse(monkeypatch: pytest.MonkeyPatch) -> None:
    import shlex

    for example, _ in EXAMPLES:
        words = shlex.split(example)[1:]
        if words and words[0] in COMMANDS:
            subparsers = argparse.ArgumentParser().add_subparsers()
            importlib.import_module(f"tailboard_tui.commands.{words[0]}").add_parser(subparsers)
            subparsers.choices[words[0]].parse_args(words[1:])


def test_version_tells_name_and_number(capsys: Capture) -> None:
    done = call(capsys, "--version")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("tailboard ")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["lss"], 2, "did you mean `tailboard ls`"),
        (["no/such/path"], 1, "no such file or directory: no/such/path"),
        (["ls", "--nope"], 2, "unrecognized arguments"),
        (["show"], 2, "required"),
        (["show", "x\x1b[31m"], 1, "no run"),
        (["ls", "-n", "x"], 2, "not a whole number"),
        (["ls", "-n", "-1"], 2, "not a whole number"),
        (["completion", "csh"], 2, "invalid choice"),
    ],
)
def test_wrong_calls_say_so_on_stderr(
    root: Path, capsys: Capture, arguments: list[str], status: int, said: str
) -> None:
    done = call(capsys, *arguments)
    assert (done.status, done.out) == (status, "")
    assert said in done.err


def test_a_path_named_like_a_command_is_reached_by_its_path(root: Path) -> None:
    shutil.copytree(root, root.parent / "ls")
    child = process("./ls", cwd=root.parent)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (1, b"")
    assert b"not a terminal" in err


def test_the_explorer_opens_before_the_first_run_is_made(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[list[str]] = []
    monkeypatch.setattr(
        "tailboard_tui.commands.explore.run", lambda roots, settings: opened.append(roots) or 0
    )
    monkeypatch.setenv("TAILBOARD_DIR", str(tmp_path / "later"))
    assert call(capsys).status == 0
    assert call(capsys, "explore", tmp_path).status == 0
    assert call(capsys, tmp_path / "typing-error").status == 1
    assert opened == [[str(tmp_path / "later")], [str(tmp_path)]]


def test_a_closed_pipe_ends_the_command_quietly(root: Path) -> None:
    child = process("metrics", "good", "-m", "*")
    assert child.stdout is not None
    child.stdout.close()
    assert child.stderr is not None
    assert child.stderr.read() == b""
    child.stderr.close()
    assert child.wait(timeout=60) == 141


def test_a_full_disk_is_told_once() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tailboard_tui", "--help"],
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}"},
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == b"tailboard: No space left on device\n"


def test_ctrl_c_ends_with_130(root: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def interrupted(args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("tailboard_tui.commands.ls.run", interrupted)
    done = call(capsys, "ls")
    assert (done.status, done.out, done.err) == (130, "", "")


def test_listing_imports_neither_textual_nor_pandas(root: Path) -> None:
    code = (
        "import sys; from tailboard_tui.cli import main; status = main(['ls']); "
        "print(status, sorted({'textual', 'pandas', 'plotext', 'watchdog'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "0 []"


def test_a_locale_without_unicode_costs_no_output(root: Path) -> None:
    child = process("ls", "--columns", "name,lr", PYTHONUTF8="0", LC_ALL="C", PYTHONIOENCODING="ascii")
    out, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, b"")
    assert out.split()[:2] == [b"name", b"lr"]


def test_doctor_reports_the_tree_and_the_machine(root: Path, capsys: Capture) -> None:
    with (root / "20261120-120000-abcde0" / "metrics.jsonl").open("a") as file:
        file.write("broken\n")
    done = call(capsys, "doctor", root)
    assert done.status == 1
    assert "3: 3 tailboard, 3 finished" in done.out
    assert "metrics.jsonl:11" in done.out
    (found,) = call(capsys, "doctor", root, "--json").lines
    assert {check["state"] for check in found["checks"]} <= {"ok", "note", "bad"}
    assert any(check["topic"] == "file system" and check["subject"] == str(root) for check in found["checks"])


def test_doctor_says_what_is_wrong_with_the_settings(root: Path, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "config" / "tailboard" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("thema = 'dark'\n")
    (found,) = call(capsys, "doctor", "--json").lines
    (check,) = [check for check in found["checks"] if check["topic"] == "settings"]
    assert (check["state"], "thema" in check["text"]) == ("bad", True)


def test_completion_offers_only_words_that_a_shell_takes_as_they_are(root: Path, capsys: Capture) -> None:
    hostile = root / "20261123-120000-abcdef"
    hostile.mkdir()
    (hostile / "run.json").write_text(
        json.dumps({"format": 1, "id": "20261123-120000-abcdef", "name": "$(touch x)"})
    )
    words = call(capsys, "completion", "runs").out.split()
    assert words[0] == "latest"
    assert {"good", "slow", "20261123-120000-abcdef"} <= set(words)
    assert not any("$" in word or "(" in word for word in words)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command_and_option(shell: str, capsys: Capture) -> None:
    script = call(capsys, "completion", shell).out
    assert not re.search(r"@\w+@", script)
    for name, options in completion.options().items():
        assert name in script
        for option in options:
            assert option.removeprefix("--") in script


def test_the_bash_script_completes(root: Path, tmp_path: Path, capsys: Capture) -> None:
    elsewhere = tmp_path / "other runs"
    write_run(elsewhere, "20261123-120000-faraway", name="far-away")
    script = tmp_path / "completion.bash"
    script.write_text(call(capsys, "completion", "bash").out)
    ask = f"""
        tailboard() {{ {sys.executable} -m tailboard_tui "$@"; }}
        source {script}
        words() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tailboard; echo "${{COMPREPLY[@]}}"; }}
        words tailboard comp
        words tailboard show go
        words tailboard ls --so
        words tailboard show --root "{elsewhere}" far
        words tailboard show --root = "{elsewhere}" far
    """
    done = subprocess.run(
        ["bash", "-c", ask],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "compare completion",
        "good",
        "--sort",
        "far-away",
        "far-away",
    ]
