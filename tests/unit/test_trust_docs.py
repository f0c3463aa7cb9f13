"""docs/promises.md: every promise has its tests, and they exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "promises.md").read_text()
PROMISES = re.split(r"^\d+\. ", TEXT.partition("## What can still")[0], flags=re.MULTILINE)[1:]
NAMED = sorted(set(re.findall(r"`(tests/[\w/.]+\.py)::(\w+)`", TEXT)))


def test_every_promise_names_a_test() -> None:
    assert len(PROMISES) >= 16
    assert [promise for promise in PROMISES if "::" not in promise] == []


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _, name in NAMED])
def test_the_named_test_exists(file: str, name: str) -> None:
    defined = set()
    for node in ast.parse((ROOT / file).read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Assign):
            defined |= {to.id for to in node.targets if isinstance(to, ast.Name)}
    assert name.lower().startswith("test")
    assert name in defined


@pytest.mark.parametrize("command", re.findall(r"python (tests/\S+\.py)", TEXT))
def test_the_commands_exist(command: str) -> None:
    assert (ROOT / command).is_file()


def test_the_readme_and_the_security_page_lead_here() -> None:
    assert "docs/promises.md" in (ROOT / "README.md").read_text()
    assert "docs/promises.md" in (ROOT / "SECURITY.md").read_text()
