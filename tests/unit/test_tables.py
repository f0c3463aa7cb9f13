"""Printed tables fit the terminal."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tailboard_tui.commands import common
from tailboard_tui.commands.common import Cell, Heading, print_table


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.none() | st.integers(1, 20),
            st.lists(st.text("ab 学🚀", max_size=40), min_size=2, max_size=2),
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(1, 120),
)
def test_a_table_is_never_wider_than_the_terminal(
    columns: list[tuple[bool, int | None, list[str]]], width: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        lines: list[str] = []
        patch.setattr(common, "output_width", lambda: width)
        patch.setattr("builtins.print", lines.append)
        headings = [Heading("h", is_number, least) for is_number, least, _ in columns]
        left_out = print_table(headings, [[Cell(cells[row]) for *_, cells in columns] for row in range(2)])
    assert all(cell_len(line) <= width for line in lines)
    assert len(lines) == 3
    assert 0 <= left_out <= len(columns)


def test_wide_columns_are_narrowed_evenly_before_any_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(common, "output_width", lambda: 24)
    headings = [Heading("a", least_width=4), Heading("b", least_width=4), Heading("c")]
    assert print_table(headings, [[Cell("x" * 30), Cell("y" * 20), Cell("zz")]]) == 0
    assert capsys.readouterr().out.splitlines() == ["a          b          c", "xxxxxxxx…  yyyyyyyy…  zz"]


def test_the_last_columns_are_left_out_first_but_never_the_needed_ones(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(common, "output_width", lambda: 12)
    headings = [
        Heading("name", is_optional=False),
        Heading("b"),
        Heading("c", is_optional=False),
        Heading("d"),
    ]
    assert print_table(headings, [[Cell("name"), Cell("bbbb"), Cell("cc"), Cell("dddd")]]) == 2
    assert capsys.readouterr().out.splitlines() == ["name  c", "name  cc"]


def test_nothing_is_cut_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([Heading("a", least_width=3)], [[Cell("x" * 500)]])
    assert capsys.readouterr().out.splitlines()[1] == "x" * 500
