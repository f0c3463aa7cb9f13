from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rows import FakePoints, run_row, series, stats
from tailboard_tui.formats.base import Git, MetricDef, RunFacts
from tailboard_tui.store.compare import metric_comparisons, read_off
from tailboard_tui.store.differences import (
    config_differences,
    differences,
    differing_config,
    is_noisy,
    telling_parts,
)
from tailboard_tui.store.origins import diff_of_diffs, differing_arguments, origins, parse_packages


def test_what_differs_comes_first_then_noise_then_what_is_the_same() -> None:
    rows = [
        run_row(config={"seed": 1, "out_dir": "/a", "model.depth": 3, "lr": 0.1}),
        run_row(config={"seed": 1, "out_dir": "/b", "model.depth": 5, "lr": 0.2, "amp": True}),
    ]
    found = config_differences(rows)
    assert [item.key for item in found] == ["model.depth", "lr", "amp", "out_dir", "seed"]
    assert [(item.differs, item.is_noise) for item in found[-2:]] == [(True, True), (False, False)]


def test_numbers_show_their_difference_to_the_baseline() -> None:
    tables = [{"lr": 0.1, "n": "x", "b": True}, {"lr": 0.3, "n": "y", "b": False}, {}]
    found = {item.key: item.deltas for item in differences(tables, baseline=1)}
    assert found["lr"] == (pytest.approx(-0.2), 0.0, None)
    assert found["n"] == found["b"] == (None, None, None)


def test_equal_means_equal_to_a_person() -> None:
    tables = [{"a": 1, "b": math.nan, "c": True, "d": None}, {"a": 1.0, "b": math.nan, "c": 1}]
    assert {item.key for item in differences(tables) if item.differs} == {"c"}


@pytest.mark.parametrize(
    "key", ["out_dir", "trainer.default_root_dir", "log_path", "start_time", "run_id", "hostname"]
)
def test_paths_dates_and_names_are_noise(key: str) -> None:
    assert is_noisy(key)


@pytest.mark.parametrize(
    "key", ["lr", "time_steps", "output_size", "depth", "model.name_embedding", "seed", "direct", "update"]
)
def test_parameters_are_not_noise(key: str) -> None:
    assert not is_noisy(key)


def test_values_that_are_paths_or_dates_are_noise_whatever_the_key() -> None:
    assert is_noisy("ckpt", ["/a/b", "./c"])
    assert is_noisy("x", ["2026-11-23 18:00", "2026-11-24"])
    assert not is_noisy("x", ["/a/b", 3])
    assert not is_noisy("model", ["resnet", "vit"])


def test_columns_are_what_differs_among_the_runs_without_noise() -> None:
    rows = [
        run_row(config={"rare": 1, "lr": 0.1, "dir": "/a", "same": 3}),
        run_row(config={"rare": 2, "lr": 0.2, "dir": "/b", "same": 3}),
        run_row(config={"lr": 0.2, "same": 3}),
    ]
    assert differing_config(rows) == ["lr", "rare"]
    assert differing_config(rows[:1]) == []


def test_the_winner_is_the_best_whatever_the_direction() -> None:
    rows = [
        run_row(metrics={"loss": stats([3.0, 1.0, 2.0]), "acc": stats([0.1, 0.5]), "lr": stats([1.0])}),
        run_row(metrics={"loss": stats([3.0, 2.0, 0.5]), "acc": stats([0.4, 0.2]), "lr": stats([2.0])}),
    ]
    found = {item.name: item for item in metric_comparisons(rows)}
    assert list(found) == ["loss", "acc", "lr"]
    assert found["loss"].winner == 1
    assert found["loss"].best == ((1.0, 1), (0.5, 2))
    assert found["loss"].deltas == (0.0, -0.5)
    assert found["acc"].winner == 0
    assert found["lr"].winner is None
    assert found["lr"].deltas == (0.0, 1.0)


def test_nobody_wins_a_tie_alone_or_with_nan_only() -> None:
    same = run_row(metrics={"loss": stats([1.0])})
    bad = run_row(metrics={"loss": stats([math.nan])})
    assert metric_comparisons([same, same])[0].winner is None
    assert metric_comparisons([same, bad])[0].winner is None
    assert metric_comparisons([same, run_row()])[0].last == (1.0, None)


def test_runs_that_share_the_best_value_lead_together() -> None:
    rows = [run_row(metrics={"loss": stats([value, 9.0])}) for value in (2.0, 1.0, 3.0, 1.0)]
    (found,) = metric_comparisons(rows)
    assert (found.leaders, found.winner, found.differs) == ((1, 3), None, True)
    assert not metric_comparisons([rows[1], rows[3]])[0].differs


def test_the_goal_of_define_metric_decides_whichever_run_has_it() -> None:
    rows = [
        run_row(metrics={"loss": stats([1.0])}, metric_defs=(MetricDef("other", goal="minimize"),)),
        run_row(metrics={"loss": stats([2.0])}, metric_defs=(MetricDef("loss", goal="maximize"),)),
    ]
    assert metric_comparisons(rows)[0].winner == 1


def test_runs_are_read_off_at_the_furthest_step_and_time_that_all_reached() -> None:
    rows = [run_row(metrics={"loss": stats([1.0])}), run_row(metrics={"loss": stats([1.0])})]
    points = [
        FakePoints(series("loss", [4.0, 3.0, 2.0, 1.0], steps=[0, 10, 20, 30], times=[100, 101, 102, 103])),
        FakePoints(series("loss", [5.0, 2.5], steps=[0, 15], times=[900, 902])),
    ]
    (found,) = metric_comparisons(rows, points)
    assert found.at_step is not None
    assert (found.at_step.at, found.at_step.values) == (15.0, (3.0, 2.5))
    assert found.at_time is not None
    assert (found.at_time.at, found.at_time.values) == (2.0, (2.0, 2.5))


