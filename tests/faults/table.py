"""Try every fault and print what was survived: `python tests/faults/table.py`.

Runs the acceptance tests of faults and counts their cases by class; ends with 1 when one was not survived.
A case that cannot be tried on this machine (no compiler) is counted as skipped, not as survived.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faults.corpus import STRANGE_DIRECTORIES

ROOT = Path(__file__).resolve().parents[2]
STATIC = "tests/acceptance/test_faults.py"
OPEN = "tests/acceptance/test_faults_while_open.py"

BESIDE = "names, links, depth of directories"

FILES = {
    STATIC: "",
    OPEN: "while the explorer is open",
    "tests/acceptance/test_terminal_cases.py": "terminals, signals, environments",
    "tests/acceptance/test_trust_terminal.py": "bytes sent to the terminal, scanned",
    "tests/integration/test_logger_syscall_faults.py": "logger: the k-th system call fails",
    "tests/integration/test_logger_kill.py": "logger: kill -9, torn and shared files",
    "tests/integration/test_logger_disk.py": "logger: full, read-only, deleted, odd disks",
    "tests/integration/test_logger_endings.py": "logger: signals, exceptions, forks, exits",
    "tests/unit/formats/test_damage.py": "other trackers' files, damaged",
    "tests/unit/test_trust_fuzz.py": "inputs kept from fuzzing",
}
"""The tests that are run, each with the class that its cases count for."""

STATIC_CLASSES = {
    "run.json": "run-",
    "configuration and summary": "config-|summary-",
    "events, annotations, pins, media": "events-|annotations-|artifacts-|media-",
    "output and its index": "output-|index-",
    "not a regular file, not readable": "fifo-|directory-|socket-|symlink-|hard-link|unreadable-|no-metrics",
    "code, formulas, bombs": ".*-canary|event-bomb",
    "diff, packages, samples, ranks": "diff-|packages-|system-|rank-",
    "metrics.jsonl: bytes, values, names": "",
}
"""Classes of the static faults by the beginning of their names; the last takes the rest."""

CASE = re.compile(r"test_the_fault_costs_no_more_than_it_must\[(.+)\]")
CHECKS_ITSELF = re.compile(
    "test_it_would_be_found|test_there_are|test_the_script_knows|test_the_targets_reach"
)
"""Tests of the tests: no faults."""

PRINTED = re.compile(r"(\d+) tried, (\d+) survived")


@dataclass
class Table:
    """Counts by class."""

    tried: Counter[str] = field(default_factory=Counter)
    survived: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def add(self, kind: str, name: str, outcome: str, count: int = 1) -> None:
        """Count a case, or several of one test."""
        if outcome == "skipped":
            self.skipped[kind] += count
            return
        self.tried[kind] += count
        if outcome == "passed":
            self.survived[kind] += count
        else:
            self.failed.append(f"{kind}: {name}")

    def lines(self) -> list[str]:
        """The table, a line a class and one for all."""
        order = [*STATIC_CLASSES, BESIDE, *FILES.values(), "not loaded"]
        kinds = [kind for kind in order if kind in self.tried or kind in self.skipped]
        rows = [(kind, self.tried[kind], self.survived[kind]) for kind in kinds]
        rows.append(("all", self.tried.total(), self.survived.total()))
        width = max(len(kind) for kind, _, _ in rows)
        shown = [f"{'class':<{width}} | tried | survived", f"{'-' * width}-|-------|---------"]
        for kind, tried, survived in rows:
            note = f"  ({self.skipped[kind]} SKIPPED)" if self.skipped[kind] else ""
            shown.append(f"{kind:<{width}} | {tried:>5} | {survived:>8}{note}")
        return shown


def static_class(name: str) -> str:
    """The class of a static fault."""
    return next(kind for kind, pattern in STATIC_CLASSES.items() if re.match(pattern, name))


def outcome_of(case: ElementTree.Element) -> str:
    """`passed`, `failed` or `skipped`."""
    if case.find("skipped") is not None:
        return "skipped"
    return "failed" if case.find("failure") is not None or case.find("error") is not None else "passed"


def count(report: ElementTree.Element) -> Table:
    """The table of a JUnit report.

    What lies beside the runs has no cases of its own: it is survived when every check of the whole corpus
    passes.
    """
    table = Table()
    beside: dict[str, str] = {}
    for case in report.iter("testcase"):
        file, name, outcome = case.get("file", ""), case.get("name", ""), outcome_of(case)
        fault = CASE.fullmatch(name)
        printed = PRINTED.search("".join(case.itertext()))
        if CHECKS_ITSELF.match(name):
            continue
        if fault:
            table.add(static_class(fault[1]), name, outcome)
        elif file == STATIC:
            beside[name] = outcome
        else:
            table.add(FILES.get(file, "not loaded"), name, outcome, int(printed[1]) if printed else 1)
    for name in (name for name, outcome in beside.items() if outcome != "passed"):
        table.failed.append(f"{BESIDE}: {name}")
    is_sound = set(beside.values()) == {"passed"}
    table.add(BESIDE, "the whole corpus", "passed" if is_sound else "failed", STRANGE_DIRECTORIES)
    return table


def main() -> int:
    """Run the tests, print the table and what was not survived."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "report.xml"
        options = [f"--junit-xml={path}", "-o", "junit_family=xunit1", "-o", "junit_logging=system-out", "-q"]
        options += ["-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile", *sys.argv[1:]]
        subprocess.run(
            [sys.executable, "-m", "pytest", *options, *FILES],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        table = count(ElementTree.parse(path).getroot())
    print("\n".join(table.lines()))
    for name in table.failed:
        print(f"NOT SURVIVED  {name}")
    return 1 if table.failed or not table.tried else 0


if __name__ == "__main__":
    sys.exit(main())
