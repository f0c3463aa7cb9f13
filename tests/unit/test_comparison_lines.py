"""Marked runs side by side, as Config and Info show them."""

from __future__ import annotations

from collections.abc import Sequence

from rows import FakePoints, run_row, series, stats
from tailboard_tui.formats.base import Git
from tailboard_tui.store.comparison import Comparison, compare_runs
from tailboard_tui.widgets.compare_lines import compare_lines
from tailboard_tui.widgets.comparison_lines import comparison_lines
from tailboard_tui.widgets.selection import ShownRun


def shown(*values: Sequence[float]) -> tuple[list[ShownRun], Comparison]:
    """Runs whose accuracy takes these values, and their comparison."""
    runs = []
    for number, accuracy in enumerate(values):
        row = run_row(
            f"run-{number}",
            metrics={"val/acc": stats(accuracy)},
            command=f"python train.py --lr {number}",
            cwd=f"/home/{number}",
            git=Git(commit="abc", dirty=False),
        )
        points = FakePoints(series("val/acc", list(accuracy), steps=range(len(accuracy))))
        runs.append(ShownRun(row, points, "#ff0000", "abc"[number], number == 0))
    return runs, compare_runs([run.row for run in runs], [run.points for run in runs])


def text(runs: Sequence[ShownRun], found: Comparison | None, width: int = 120, *, only: bool = False) -> str:
    facts = [{"status": run.row.status, "step": at} for at, run in enumerate(runs)]
    lines = comparison_lines(runs, facts, found, width, set(), only_differences=only)
    return "\n".join(line.text.rstrip() for line in lines)


def test_the_best_run_is_named_and_marked_with_its_difference_and_step() -> None:
    said = text(*shown([0.1, 0.5, 0.3], [0.2, 0.4, 0.8]))
    assert "Best val/acc: b run-1, 0.8 at step 2" in said
    assert "best  0.5 @1" in said
    assert "0.8 ✓ (+0.3) @2" in said
    assert "at step 2  0.3" in said


def test_runs_that_share_the_best_are_named_both() -> None:
    said = text(*shown([0.1, 0.5], [0.5, 0.3], [0.2, 0.2]))
    assert "Best val/acc: a run-0 and b run-1, 0.5\n" in said


def test_what_differs_as_in_any_two_runs_is_left_out_with_what_is_the_same() -> None:
    runs, found = shown([0.1, 0.5], [0.2, 0.4])
    said, short = text(runs, found), text(runs, found, only=True)
    for key in ("directory", "commit", "last", "status"):
        assert key in said
        assert key not in short
    for key in ("command", "best", "step"):
        assert key in short


def test_until_runs_are_compared_their_facts_are_shown() -> None:
    runs, _ = shown([0.1], [0.2])
    said = text(runs, None)
    assert "step" in said
    assert "Comparing" in said
    assert "val/acc" not in said


def test_in_a_narrow_pane_whole_numbers_stand_before_their_differences() -> None:
    said = text(*shown([0.1234, 0.5], [0.2345, 0.8765]), width=44)
    assert "0.8765 ✓" in said
    assert "(+" not in said


def test_a_folded_part_is_one_line_with_what_is_in_it() -> None:
    runs, found = shown([0.1, 0.5], [0.2, 0.4])
    facts: list[dict[str, str]] = [{}, {}]
    lines = comparison_lines(runs, facts, found, 120, {"Metrics", "Code"}, only_differences=False)
    folded = [line.text for line in lines if line.folds is False]
    assert folded == ["▸ Metrics  1", "▸ Code  the same"]
    assert not any("val/acc" in line.text for line in lines if not line.text.startswith("Best"))


def test_words_of_configurations_are_spelled_as_json_spells_them() -> None:
    runs, _ = shown([0.1], [0.2])
    lines = compare_lines(
        runs, [{"amp": True, "lr": 0.1}, {"amp": False, "lr": 1.0}], 120, only_differences=False
    )
    said = [line.text.split() for line in lines]
    assert ["amp", "true", "false"] in said
    assert ["lr", "0.1", "1", "×10"] in said
