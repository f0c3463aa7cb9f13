"""`import tailboard` brings the standard library only, and little of that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LOGGER = Path(__file__).parents[2] / "logger"

HEAVY = {"subprocess", "uuid", "platform", "importlib.metadata", "logging", "inspect", "dataclasses"}
HEAVY |= {"typing", "asyncio", "socket", "traceback", "signal", "ctypes", "urllib.parse", "tempfile"}


def modules_after(statements: str) -> set[str]:
    """Modules that a bare interpreter has after the statements, beyond those it begins with."""
    script = (
        "import sys; before = set(sys.modules)\n"
        f"sys.path.append({str(LOGGER)!r})\n{statements}\n"
        "import json; print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_import_brings_a_handful_of_our_modules_and_nothing_heavy() -> None:
    found = modules_after("import tailboard")
    base = modules_after("import json, os, threading")
    assert found - base <= {"__future__", "tailboard", "tailboard.session"}


def test_a_whole_run_needs_the_standard_library_only(tmp_path: Path) -> None:
    statements = (
        f"import tailboard\nwith tailboard.init(dir={str(tmp_path)!r}, config={{'lr': 1}}) as run:\n"
        "    run.log({'a': 1.5, 'b': float('nan')})\n    run.summary['x'] = 1"
    )
    found = {name.partition(".")[0] for name in modules_after(statements)}
    assert found <= set(sys.stdlib_module_names) | {"tailboard"}


def test_third_party_modules_stay_out_even_where_they_are_installed(tmp_path: Path) -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(LOGGER)!r})\nbefore = set(sys.modules)\nimport tailboard\n"
        f"with tailboard.init(dir={str(tmp_path)!r}, system=False) as run:\n    run.log({{'a': 1}})\n"
        "import json; print(json.dumps(sorted({n.partition('.')[0] for n in set(sys.modules) - before})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)) <= set(sys.stdlib_module_names) | {"tailboard"}


def test_the_heavy_modules_are_not_among_what_the_import_needs() -> None:
    assert not modules_after("import tailboard") & HEAVY
