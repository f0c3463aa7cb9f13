"""Groups and sweeps in the run list, as a user folds, opens, marks and filters them; the baseline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from exploring import explorer, screen, settled, shown, table
from fake_store import fake_store, sweep
from rows import run_row, stats
from tailboard_tui.store.model import RunRow
from tailboard_tui.widgets.run_table_lines import GroupLine


@pytest.fixture(autouse=True)
def _private_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))


def seeds(count: int = 4) -> list[RunRow]:
    """A run alone, and older than it the runs of one group."""
    alone = run_row("alone", created=1000.0, metrics={"val/acc": stats([0.5])})
    return [alone] + [
        run_row(
            f"seed-{n}",
            group="seeds",
            created=100.0 - n,
            config={"seed": n},
            metrics={"val/acc": stats([0.25 * n])},
        )
        for n in range(count)
    ]


def is_open(pilot: Pilot[None]) -> bool:
    return next(line.is_open for line in table(pilot).model.lines if isinstance(line, GroupLine))


async def test_a_group_is_one_row_that_opens_by_enter_folds_from_within_by_f_and_is_kept() -> None:
    async with explorer(fake_store(*seeds())) as pilot:
        assert len(table(pilot).model.lines) == 2
        assert "▸ seeds ×4" in shown(pilot)
        assert "4✓" in shown(pilot)
        await pilot.press("j", "enter", "j", "j")
        assert table(pilot).cursor_key == "/runs/seed-1"
        await pilot.press("f")
        assert table(pilot).cursor_line == table(pilot).model.lines[1]
        assert not is_open(pilot)
        await pilot.press("f")
        assert is_open(pilot)
    async with explorer(fake_store(*seeds())) as pilot:
        await settled(pilot, lambda: is_open(pilot))


async def test_a_marked_group_marks_its_runs_and_the_panes_are_given_them() -> None:
    store = fake_store(*seeds())
    async with explorer(store, size=(160, 40)) as pilot:
        await pilot.press("j", "space", "k")
        assert [key.rpartition("/")[2] for key in screen(pilot).marks] == [f"seed-{n}" for n in range(4)]
        await settled(pilot, lambda: len(set(store.shown)) == 5 and "•" in shown(pilot))
        await pilot.press("j", "space")
        assert screen(pilot).marks == []


async def test_the_cursor_stays_on_its_run_when_that_becomes_part_of_a_group_and_when_a_filter_goes() -> None:
    rows = seeds(3)
    store = fake_store(*rows[:3])
    async with explorer(store) as pilot:
        await pilot.press("j", "j")
        assert table(pilot).cursor_key == "/runs/seed-1"
        store.put(rows[3])
        await settled(pilot, lambda: "seeds ×3" in shown(pilot))
        assert table(pilot).cursor_key == "/runs/seed-1"
        await pilot.press("f", "g", "slash", *"seed-2", "enter")
        await settled(pilot, lambda: "seeds ×1 of 3" in shown(pilot))


async def test_a_folded_row_follows_its_runs_without_being_moved() -> None:
    rows = seeds()
    store = fake_store(*rows)
    async with explorer(store, size=(200, 40)) as pilot:
        await pilot.press("j")
        store.change(rows[1].key, status="failed")
        await settled(pilot, lambda: "3✓ 1✗" in shown(pilot))
        store.remove(rows[2].key)
        await settled(pilot, lambda: "seeds ×3" in shown(pilot))
        store.put(replace(rows[3], metrics={"val/acc": stats([0.99])}))
        await settled(pilot, lambda: "0.58 ±0.52" in shown(pilot))
        assert isinstance(table(pilot).cursor_line, GroupLine)


async def test_keys_for_one_run_say_so_on_a_group_and_leave_the_baseline() -> None:
    async with explorer(fake_store(*seeds())) as pilot:
        await pilot.press("b", "j", "b")
        await settled(pilot, lambda: "one run" in "".join(note.message for note in pilot.app._notifications))
        assert screen(pilot).baseline == "/runs/alone"


async def test_grouping_by_nothing_gives_a_plain_list_and_by_nothing_more_the_sweeps_again() -> None:
    async with explorer(fake_store(*seeds())) as pilot:
        await pilot.press("z", *"nothing", "tab", "enter")
        await settled(pilot, lambda: len(table(pilot).model.lines) == 5)
        await pilot.press("z", "tab", "enter")
        await settled(pilot, lambda: len(table(pilot).model.lines) == 2)


async def test_groups_show_mean_and_deviation_and_fold() -> None:
    store = fake_store(*sweep())
    async with explorer(store, size=(160, 40)) as pilot:
        await pilot.press("z", *"status", "tab", "enter")
        await settled(pilot, lambda: "finished ×4" in shown(pilot))
        assert "±" in shown(pilot)
        before = len(table(pilot).model.lines)
        await pilot.press("g", "enter")
        await settled(pilot, lambda: len(table(pilot).model.lines) < before)
        await pilot.press("escape")
        await settled(pilot, lambda: len(table(pilot).model.lines) == 12)


async def test_a_cursor_on_a_group_shows_its_runs_together() -> None:
    store = fake_store(*sweep())
    async with explorer(store, size=(160, 40)) as pilot:
        await pilot.press("z", *"seed", "tab", "enter")
        await settled(pilot, lambda: len(table(pilot).model.lines) > 12)
        await pilot.press("g")
        await settled(pilot, lambda: len(set(store.shown)) == 4)


async def test_a_baseline_brings_a_column_with_the_difference_to_it_that_follows_it() -> None:
    rows = [run_row(f"{at}", created=-at, metrics={"val/acc": stats([0.5 + at / 4])}) for at in (0.0, 1.0)]
    store = fake_store(*rows)
    async with explorer(store, size=(240, 40)) as pilot:
        assert "Δ" not in shown(pilot)
        await pilot.press("b")
        await settled(pilot, lambda: "acc Δ" in shown(pilot) and "+0.25" in shown(pilot))
        store.put(replace(rows[0], metrics={"val/acc": stats([0.25])}))
        await settled(pilot, lambda: "+0.5" in shown(pilot))
        await pilot.press("b")
        await settled(pilot, lambda: "Δ" not in shown(pilot))


async def test_the_letters_of_marks_come_and_go_on_every_line() -> None:
    def letters() -> list[str]:
        return [line[1] for line in shown(pilot).split("\n")[2:8]]

    rows = [run_row(f"run-{at}", created=-at, metrics={"loss": stats([at])}) for at in (0.0, 1.0, 2.0)]
    async with explorer(fake_store(*rows), size=(160, 40)) as pilot:
        await pilot.press("space", "space", "g")
        await settled(pilot, lambda: letters()[:3] == ["a", "b", " "])
        await pilot.press("u")
        await settled(pilot, lambda: letters()[:3] == [" ", " ", " "])
