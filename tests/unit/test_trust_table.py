"""The table of faults counts what was tried, and forgives nothing."""

from __future__ import annotations

from xml.etree import ElementTree

from faults.corpus import FAULTS, STRANGE_DIRECTORIES
from faults.table import BESIDE, FILES, OPEN, STATIC, STATIC_CLASSES, count, static_class

CASE = '<testcase file="{file}" name="{name}">{inside}</testcase>'
PER_FAULT = "test_the_fault_costs_no_more_than_it_must[{}]"


def table(*cases: tuple[str, str, str]) -> list[str]:
    inside = "".join(CASE.format(file=file, name=name, inside=inside) for file, name, inside in cases)
    return count(ElementTree.fromstring(f"<testsuite>{inside}</testsuite>")).lines()


def row(lines: list[str], kind: str) -> list[str]:
    return next(line for line in lines if line.startswith(kind)).replace("|", " ").split()[-2:]


def test_every_static_fault_has_a_class_and_every_class_faults() -> None:
    assert {static_class(fault.name) for fault in FAULTS} == set(STATIC_CLASSES)


def test_a_failed_fault_is_tried_and_not_survived() -> None:
    lines = table(
        (STATIC, PER_FAULT.format("run-half"), ""),
        (STATIC, PER_FAULT.format("run-empty"), "<failure/>"),
        (STATIC, "test_good_runs_beside_the_faults_are_exact", ""),
    )
    assert row(lines, "run.json") == ["2", "1"]
    assert row(lines, BESIDE) == [str(STRANGE_DIRECTORIES)] * 2
    assert row(lines, "all") == [str(STRANGE_DIRECTORIES + 2), str(STRANGE_DIRECTORIES + 1)]


def test_one_failed_check_of_the_whole_costs_all_that_has_no_case_of_its_own() -> None:
    lines = table((STATIC, "test_nothing_outside_the_root_is_read", "<failure/>"))
    assert row(lines, BESIDE) == [str(STRANGE_DIRECTORIES), "0"]


def test_what_a_test_prints_is_its_count() -> None:
    out = "<system-out>30 tried, 30 survived</system-out>"
    assert row(table((OPEN, "test_each", out)), FILES[OPEN]) == ["30", "30"]


def test_what_could_not_be_tried_is_said_and_not_counted() -> None:
    file = "tests/integration/test_logger_syscall_faults.py"
    lines = table((file, "test_training[5]", "<skipped/>"))
    assert next(line for line in lines if line.startswith(FILES[file])).endswith("0 |        0  (1 SKIPPED)")


def test_a_file_that_does_not_load_is_no_success() -> None:
    assert row(table(("", "tests.acceptance.test_faults", "<error/>")), "not loaded") == ["1", "0"]
