"""The budgets take their figures from what benchmarks print: the labels must be the same on both sides."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

SCRIPTS = {"screen": ("screen.py", "viewers.py"), "logger": ("logger/run.py", "logger/loggers.py")}
"""Where a benchmark's lines are written, unless in the file of its name."""


def load_budgets() -> ModuleType:
    """The module, without running a benchmark."""
    spec = importlib.util.spec_from_file_location("budgets", BENCHMARKS / "budgets.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["budgets"] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


budgets = load_budgets()


@cache
def begins_of_lines(script: Path) -> list[str]:
    """Every line of text in a script as a regular expression, what is filled in as `.*`."""
    found: list[str] = []
    for node in ast.walk(ast.parse(script.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += map(re.escape, node.value.splitlines())
        elif isinstance(node, ast.JoinedStr):
            parts = [re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".*" for p in node.values]
            found += "".join(parts).split("\\\n")
    return found


def is_printed(label: str, patterns: list[str]) -> bool:
    """Whether one of the texts is the label, or begins with it, and spells out a third of it at least."""
    for pattern in patterns:
        spelled = len(re.sub(r"\.\*|\\", "", pattern))
        if 3 * spelled >= len(label) and (
            re.fullmatch(pattern, label) or pattern.startswith(re.escape(label))
        ):
            return True
    return False


def labels() -> list[tuple[str, str]]:
    return sorted({label for budget in budgets.BUDGETS for label in budget.figure.labels})


@pytest.mark.parametrize(("benchmark", "label"), labels())
def test_every_label_that_a_budget_looks_for_is_printed_by_its_benchmark(benchmark: str, label: str) -> None:
    files = SCRIPTS.get(benchmark, (f"{benchmark}.py",))
    patterns = [pattern for name in files for pattern in begins_of_lines(BENCHMARKS / name)]
    for part in label.split(": ") if label.startswith("LEET") else [label]:
        assert is_printed(part, patterns), f"{files} print no {part!r}"


def test_every_benchmark_that_a_budget_names_is_run() -> None:
    run = (BENCHMARKS / "all.py").read_text()
    assert all(f'"{benchmark}"' in run for benchmark, _ in labels())


def test_a_renamed_label_is_told_and_a_benchmark_that_did_not_run_is_not() -> None:
    outputs = {"imports": "quotient 0.4", "live": "live_50_share            0.1\n"}
    assert budgets.unmeasured(outputs) == ["import tailboard, of json + os + threading"]
    assert "not measured" in budgets.table(outputs)


def test_figures_are_read_from_lines_columns_and_ratios() -> None:
    outputs = {
        "screen": "| LEET: complete, s      |        1.5 |          30 |   0.05 |\n"
        "first paint, 3 runs: ratio to bare                           1.5\n",
        "logger": "| tailboard | 9.3 | 1.17 | 11.2 | 1.20 | 0 of 333 |\n"
        "| wandb | 186 | 16 | 5 | 3 | 33 of 255 |\n",
        "log": "memory          grows by 14 MiB; index 8.9 s\nsearch          'a': 1 s: 0.5x (w)\n"
        "search          'b': 1 s: 2.6x (w)\n",
        "catalog": "store_s                  9.0\nstore_over_bare          2.31\n",
    }
    found = {budget.what: budget.figure.read(outputs) for budget in budgets.BUDGETS}
    assert found["open 100,000 x 10, of LEET's time"] == 0.05
    assert found["first paint of 3 runs, of a bare app"] == 1.5
    assert found["log() of 10 floats, of wandb's"] == pytest.approx(0.05)
    assert found["memory of a large log"] == 14
    assert found["search of a large log, of grep -c's time"] == 2.6
    assert found["10,000 runs complete, of scandir + stat + read"] == 2.31
    assert found["idle with 10,000 runs"] is None