def test_equal_time_is_counted_from_the_beginning_of_each_run() -> None:
    rows = [run_row(metrics={"val": stats([1.0])}, started=start) for start in (100.0, 900.0)]
    points = [
        FakePoints(series("val", [4.0, 3.0], steps=[0, 10], times=[160, 200])),
        FakePoints(series("val", [5.0, 2.0], steps=[0, 10], times=[905, 950])),
    ]
    (found,) = metric_comparisons(rows, points)
    assert found.at_time is not None
    assert (found.at_time.at, found.at_time.values) == (50.0, (None, 2.0))


def test_runs_without_steps_or_times_have_no_common_place() -> None:
    rows = [run_row(metrics={"loss": stats([1.0])})] * 2
    lost = FakePoints(series("loss", [1.0, 2.0], steps=[math.nan, math.nan], times=[math.nan, math.nan]))
    (found,) = metric_comparisons(rows, [lost, lost])
    assert found.at_step is None
    assert found.at_time is None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.floats()), min_size=1), st.integers(0, 10))
def test_reading_off_takes_the_last_written_of_the_nearest_step_be_it_nan(
    points: list[tuple[int, float]], reached: int
) -> None:
    steps, values = [float(step) for step, _ in points], [value for _, value in points]
    other = FakePoints(series("x", [1.0], steps=[reached]))
    found, _ = read_off("x", [run_row(), run_row()], [FakePoints(series("x", values, steps=steps)), other])
    assert found is not None
    below = [step for step, _ in points if step <= found.at]
    expected = [value for step, value in points if step == max(below)][-1] if below else None
    assert found.at == min(max(steps), reached)
    assert found.values[0] == pytest.approx(expected, nan_ok=True)
    assert found.values[1] == (1.0 if reached <= max(steps) else None)


def facts(path: Path, **more: object) -> RunFacts:
    return RunFacts(id=path.name, name=path.name, source="tailboard", path=str(path), **more)  # type: ignore[arg-type]


def test_origins_compare_code_packages_and_data(tmp_path: Path) -> None:
    (tmp_path / "a.diff").write_text("--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n")
    (tmp_path / "b.diff").write_text("--- a\n+++ b\n@@ -7 +7 @@\n-x\n+z\n")
    (tmp_path / "a.txt").write_text("numpy==1.0\ntorch==2.0\n")
    (tmp_path / "b.txt").write_text("Torch==2.1\n# comment\n\nnumpy==1.0\n")
    first = facts(
        tmp_path,
        git=Git("abc"),
        diff_path=str(tmp_path / "a.diff"),
        packages_path=str(tmp_path / "a.txt"),
        artifacts=({"name": "train.csv", "role": "input", "sha256": "11"},),
        command="python train.py",
    )
    second = facts(
        tmp_path,
        git=Git("def"),
        diff_path=str(tmp_path / "b.diff"),
        packages_path=str(tmp_path / "b.txt"),
        artifacts=({"name": "train.csv", "role": "input", "sha256": "22"},),
        command="python train.py",
    )
    found = origins([first, second])
    assert {item.key for item in found.code if item.differs} == {"commit"}
    assert {item.key for item in found.packages if item.differs} == {"torch"}
    assert found.data[0].key == "input train.csv"
    assert found.data[0].values == ("11", "22")
    assert not any(item.differs for item in found.surroundings)
    assert found.diffs[0] == ()
    assert {"-+y", "++z"} <= set(found.diffs[1])
    assert found.problems == ()


def test_a_diff_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/hostname")
    (tmp_path / "diff").write_text("+a")
    runs = [facts(tmp_path, diff_path=str(tmp_path / name)) for name in ("diff", "link")]
    found = origins(runs)
    assert len(found.problems) == 1
    assert found.diffs == ((), ())


def test_changes_that_only_one_of_both_has_stand_as_they_are() -> None:
    diff = ["diff --git a/x b/x", "@@ -1 +1 @@", "-a", "+b"]
    assert diff_of_diffs([], diff) == tuple(diff)
    assert diff_of_diffs(diff, [])[1:] == tuple(diff)
    assert diff_of_diffs([], []) == ()


def test_long_values_show_the_part_in_which_they_differ() -> None:
    long = "x" * 500
    assert telling_parts([long + "1" + long, long + "2"], 20) == ["…xxxxx1xxxxxxxxxxxx…", "…xxxxx2"]
    assert telling_parts(["short", "other"], 20) == ["short", "other"]
    assert telling_parts([long, long], 9) == ["xxxxxxxx…"] * 2
    assert telling_parts([], 9) == []


def test_seeds_have_no_difference_in_numbers() -> None:
    (found,) = differences([{"seed": 1}, {"seed": 5}])
    assert (found.differs, found.deltas) == (True, (None, None))


def test_hunks_that_only_moved_are_the_same_change() -> None:
    assert diff_of_diffs(["@@ -1 +1 @@", "+a"], ["@@ -9 +9 @@", "+a"]) == ()


def test_long_diffs_are_compared_up_to_a_limit() -> None:
    assert diff_of_diffs(["a"] * 5000, ["a"] * 5000 + ["b"])[-1].startswith("...")


def test_packages_are_compared_by_normal_name() -> None:
    assert parse_packages(["Foo_Bar==1", "baz"]) == {"baz": "installed", "foo-bar": "1"}


def test_of_command_lines_only_what_differs_is_shown_with_its_flags() -> None:
    commands = ["python train.py --lr 0.1 --seed 0 -v", "python train.py --lr 0.2 --seed 0 -v --amp", None]
    assert differing_arguments(commands) == ["… --lr 0.1 …", "… --lr 0.2 … --amp", None]
