"""Filter, order, groups and folds of the run list."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from fake_store import NOW, sweep
from rows import run_row, stats
from tailboard_tui.store.model import RunRow, Status
from tailboard_tui.widgets.run_table_columns import FIXED_COLUMNS, RunColumn
from tailboard_tui.widgets.run_table_lines import GroupLine, RunLine, RunLines
from tailboard_tui.widgets.run_table_measures import make_column
from tailboard_tui.widgets.run_table_order import SortColumn


def column(column_id: str) -> RunColumn:
    found = make_column(column_id, lambda name: "max" if "acc" in name else "min")
    assert found is not None
    return found


def names(lines: RunLines) -> list[str]:
    return [lines.rows[line.key].facts.name for line in lines.lines if isinstance(line, RunLine)]


def filled(*rows: RunRow) -> RunLines:
    lines = RunLines()
    lines.update(rows, (), NOW)
    return lines


def test_the_newest_run_comes_first() -> None:
    lines = filled(run_row("b", created=1.0), run_row("c", created=3.0), run_row("a", created=2.0))
    assert names(lines) == ["c", "a", "b"]


def test_runs_without_a_time_come_last() -> None:
    lines = filled(run_row("none", created=None), run_row("old", created=1.0))
    assert names(lines) == ["old", "none"]


def test_a_sort_by_two_columns_lets_the_first_decide() -> None:
    rows = [run_row(f"{lr}-{seed}", config={"lr": lr, "seed": seed}) for lr in (0.1, 0.01) for seed in (2, 1)]
    lines = filled(*rows)
    lines.set_sort([SortColumn(column("config:lr")), SortColumn(column("config:seed"), descending=True)], NOW)
    assert names(lines) == ["0.01-2", "0.01-1", "0.1-2", "0.1-1"]


def test_a_missing_value_comes_last_in_both_directions() -> None:
    rows = [run_row("a", config={"lr": 1}), run_row("none"), run_row("b", config={"lr": 2})]
    lines = filled(*rows)
    for descending, expected in ((False, ["a", "b", "none"]), (True, ["b", "a", "none"])):
        lines.set_sort([SortColumn(column("config:lr"), descending)], NOW)
        assert names(lines) == expected


def test_numbers_come_before_words_in_one_column() -> None:
    rows = [
        run_row("word", config={"k": "x"}),
        run_row("number", config={"k": 7}),
        run_row("true", config={"k": True}),
    ]
    lines = filled(*rows)
    lines.set_sort([SortColumn(column("config:k"))], NOW)
    assert names(lines) == ["true", "number", "word"]


def test_a_metric_that_is_nan_comes_last() -> None:
    rows = [
        run_row("nan", metrics={"loss": stats([float("nan")])}),
        run_row("one", metrics={"loss": stats([1.0])}),
    ]
    lines = filled(*rows)
    lines.set_sort([SortColumn(column("metric:last:loss"))], NOW)
    assert names(lines) == ["one", "nan"]


def test_hidden_runs_are_left_out_until_asked_for() -> None:
    hidden = replace(run_row("hidden"), is_hidden=True)
    lines = filled(run_row("seen"), hidden)
    assert names(lines) == ["seen"]
    lines.set_shows_hidden(True)
    assert sorted(names(lines)) == ["hidden", "seen"]


def test_a_group_holds_its_runs_and_folds() -> None:
    rows = [
        run_row(f"{group}{number}", group=group, created=float(number)) for group in "ab" for number in (1, 2)
    ]
    lines = filled(*rows)
    lines.set_groups([FIXED_COLUMNS["group"]])
    groups = [line for line in lines.lines if isinstance(line, GroupLine)]
    assert [(group.title, len(group.runs)) for group in groups] == [("b", 2), ("a", 2)]
    lines.set_open(groups[0].key, False)
    assert names(lines) == ["a2", "a1"]
    lines.set_open(groups[0].key, True)
    assert names(lines) == ["b2", "b1", "a2", "a1"]


def seeds(group: str, count: int, status: Status = "finished", first: float = 1.0) -> list[RunRow]:
    """Runs of one group, `a0`, `a1` ..., each newer than the one before."""
    return [
        run_row(f"{group}{n}", status=status, group=group, project="p", created=first + n)
        for n in range(count)
    ]


def groups(lines: RunLines) -> list[tuple[str, int, bool]]:
    return [(line.title, len(line.runs), line.is_open) for line in lines.lines if isinstance(line, GroupLine)]


def test_three_runs_of_a_group_are_one_folded_row_where_the_newest_of_them_stands() -> None:
    lines = filled(*seeds("a", 3, first=10.0), *seeds("b", 2, first=5.0), run_row("new", created=99.0))
    assert [line.title if isinstance(line, GroupLine) else line.key for line in lines.lines] == [
        "/runs/new",
        "a",
        "/runs/b1",
        "/runs/b0",
    ]
    assert groups(lines) == [("a", 3, False)]


def test_a_group_of_the_same_name_in_another_project_is_another() -> None:
    others = [run_row(f"o{n}", group="a", project="other", created=float(n)) for n in range(2)]
    assert groups(filled(*seeds("a", 2), *others)) == []


def test_a_group_with_a_running_run_is_open_and_stays_so_when_that_has_ended() -> None:
    rows = seeds("a", 4)
    lines = filled(*rows[:3])
    assert groups(lines) == [("a", 3, False)]
    lines.update([replace(rows[3], status="running")], (), NOW)
    assert groups(lines) == [("a", 4, True)]
    lines.update([rows[3]], (), NOW)
    assert groups(lines) == [("a", 4, True)]
    assert groups(filled(*rows)) == [("a", 4, False)]


def test_what_the_user_folds_stays_folded_and_is_kept_by_the_key_of_the_group() -> None:
    rows = seeds("a", 3, "running")
    lines = filled(*rows)
    key = lines.lines[0].key
    lines.set_open(key, False)
    lines.update([replace(rows[0], status="finished")], (), NOW)
    assert groups(lines) == [("a", 3, False)]
    again = RunLines()
    again.set_folds(lines.grouping.folds)
    again.update(rows, (), NOW)
    assert groups(again) == [("a", 3, False)]


def test_a_filter_that_takes_some_runs_of_a_group_shows_it_with_those() -> None:
    lines = filled(*seeds("a", 4))
    lines.set_filter(lambda row: row.facts.name in ("a1", "a2"))
    group = lines.lines[0]
    assert isinstance(group, GroupLine)
    assert (len(group.runs), group.total, group.is_open) == (2, 4, True)
    assert names(lines) == ["a2", "a1"]
    lines.set_filter(None)
    assert groups(lines) == [("a", 4, False)]


def test_hidden_runs_are_no_part_of_a_group() -> None:
    rows = seeds("a", 3)
    lines = filled(*rows[:2], replace(rows[2], is_hidden=True))
    assert groups(lines) == []
    lines.set_shows_hidden(True)
    assert groups(lines) == [("a", 3, False)]


def test_a_run_in_a_folded_group_is_revealed() -> None:
    lines = filled(*seeds("a", 3), run_row("z", created=0.0))
    assert not lines.reveal("/runs/z")
    assert lines.index_of("/runs/a1") is None
    assert lines.reveal("/runs/a1")
    assert lines.index_of("/runs/a1") == 2


def test_groups_of_two_keys_nest() -> None:
    rows = [run_row(f"{lr}-{seed}", config={"lr": lr, "seed": seed}) for lr in (1, 2) for seed in (1, 2)]
    lines = filled(*rows)
    lines.set_groups([column("config:lr"), column("config:seed")])
    groups = [(line.depth, line.title) for line in lines.lines if isinstance(line, GroupLine)]
    assert groups == [(0, "lr=2"), (1, "seed=2"), (1, "seed=1"), (0, "lr=1"), (1, "seed=2"), (1, "seed=1")]


def test_a_change_that_moves_nothing_says_which_runs_changed_and_that_nothing_moved() -> None:
    rows = sweep(10)
    lines = filled(*rows)
    before = list(lines.lines)
    changed, moved = lines.update([replace(rows[3], step=999.0)], (), NOW)
    assert (changed, moved) == ({rows[3].key}, False)
    assert list(lines.lines) == before


def test_the_same_row_again_is_no_change() -> None:
    rows = sweep(3)
    assert filled(*rows).update(rows, (), NOW) == (set(), False)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.text(st.characters(codec=None), max_size=4), st.integers(0, 2)), max_size=8))
def test_words_and_numbers_sort_backwards_as_forwards(pairs: list[tuple[str, int]]) -> None:
    rows = [run_row(str(place), config={"k": word, "n": n}) for place, (word, n) in enumerate(pairs)]
    lines = filled(*rows)
    for key, place in (("config:k", 0), ("config:n", 1)):
        found = {}
        for down in (False, True):
            lines.set_sort([SortColumn(column(key), down)], NOW)
            values = [pairs[int(name)][place] for name in names(lines)]
            found[down] = [value.casefold() if isinstance(value, str) else value for value in values]
        present = [value for value in found[False] if value != ""]
        missing = [value for value in found[False] if value == ""]
        assert found[False] == sorted(present) + missing  # type: ignore[type-var]  # all words or all numbers
        assert found[True] == present[::-1] + missing


def test_runs_are_counted_by_status_as_they_come_change_and_go() -> None:
    rows = [run_row(name, status="running") for name in "abc"]
    lines = filled(*rows)
    lines.update([replace(rows[0], status="failed")], [rows[1].key], NOW)
    assert +lines.counts == {"failed": 1, "running": 1}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_sequence_of_changes_lists_what_one_fill_lists(data: st.DataObject) -> None:
    """Incremental order equals the order from scratch."""
    rng = random.Random(data.draw(st.integers(0, 10_000)))
    rows = {row.key: row for row in sweep(20)}
    lines = RunLines()
    order = [SortColumn(column("metric:best:val/accuracy"), True), SortColumn(column("config:seed"))]
    lines.set_sort(order, NOW)
    lines.set_filter(lambda row: row.status != "failed")
    alive: dict[str, RunRow] = {}
    for _ in range(data.draw(st.integers(1, 15))):
        some = rng.sample(list(rows.values()), 4)
        changes = [
            replace(
                row,
                metrics={"val/accuracy": stats([rng.choice([0.1, 0.5, 0.9])])},
                facts=structs.replace(row.facts, group=rng.choice([None, "a", "a", "b"])),
                status=rng.choice(["failed", "finished"]),
            )
            for row in some
        ]
        removed = rng.sample(sorted(alive), min(len(alive), 1))
        for key in removed:
            del alive[key]
        alive |= {row.key: row for row in changes}
        lines.update(changes, removed, NOW)
    fresh = RunLines()
    fresh.set_sort(order, NOW)
    fresh.set_filter(lambda row: row.status != "failed")
    fresh.update(alive.values(), (), NOW)
    assert list(lines.lines) == list(fresh.lines)
    assert lines.listed == fresh.listed
    assert all(lines.index_of(line.key) == place for place, line in enumerate(lines.lines))
