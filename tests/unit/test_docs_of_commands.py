"""docs/commands.md and docs/queries.md say what is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rows import run_row, stats
from tailboard_tui.commands.table import COMMANDS
from tailboard_tui.store.fields import FACTS, STATS
from tailboard_tui.store.objects import metric_object, run_object
from tailboard_tui.store.query import compile_query

DOCS = Path(__file__).resolve().parents[2] / "docs"
COMMANDS_TEXT = (DOCS / "commands.md").read_text()
QUERIES_TEXT = (DOCS / "queries.md").read_text()

EXAMPLES = [
    *re.search(r"```\n(.*?)```", QUERIES_TEXT, re.DOTALL)[1].splitlines(),  # type: ignore[index]
    *(
        cell
        for row in re.findall(r"^\| (`.*?) \|", QUERIES_TEXT, re.MULTILINE)
        for cell in re.findall("`(.+?)`", row)
    ),
]


def test_every_command_has_its_part_and_no_other() -> None:
    assert re.findall(r"^### (\w+)$", COMMANDS_TEXT, re.MULTILINE) == list(COMMANDS)


def test_every_key_of_a_run_is_told() -> None:
    for key in (*run_object(run_row(), 0.0), *metric_object(stats([1.0]))):
        if key != "format":
            assert f"`{key}`" in COMMANDS_TEXT, key


def test_there_are_examples_to_try() -> None:
    assert len(EXAMPLES) > 20


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_query(example: str) -> None:
    assert compile_query(example).problem is None


def test_every_fact_and_statistic_is_told() -> None:
    for name in FACTS:
        assert f"`{name}`" in QUERIES_TEXT, name
    for name in STATS:
        assert f"`.{name}`" in QUERIES_TEXT, name
