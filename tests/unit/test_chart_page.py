"""Where charts stand: groups, columns, pages that fill the room and never overflow it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.widgets.chart_page import (
    GAP,
    PINNED,
    beneath,
    beside,
    column_count,
    groups,
    page_rows,
    page_with,
    place,
    row_of,
)

names = st.lists(
    st.builds(
        "{}{}{}".format, st.sampled_from(["", "train", "val", "layers"]), st.just("/"), st.integers(0, 40)
    ),
    max_size=60,
    unique=True,
)


def test_groups_go_by_prefix_in_an_order_of_their_own() -> None:
    found = groups(["zeta/x", "val/loss", "lr", "train/loss", "layer_10/w", "layer_2/w"])
    assert [group.name for group in found] == ["train", "val", "", "layer_2", "layer_10", "zeta"]


def test_pinned_charts_stand_at_the_top_in_their_order() -> None:
    found = groups(["a/x", "a/y", "b/z"], pinned=("b/z", "a/x", "gone"))
    assert (found[0].name, found[0].metrics) == (PINNED, ("b/z", "a/x"))
    assert found[1].metrics == ("a/y",)


def test_names_are_sorted_as_people_count() -> None:
    assert groups(["layer_10", "layer_2", "layer_1"])[0].metrics == ("layer_1", "layer_2", "layer_10")


def test_a_single_group_has_no_heading_and_a_folded_one_nothing_else() -> None:
    assert [row.metrics for row in page_rows(groups(["a", "b", "c"]), 2, frozenset())] == [("a", "b"), ("c",)]
    rows = page_rows(groups(["train/a", "val/b"]), 2, frozenset({"val"}))
    assert [row.metrics for row in rows] == [(), ("train/a",), ()]


@given(names, st.integers(20, 250), st.integers(5, 70), st.integers(0, 20), st.integers(0, 8))
@settings(max_examples=200, deadline=None)
def test_slots_stay_inside_and_never_overlap(
    metrics: list[str], width: int, height: int, first: int, wanted: int
) -> None:
    found = groups(metrics)
    columns = column_count(width, [len(group.metrics) for group in found], wanted)
    rows = page_rows(found, columns, frozenset())
    page = place(rows, first, columns, width, height)
    seen = set()
    for slot in page.slots:
        assert slot.x >= 0
        assert slot.x + slot.width <= width
        assert slot.y + slot.height <= height
        assert slot.width > 0
        assert slot.height > 0
        cells = {
            (x, y) for x in range(slot.x, slot.x + slot.width) for y in range(slot.y, slot.y + slot.height)
        }
        assert not cells & seen
        seen |= cells
    if rows:
        assert page.end > page.first


@given(names.filter(bool), st.integers(40, 200), st.integers(8, 60), st.data())
@settings(max_examples=100, deadline=None)
def test_a_page_can_be_turned_to_every_chart(
    metrics: list[str], width: int, height: int, data: st.DataObject
) -> None:
    found = groups(metrics)
    columns = column_count(width, [len(group.metrics) for group in found])
    rows = page_rows(found, columns, frozenset())
    metric = data.draw(st.sampled_from(metrics))
    row = row_of(rows, metric)
    page = page_with(rows, row, data.draw(st.integers(0, len(rows))), columns, width, height)
    assert any(slot.metric == metric for slot in page.slots)


def test_few_charts_fill_the_room() -> None:
    rows = page_rows(groups(["a", "b"]), 2, frozenset())
    page = place(rows, 0, 2, 150, 40)
    assert [(slot.width, slot.height) for slot in page.slots] == [((150 - GAP) // 2, 40)] * 2


def test_moving_beside_and_beneath_stops_at_the_ends() -> None:
    rows = page_rows(groups(["train/a", "train/b", "train/c", "val/d"]), 2, frozenset())
    assert beside(rows, "train/a", 1) == "train/b"
    assert beside(rows, "val/d", 1) == "val/d"
    assert beneath(rows, "train/b", 1) == "train/c"
    assert beneath(rows, "train/c", 1) == "val/d"
    assert beneath(rows, "train/a", -1) == "train/a"
    assert beside([], None, 1) is None


def test_a_last_row_is_filled_and_one_moves_straight_up_and_down_in_it() -> None:
    rows = page_rows(groups(["a/1", "a/2", "a/3", "a/4", "b/1", "b/2"]), 4, frozenset())
    slots = {slot.metric: slot for slot in place(rows, 0, 4, 203, 60).slots}
    assert (slots["b/1"].x, slots["b/1"].width) == (0, 2 * slots["a/1"].width + GAP)
    assert slots["b/2"].x + slots["b/2"].width == slots["a/4"].x + slots["a/4"].width
    assert [beneath(rows, metric, 1) for metric in ("a/2", "a/3")] == ["b/1", "b/2"]
    assert beneath(rows, "b/2", -1) == "a/3"
