"""Chunks add up to points; resumed segments replace; what was handed out never changes."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.formats.base import Chunk, Column, Problem, Rows
from tailboard_tui.store.columns import RunColumns
from tailboard_tui.store.growable import Growable
from tailboard_tui.store.model import MetricStats, Series
from tailboard_tui.store.points import OUTLINE_STRETCHES, outline

Record = tuple[float, dict[str, float]]


def rows_of(
    records: list[Record | float],
    clock: str = "",
    stream: str = "metrics",
    end: int = 0,
    offsets: bool = False,
) -> Rows:
    """Rows of (step, values) records; a bare number is a resume marker at that step."""
    steps: list[float] = []
    found: dict[str, tuple[list[int], list[float]]] = {}
    resumes: list[tuple[int, float]] = []
    for record in records:
        if isinstance(record, float):
            resumes.append((len(steps), record))
            continue
        for name, value in record[1].items():
            rows, values = found.setdefault(name, ([], []))
            rows.append(len(steps))
            values.append(value)
        steps.append(record[0])
    columns = {
        name: Column(
            None if len(rows) == len(steps) else np.array(rows, np.uint32), np.array(values, np.float64)
        )
        for name, (rows, values) in found.items()
    }
    at = np.array(steps, np.float64)
    places = np.arange(len(steps), dtype=np.int64) * 10 if offsets else None
    return Rows(clock, stream, at, at + 1000, columns, tuple(resumes), end, places)  # type: ignore[arg-type]


def columns_of(*blocks: Rows) -> RunColumns:
    columns = RunColumns()
    for block in blocks:
        columns.apply(Chunk((block,), more=True))
    columns.apply(Chunk())
    return columns


def series(columns: RunColumns, name: str, *, everything: bool = False) -> Series:
    found = columns.points().series(name, everything=everything)
    assert found is not None
    assert not found.values.flags.writeable
    assert not found.steps.flags.writeable
    return found


def pairs(found: Series) -> list[tuple[float, float]]:
    assert found.times.tolist() == (found.steps + 1000).tolist()
    return list(zip(found.steps.tolist(), found.values.tolist(), strict=True))


def test_metrics_keep_their_own_steps_however_the_blocks_fall() -> None:
    columns = columns_of(
        rows_of([(0.0, {"a": 1.0}), (1.0, {"a": 2.0})]),
        rows_of([(2.0, {"b": 3.0}), (3.0, {"a": 4.0, "b": 5.0})]),
        rows_of([(4.0, {})]),
        rows_of([(5.0, {"a": 6.0})]),
    )
    assert pairs(series(columns, "a")) == [(0, 1), (1, 2), (3, 4), (5, 6)]
    assert pairs(series(columns, "b")) == [(2, 3), (3, 5)]
    assert columns.points().metrics == ("a", "b")
    assert columns.points().series("c") is None


def test_a_resumed_segment_replaces_from_its_step_on_and_everything_keeps_it() -> None:
    columns = columns_of(
        rows_of([(float(i), {"a": float(i)}) for i in range(5)]),
        rows_of([3.0, (3.0, {"a": 30.0}), (4.0, {"a": 40.0})]),
    )
    found = series(columns, "a")
    assert pairs(found) == [(0, 0), (1, 1), (2, 2), (3, 30), (4, 40)]
    assert found.resume_steps == (3.0,)
    everything = series(columns, "a", everything=True)
    assert everything.values.tolist() == [0, 1, 2, 3, 4, 30, 40]


def test_a_later_resume_replaces_an_earlier_one() -> None:
    columns = columns_of(
        rows_of([(0.0, {"a": 0.0}), (5.0, {"a": 5.0})]),
        rows_of([4.0, (4.0, {"a": 44.0}), 1.0, (1.0, {"a": 11.0})]),
        rows_of([(2.0, {"a": 22.0}), 9.0, (9.0, {"a": 99.0})]),
    )
    found = series(columns, "a")
    assert pairs(found) == [(0, 0), (1, 11), (2, 22), (9, 99)]
    assert found.resume_steps == (1.0, 9.0)
    assert series(columns, "a", everything=True).resume_steps == (4.0, 1.0, 9.0)


def test_a_segment_that_begins_below_its_marker_replaces_from_where_it_begins() -> None:
    old = rows_of([(float(i), {"a": float(i)}) for i in range(6)])
    new: list[Record | float] = [5.0, (3.0, {"a": 30.0}), (4.0, {"a": 40.0})]
    at_once = columns_of(old, rows_of(new))
    in_pieces = columns_of(old, rows_of(new[:1]), rows_of(new[1:]))
    for columns in (at_once, in_pieces):
        assert pairs(series(columns, "a")) == [(0, 0), (1, 1), (2, 2), (3, 30), (4, 40)]
        assert series(columns, "a").resume_steps == (3.0,)


def test_a_backward_step_without_a_resume_stays() -> None:
    columns = columns_of(rows_of([(5.0, {"a": 1.0}), (3.0, {"a": 2.0}), (5.0, {"a": 3.0})]))
    assert pairs(series(columns, "a")) == [(5, 1), (3, 2), (5, 3)]


def test_the_generation_changes_exactly_when_earlier_points_go() -> None:
    columns = columns_of(rows_of([(0.0, {"a": 0.0, "b": 0.0}), (1.0, {"a": 1.0})]))
    first = series(columns, "a").generation
    columns.apply(Chunk((rows_of([(2.0, {"a": 2.0})]),)))
    assert series(columns, "a").generation == first
    columns.apply(Chunk((rows_of([3.0, (3.0, {"a": 3.0})]),)))
    assert series(columns, "a").generation == first
    of_b = series(columns, "b").generation
    columns.apply(Chunk((rows_of([2.0, (2.0, {"a": 22.0})]),)))
    assert series(columns, "a").generation > first
    assert series(columns, "b").generation == of_b
    again = series(columns, "a").generation
    columns.apply(Chunk((rows_of([(0.0, {"a": 0.0})]),), reset=True))
    assert series(columns, "a").generation > again
    assert pairs(series(columns, "a")) == [(0, 0)]


def test_two_runs_never_share_a_generation() -> None:
    block = rows_of([(0.0, {"a": 0.0})])
    assert series(columns_of(block), "a").generation != series(columns_of(block), "a").generation


def test_a_view_that_was_handed_out_never_changes() -> None:
    columns = columns_of(rows_of([(float(i), {"a": float(i)}) for i in range(100)]))
    before = columns.points()
    old = before.series("a")
    assert old is not None
    columns.apply(Chunk((rows_of([(float(i), {"a": -1.0, "b": 1.0}) for i in range(100, 300)]),)))
    columns.apply(Chunk((rows_of([50.0, (50.0, {"a": -2.0})]),)))
    assert series(columns, "a").values.tolist() == [*range(50), -2]
    for found in (old, before.series("a")):
        assert found is not None
        assert found.values.tolist() == list(range(100))
    assert before.metrics == ("a",)


def test_other_ranks_stand_behind_the_runs_own_metrics_under_their_name() -> None:
    columns = columns_of(
        rows_of([(0.0, {"loss": 2.0, "only1": 5.0})], "rank1"),
        rows_of([(0.0, {"loss": 1.0})]),
        rows_of([(0.0, {"loss": 3.0})], "rank10"),
    )
    assert set(columns.points().metrics) == {"loss", "rank1/loss", "rank1/only1", "rank10/loss"}
    assert [series(columns, name).values[0] for name in ("loss", "rank1/loss", "rank10/loss")] == [1, 2, 3]


def test_a_name_taken_twice_is_told_apart_and_metrics_come_before_resource_samples() -> None:
    columns = columns_of(
        rows_of([(0.0, {"cpu": 1.0})], "system", "system"),
        rows_of([(0.0, {"cpu": 2.0, "rank1/x": 3.0})]),
        rows_of([(0.0, {"x": 4.0})], "rank1"),
        rows_of([(0.0, {"cpu": 5.0})], "tag"),
    )
    points = columns.points()
    assert points.system_metrics == ("system/cpu",)
    assert set(points.metrics) == {"cpu", "rank1/x", "rank1/x (2)", "tag/cpu"}
    assert series(columns, "cpu").values[0] == 2
    assert series(columns, "system/cpu").values[0] == 1
    assert set(columns.stats()) == set(points.metrics)


def test_samples_stand_in_for_what_is_not_read_yet() -> None:
    sample = rows_of([(float(i * 10), {"a": float(i * 10)}) for i in range(10)], offsets=True)
    columns = RunColumns()
    columns.apply_preview(Chunk((sample,), more=True))
    assert not columns.points().is_complete
    assert series(columns, "a").values.tolist() == [i * 10.0 for i in range(10)]
    coarse = series(columns, "a").generation
    exact = rows_of([(float(i), {"a": float(i), "b": 0.0}) for i in range(45)], end=45)
    columns.apply(Chunk((exact,), more=True))
    found = series(columns, "a")
    assert found.values.tolist() == [*range(45), 50, 60, 70, 80, 90]
    assert found.generation > coarse
    assert columns.points().metrics == ("a", "b")
    assert not columns.points().is_complete
    columns.apply(Chunk((rows_of([(45.0, {"a": 45.0})], end=100),)))
    assert series(columns, "a").values.tolist() == list(range(46))
    assert columns.points().is_complete
    columns.apply_preview(Chunk((sample,), more=True))
    assert columns.points().is_complete


@settings(max_examples=50, deadline=None)
@given(st.data(), st.integers(0, 3))
def test_an_outline_keeps_the_extremes_of_every_stretch_and_the_end(data: st.DataObject, length: int) -> None:
    size = length * OUTLINE_STRETCHES + data.draw(st.integers(0, 10))
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    values = random.choice([math.nan, math.inf, -math.inf, 1.0, 2.0, 3.0], size)
    values[: data.draw(st.integers(0, size))] = 5.0
    picked = np.arange(size)[outline(values)]
    assert (np.diff(picked) > 0).all()
    kept = np.full(size, math.nan)
    kept[picked] = values[picked]
    for start in range(0, length * OUTLINE_STRETCHES, max(length, 1)):
        stretch, seen = values[start : start + length], kept[start : start + length]
        assert np.array_equal(np.fmin.reduce(stretch), np.fmin.reduce(seen), equal_nan=True)
        assert np.array_equal(np.fmax.reduce(stretch), np.fmax.reduce(seen), equal_nan=True)
    assert np.array_equal(
        kept[length * OUTLINE_STRETCHES :], values[length * OUTLINE_STRETCHES :], equal_nan=True
    )


def test_a_long_metric_is_shown_in_outline_until_all_is_read() -> None:
    size = 100 * OUTLINE_STRETCHES
    steps = np.arange(size, dtype=np.float64)
    values = np.sin(steps)
    values[777] = 99.0
    columns = RunColumns()
    columns.apply_preview(Chunk((rows_of([(0.0, {"a": 0.0})], offsets=True),), more=True))
    whole = Rows("", "metrics", steps, steps, {"a": Column(None, values)}, end=1000)
    columns.apply(Chunk((whole,), more=True))
    found = series(columns, "a")
    assert found.values.size <= 2 * OUTLINE_STRETCHES
    assert found.values[found.steps == 777].tolist() == [99.0]
    assert np.array_equal(found.values, values[found.steps.astype(int)])
    columns.apply(Chunk())
    assert np.array_equal(series(columns, "a").values, values)


def test_problems_are_kept_until_a_reset() -> None:
    problem = Problem("metrics.jsonl", 3, "not JSON")
    columns = RunColumns()
    columns.apply(Chunk(problems=(problem,), more=True))
    columns.apply(Chunk(bytes_read=7))
    assert columns.problems == (problem,)
    assert columns.bytes_read == 7
    columns.apply(Chunk(reset=True))
    assert columns.problems == ()


def test_the_newest_records_are_those_of_the_longest_metrics_clock() -> None:
    columns = columns_of(
        rows_of([(float(i), {"s": 0.0}) for i in range(90)], "system", "system"),
        rows_of([(float(i), {"a": 0.0}) for i in range(5)]),
        rows_of([(7.0, {"a": 0.0})], "rank1"),
    )
    steps, times = columns.recent(3)
    assert steps.tolist() == [2, 3, 4]
    assert times.tolist() == [1002, 1003, 1004]
    assert RunColumns().recent(3)[0].size == 0


def test_memory_is_12_bytes_a_sparse_point_and_8_a_dense_one() -> None:
    count = 1 << 16
    steps = np.arange(count, dtype=np.float64)
    dense = Rows("", "metrics", steps, steps, {"a": Column(None, steps)})
    assert columns_of(dense).nbytes == 3 * 8 * count
    sparse = Rows("", "metrics", steps, steps, {"a": Column(np.arange(count, dtype=np.uint32), steps)})
    assert columns_of(sparse).nbytes == (3 * 8 + 4) * count


def test_a_growable_array_that_begins_with_anothers_memory_leaves_it_alone() -> None:
    start = np.arange(3.0)
    start.flags.writeable = False
    array: Growable[np.float64] = Growable(np.float64, start)
    assert array.nbytes == 0
    before = array.view()
    array.append([7.0])
    assert array.view().tolist() == [0, 1, 2, 7]
    assert before.tolist() == [0, 1, 2]
    assert array.nbytes > 0


# Against a model that keeps a plain list

STEPS = st.one_of(st.integers(0, 8).map(float), st.just(math.nan))
FLOATS = st.one_of(st.floats(-5, 5), st.sampled_from([math.nan, math.inf, -math.inf]))
RECORDS = st.tuples(STEPS, st.dictionaries(st.sampled_from("ab"), FLOATS, max_size=2))
BLOCKS = st.lists(st.lists(st.one_of(RECORDS, RECORDS, st.integers(0, 8).map(float)), max_size=6), max_size=6)


def expected(blocks: list[list[Record | float]], name: str) -> list[tuple[float, float]]:
    kept: list[Record] = []
    is_resumed = False
    for item in (item for block in blocks for item in block):
        if isinstance(item, float) or is_resumed:
            begins = item if isinstance(item, float) else item[0]
            kept = [record for record in kept if not record[0] >= begins]
        is_resumed = isinstance(item, float)
        if not isinstance(item, float):
            kept.append(item)
    return [(step, values[name]) for step, values in kept if name in values]


def same(one: list[tuple[float, float]], other: list[tuple[float, float]]) -> bool:
    return np.array_equal(np.array(one).ravel(), np.array(other).ravel(), equal_nan=True)


def stats_of(points: list[tuple[float, float]]) -> MetricStats:
    nan = math.nan
    finite = [(value, step) for step, value in points if math.isfinite(value)]
    bad = [step for step, value in points if not math.isfinite(value)]
    low = min(finite, key=lambda item: item[0], default=(nan, nan))
    high = max(finite, key=lambda item: item[0], default=(nan, nan))
    first, last = (points[0], points[-1]) if points else ((nan, nan), (nan, nan))
    return MetricStats(
        len(points), first[1], last[1], *low, *high, last[0], len(bad), bad[0] if bad else None
    )


@settings(max_examples=200, deadline=None)
@given(BLOCKS, st.sets(st.integers(0, 5)), st.booleans())
def test_any_blocks_with_any_resumes_give_what_a_plain_list_gives(
    blocks: list[list[Record | float]], looks: set[int], at_once: bool
) -> None:
    columns = RunColumns()
    seen: dict[str, Series] = {}
    for number, block in enumerate(blocks):
        columns.apply(Chunk((rows_of(block),), more=True))
        if number not in looks:
            continue
        columns.stats()
        for name in columns.points().metrics:
            now = series(columns, name)
            before = seen.get(name)
            if before is not None and before.generation == now.generation:
                assert np.array_equal(now.values[: len(before.values)], before.values, equal_nan=True)
            seen[name] = now
    if at_once:
        columns = columns_of(rows_of([item for block in blocks for item in block]))
    stats = columns.stats()
    for name in "ab":
        points = expected(blocks, name)
        found = columns.points().series(name)
        if found is None:
            assert points == []
            continue
        assert same(list(zip(found.steps.tolist(), found.values.tolist(), strict=True)), points)
        assert str(stats[name]) == str(stats_of(points))
        everything = series(columns, name, everything=True)
        assert len(everything.values) == sum(
            name in item[1] for block in blocks for item in block if not isinstance(item, float)
        )


def test_ten_thousand_resumes_in_one_block_are_taken_together() -> None:
    records: list[Record | float] = []
    for number in range(10_000):
        records += [float(number % 7), (float(number % 7), {"a": float(number)})]
    columns = columns_of(rows_of(records))
    assert pairs(series(columns, "a")) == expected([records], "a")
    assert len(series(columns, "a", everything=True).resume_steps) <= 1000
