"""The explorer as a user drives it, on runs in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from exploring import explorer, screen, settled, shown, table
from fake_store import HOSTILE, NOW, fake_store, sweep
from rows import run_row, stats
from tailboard_tui.formats.base import Alert
from tailboard_tui.messages import TerminalBackground
from tailboard_tui.screens.explorer import Explorer
from tailboard_tui.screens.help import Help
from tailboard_tui.screens.line_list import LineList
from tailboard_tui.screens.pick import Pick
from tailboard_tui.settings import Settings
from tailboard_tui.store.catalog import Place
from tailboard_tui.text.safe import clean
from tailboard_tui.widgets.key_bar import KeyBar
from tailboard_tui.widgets.line_view import LineView
from tailboard_tui.widgets.run_filter import RunFilter
from tailboard_tui.widgets.run_table import RunTable
from tailboard_tui.widgets.search_pane import SearchLines


@pytest.fixture(autouse=True)
def _private_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))


def current_name(pilot: Pilot[None]) -> str:
    key = table(pilot).cursor_key
    assert key is not None
    return table(pilot).model.rows[key].facts.name


async def test_the_newest_run_is_shown_without_a_key_being_pressed() -> None:
    store = fake_store(*sweep())
    async with explorer(store) as pilot:
        await settled(pilot, lambda: store.shown)
        assert store.shown == (sweep()[0].key,)
        assert "lr-0.1-seed-0" in shown(pilot)
        await settled(pilot, lambda: "12 runs" in shown(pilot))


async def test_the_panes_follow_the_cursor() -> None:
    store = fake_store(*sweep())
    async with explorer(store) as pilot:
        await pilot.press("j", "j")
        await settled(pilot, lambda: store.shown == (sweep()[2].key,))
        await pilot.press("G")
        await settled(pilot, lambda: store.shown == (sweep()[11].key,))
        await pilot.press("g", "down", "k", "pagedown", "pageup")
        await settled(pilot, lambda: store.shown == (sweep()[0].key,))


async def test_the_cursor_stays_on_its_run_when_runs_come_change_and_go() -> None:
    store = fake_store(*sweep())
    async with explorer(store) as pilot:
        await pilot.press("j", "j", "j", "j")
        name = current_name(pilot)
        store.put(run_row("new", created=NOW), run_row("old", created=1.0))
        await settled(pilot, lambda: len(table(pilot).model.lines) == 14)
        assert current_name(pilot) == name
        store.remove(sweep()[0].key)
        await settled(pilot, lambda: len(table(pilot).model.lines) == 13)
        assert current_name(pilot) == name


async def test_the_cursor_stays_on_its_run_through_a_sort() -> None:
    store = fake_store(*sweep())
    async with explorer(store) as pilot:
        await pilot.press("j", "j", "j")
        name = current_name(pilot)
        await pilot.press("s", *"config", "enter")
        await settled(pilot, lambda: bool(table(pilot).model.sort))
        assert current_name(pilot) == name
        await pilot.press("S")
        assert current_name(pilot) == name


async def test_until_the_user_moves_the_cursor_waits_on_the_newest_run() -> None:
    store = fake_store(*sweep())
    async with explorer(store) as pilot:
        store.put(run_row("newest", created=NOW + 5))
        await settled(pilot, lambda: current_name(pilot) == "newest")


async def test_the_run_that_is_gone_leaves_the_cursor_where_it_stood() -> None:
    rows = sweep()
    store = fake_store(*rows)
    async with explorer(store) as pilot:
        await pilot.press("j", "j")
        store.remove(rows[2].key)
        await settled(pilot, lambda: len(table(pilot).model.lines) == 11)
        assert table(pilot).cursor_key == rows[3].key


async def test_marked_runs_are_compared_in_config_what_differs_first() -> None:
    store = fake_store(*sweep())
    async with explorer(store) as pilot:
        await pilot.press("space", "space", "space", "C")
        await settled(pilot, lambda: len(store.shown) == 4)
        lines = screen(pilot).query_one(SearchLines)
        await settled(pilot, lambda: len(lines.lines) > 3)
        assert [line.text.split()[0] for line in lines.lines if line.text.strip()][1:4] == ["1", "lr", "4"]
        assert "model.depth" in "\n".join(line.text for line in lines.lines)
        await pilot.press("d")
        await settled(pilot, lambda: "model.depth" not in "\n".join(line.text for line in lines.lines))


async def test_one_run_s_config_is_a_tree_that_folds_and_is_searched() -> None:
    store = fake_store(*sweep())
    async with explorer(store) as pilot:
        await pilot.press("3")
        await settled(pilot, lambda: screen(pilot).query(SearchLines))
        lines = screen(pilot).query_one(SearchLines)
        await settled(pilot, lambda: len(lines.lines) == 6)
        await pilot.press("j", "j", "enter")
        await settled(pilot, lambda: len(lines.lines) == 4)
        await pilot.press("slash", *"depth", "enter")
        await settled(pilot, lambda: [line.key for line in lines.lines] == ["model", "model.depth"])
        await pilot.press("escape")
        await settled(pilot, lambda: len(lines.lines) == 4)


async def test_info_shows_where_the_run_comes_from_and_how_it_ended() -> None:
    store = fake_store(*sweep())
    async with explorer(store) as pilot:
        await pilot.press("j", "j", "j", "6")
        await settled(
            pilot,
            lambda: screen(pilot).query(SearchLines) and len(screen(pilot).query_one(SearchLines).lines) > 5,
        )
        text = "\n".join(line.text for line in screen(pilot).query_one(SearchLines).lines)
        for expected in (
            "failed",
            "ValueError: no",
            "5fb43f389d216bd0",
            "uncommitted changes",
            "gpu-box",
            "metrics.jsonl:7",
        ):
            assert expected in text


async def test_info_is_searched_for_keys_and_values_and_escape_shows_all_again() -> None:
    async with explorer(fake_store(*sweep())) as pilot:
        await pilot.press("6")
        await settled(pilot, lambda: screen(pilot).query(SearchLines))
        lines = screen(pilot).query_one(SearchLines)
        await settled(pilot, lambda: len(lines.lines) > 5)
        everything = [line.text for line in lines.lines]
        await pilot.press("slash", *"GPU-box", "enter")
        await settled(pilot, lambda: len(lines.lines) == 2)
        assert [line.text.split() for line in lines.lines] == [
            ["▾", "Where", "it", "ran"],
            ["host", "gpu-box"],
        ]
        await pilot.press("escape")
        await settled(pilot, lambda: [line.text for line in lines.lines] == everything)


async def test_marked_runs_are_compared_in_every_respect_and_d_leaves_what_differs() -> None:
    async with explorer(fake_store(*sweep()), size=(200, 50)) as pilot:
        await pilot.press("space", "6")
        await settled(pilot, lambda: screen(pilot).query(SearchLines))
        lines = screen(pilot).query_one(SearchLines)
        await settled(pilot, lambda: any(line.text.startswith("Best ") for line in lines.lines))
        headings = [line.text.split()[1] for line in lines.lines if line.folds is not None]
        assert headings == ["Runs", "Metrics", "Code", "Surroundings"]
        assert any(line.text.split()[:1] == ["last"] for line in lines.lines)
        assert any(line.text.startswith("created") for line in lines.lines)
        await pilot.press("d")
        await settled(pilot, lambda: not any(line.text.startswith("created") for line in lines.lines))
        assert not any(line.text.split()[:1] == ["last"] for line in lines.lines)
        assert any("best" in line.text for line in lines.lines)


async def test_keys_that_differ_in_any_two_runs_stand_behind_those_that_tell_something() -> None:
    rows = [run_row(f"r{n}", config={"out_dir": f"/data/{n}", "lr": 0.1 * n, "seed": 1}) for n in (1, 2)]
    async with explorer(fake_store(*rows)) as pilot:
        await pilot.press("space", "space", "3")
        await settled(pilot, lambda: screen(pilot).query(SearchLines))
        lines = screen(pilot).query_one(SearchLines)
        await settled(pilot, lambda: len(lines.lines) > 5)
        assert [line.key for line in lines.lines if line.key and "\0" not in line.key] == [
            "lr",
            "out_dir",
            "seed",
        ]


async def test_a_filter_lists_what_matches_and_escape_takes_it_away() -> None:
    store = fake_store(*sweep())
    async with explorer(store) as pilot:
        await pilot.press("slash", *"status:running")
        await settled(pilot, lambda: table(pilot).model.listed == 2)
        assert "2 of 12 runs match" in shown(pilot)
        await pilot.press("enter")
        assert table(pilot).has_focus
        await pilot.press("escape")
        await settled(pilot, lambda: table(pilot).model.listed == 12)


async def test_a_wrong_query_says_where_it_is_wrong_and_filters_nothing() -> None:
    store = fake_store(*sweep())
    async with explorer(store) as pilot:
        await pilot.press("slash", *"lr > ")
        await settled(pilot, lambda: "^" in shown(pilot))
        marked = next(line for line in shown(pilot).splitlines() if "^" in line)
        assert marked.index("^") == len(" lr > ")
        assert table(pilot).model.listed == 12


async def test_queries_are_remembered() -> None:
    store = fake_store(*sweep())
    async with explorer(store) as pilot:
        await pilot.press(
            "slash", *"tag:base", "enter", "slash", *[["backspace"] * 8][0], *"seed", "enter", "slash"
        )
        line = screen(pilot).query_one(RunFilter).query_one(Input)
        await pilot.press("up", "up")
        assert line.value == "tag:base"


async def test_what_is_typed_right_behind_the_slash_is_part_of_the_query() -> None:
    async with explorer(fake_store(*sweep())) as pilot:
        for key, character in (("slash", "/"), *((letter, letter) for letter in "seed")):
            pilot.app.post_message(events.Key(key, character))
        await settled(pilot, lambda: screen(pilot).query_one(RunFilter).query_text == "seed")


async def test_a_query_is_completed_by_keys_then_by_the_values_of_the_key() -> None:
    async with explorer(fake_store(*sweep())) as pilot:
        await pilot.press("slash", *"optim", "tab")
        line = screen(pilot).query_one(RunFilter).query_one(Input)
        assert line.value == "optimizer"
        await pilot.press(*" = ", "tab")
        assert line.value == "optimizer = adam"
        await settled(pilot, lambda: table(pilot).model.listed == 12 and "adam" in shown(pilot))
        await pilot.press(*" status:", "tab", "tab", "shift+tab")
        assert line.value == "optimizer = adam status:finished"
        await settled(pilot, lambda: table(pilot).model.listed == 4)


async def test_a_view_is_saved_under_a_name_taken_up_again_and_deleted() -> None:
    async with explorer(fake_store(*sweep())) as pilot:
        await pilot.press("slash", *"status:failed", "enter", "s", *"host", "enter")
        await settled(pilot, lambda: table(pilot).model.sort)
        await pilot.press("V", *"broken ones", "enter", "escape", "V", *"all runs", "enter")
        await settled(pilot, lambda: not table(pilot).model.sort and table(pilot).model.listed == 12)
    async with explorer(fake_store(*sweep())) as pilot:
        await pilot.press("V", "enter")
        await settled(pilot, lambda: table(pilot).model.listed < 4)
        assert [part.column.id for part in table(pilot).model.sort] == ["host"]
        assert screen(pilot).query_one(RunFilter).query_text == "status:failed"
        await pilot.press("V", "delete", "V")
        await settled(pilot, lambda: isinstance(pilot.app.screen, Pick))
        assert "broken" not in "\n".join(choice.title for choice in pilot.app.screen.choices)


async def test_the_name_column_gets_wider_and_narrower_by_key_and_stays_so() -> None:
    async with explorer(fake_store(*sweep())) as pilot:
        await settled(pilot, lambda: len(table(pilot).columns) > 3)
        width = table(pilot).name_width
        await pilot.press("greater_than_sign", "greater_than_sign", "less_than_sign")
        await settled(pilot, lambda: table(pilot).name_width == width + 4)
    async with explorer(fake_store(*sweep())) as pilot:
        await settled(pilot, lambda: table(pilot).name_width == width + 4)


async def test_a_metric_column_shows_another_aspect_width_and_direction_by_key_and_keeps_them() -> None:
    async with explorer(fake_store(*sweep())) as pilot:
        await settled(pilot, lambda: len(table(pilot).columns) > 3)
        await pilot.press("c", *"accuracy best", "shift+right", "ctrl+left", "ctrl+o", "enter")
        await settled(pilot, lambda: "metric:min:val/accuracy" in [c.id for c in table(pilot).columns])
        changed = next(c for c in table(pilot).columns if c.id == "metric:min:val/accuracy")
        assert (changed.width, changed.is_set) == (18, True)
        assert screen(pilot).view.goals == {"val/accuracy": "min"}
        await pilot.press("c", *"accuracy min", "shift+left", "enter")
    async with explorer(fake_store(*sweep())) as pilot:
        await settled(pilot, lambda: "val/accuracy ↓" in [c.title for c in table(pilot).columns])
        assert screen(pilot).view.widths == {"metric:min:val/accuracy": 18}


async def test_columns_are_picked_kept_and_taken_up_again() -> None:
    async with explorer(fake_store(*sweep())) as pilot:
        await pilot.press("c", *"host", "tab", "enter")
        await settled(pilot, lambda: "host" in [column.id for column in table(pilot).columns])
        chosen = [column.id for column in table(pilot).columns]
        await pilot.press("s", *"age", "enter")
        await settled(pilot, lambda: table(pilot).model.sort)
    async with explorer(fake_store(*sweep())) as pilot:
        await settled(pilot, lambda: [column.id for column in table(pilot).columns] == chosen)
        assert [part.column.id for part in table(pilot).model.sort] == ["age"]


async def test_columns_scroll_sideways_and_the_name_stays() -> None:
    async with explorer(fake_store(*sweep()), size=(80, 24)) as pilot:
        await pilot.press("l", "l", "l", "l")
        await pilot.pause()
        assert "lr-0.1-seed-0" in shown(pilot)
        assert "status" not in shown(pilot).splitlines()[1]
        await pilot.press("h", "h", "h", "h")
        await pilot.pause()
        assert "status" in shown(pilot).splitlines()[1]


async def test_in_80_columns_one_pane_is_seen_at_a_time() -> None:
    store = fake_store(*sweep())
    async with explorer(store, size=(80, 24)) as pilot:
        assert not screen(pilot).query_one("#right").display
        await pilot.press("3")
        await settled(pilot, lambda: screen(pilot).query_one("#right").size.width == 80)
        assert not screen(pilot).query_one("#left").display
        await settled(pilot, lambda: "lr-0.1-seed-0" in shown(pilot).splitlines()[0])
        await pilot.press("escape")
        await settled(pilot, lambda: screen(pilot).query_one("#left").size.width == 80)


async def test_enter_gives_the_run_the_whole_screen_and_escape_takes_it_back() -> None:
    async with explorer(fake_store(*sweep()), size=(160, 40)) as pilot:
        await pilot.press("enter")
        await settled(pilot, lambda: not screen(pilot).query_one("#left").display)
        await pilot.press("escape")
        await settled(pilot, lambda: screen(pilot).query_one("#left").display)
        assert table(pilot).has_focus


async def test_without_runs_it_says_where_it_looks_and_how_to_log_one() -> None:
    async with explorer(fake_store()) as pilot:
        await settled(pilot, lambda: "No runs here yet" in shown(pilot))
        assert "/runs" in shown(pilot)
        assert "import tailboard" in shown(pilot)


async def test_a_root_that_cannot_be_read_is_said_where_it_is_named() -> None:
    store = fake_store()
    store.roots = (Place("/runs/of/\x1b[31msomebody", "cannot be read: Permission denied"),)
    async with explorer(store) as pilot:
        await settled(pilot, lambda: "cannot be read: Permission denied" in shown(pilot))
        assert "\x1b" not in shown(pilot)


async def test_while_it_looks_it_says_so() -> None:
    async with explorer(fake_store(is_scanning=True)) as pilot:
        await settled(pilot, lambda: "Looking for runs in" in shown(pilot))


async def test_the_first_run_replaces_the_hint() -> None:
    store = fake_store()
    async with explorer(store) as pilot:
        await settled(pilot, lambda: "No runs here yet" in shown(pilot))
        store.put(*sweep(1))
        await settled(
            pilot, lambda: "No runs here yet" not in shown(pilot) and "lr-0.1-seed-0" in shown(pilot)
        )


@pytest.mark.parametrize("size", [(200, 50), (120, 40), (80, 24), (20, 5), (1, 1)])
async def test_hostile_names_act_on_nothing_and_break_no_line(size: tuple[int, int]) -> None:
    rows = [
        run_row(
            f"id-{number}",
            name=text,
            group=text,
            tags=(text,),
            config={text or "k": text},
            notes=text,
            metrics={text or "m": stats([1.0])},
            host=text,
            command=text,
            alerts=(Alert(NOW, text, text),),
        )
        for number, text in enumerate(HOSTILE)
    ]
    async with explorer(fake_store(*rows), size=size) as pilot:
        for keys in (
            ["G", "3"],
            ["escape", "6"],
            ["escape", "g", "space", "space", "3"],
            ["exclamation_mark"],
            ["escape"],
            ["A"],
        ):
            await pilot.press(*keys)
            await pilot.pause()
            for strip in pilot.app.screen._compositor.render_strips():
                assert clean(strip.text) == strip.text
                assert strip.cell_length == size[0]
        assert pilot.app.return_code is None


async def test_a_failing_run_raises_an_alert_that_is_listed() -> None:
    rows = sweep()
    store = fake_store(*rows)
    async with explorer(store) as pilot:
        store.change(rows[0].key, status="crashed", status_reason="process 4711 is gone")
        await settled(pilot, lambda: pilot.app._notifications)
        await pilot.press("A")
        await settled(pilot, lambda: isinstance(pilot.app.screen, LineList))
        text = "\n".join(line.text for line in pilot.app.screen.query_one(LineView).lines)
        assert "process 4711 is gone" in text


async def test_problems_are_listed_and_enter_goes_to_the_run() -> None:
    rows = sweep()
    async with explorer(fake_store(*rows)) as pilot:
        await pilot.press("exclamation_mark")
        await settled(pilot, lambda: isinstance(pilot.app.screen, LineList))
        await pilot.press("enter")
        await settled(pilot, lambda: table(pilot).cursor_key == rows[3].key)


async def test_help_lists_the_keys_as_they_are_remapped() -> None:
    async with explorer(fake_store(*sweep()), settings=Settings(keys={"refresh": "f5"})) as pilot:
        await pilot.press("question_mark")
        await settled(pilot, lambda: isinstance(pilot.app.screen, Help))
        lines = [line.text for line in pilot.app.screen.query_one(LineView).lines]
        assert any(line.startswith("f5 ") and "Look at all files" in line for line in lines)
        await pilot.press("question_mark")
        await settled(pilot, lambda: not isinstance(pilot.app.screen, Help))


async def test_a_remapped_key_works_and_the_old_one_does_not() -> None:
    store = fake_store(*sweep())
    async with explorer(store, settings=Settings(keys={"refresh": "f5"})) as pilot:
        await pilot.press("r")
        await pilot.pause()
        assert store.refreshed == []
        await pilot.press("f5")
        await settled(pilot, lambda: store.refreshed == [None])


async def test_a_wrong_setting_is_said_and_the_rest_works() -> None:
    settings = Settings(keys={"fly": "f"}, problems=("config.toml: unknown setting 'x'",))
    async with explorer(fake_store(*sweep()), settings=settings) as pilot:
        await settled(pilot, lambda: len(pilot.app._notifications) == 2)


@pytest.mark.parametrize("width", [200, 120, 80, 40, 12])
async def test_the_key_line_shows_only_whole_keys_and_always_help(width: int) -> None:
    async with explorer(fake_store(*sweep()), size=(width, 24)) as pilot:
        bar = screen(pilot).query_one(KeyBar)
        text = bar.render().plain.rstrip()
        assert len(text) <= width
        assert text.endswith("? help")


async def test_the_palette_offers_the_actions_by_name() -> None:
    store = fake_store(*sweep())
    async with explorer(store) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause(0.2)
        await pilot.press(*"refresh")
        await settled(
            pilot,
            lambda: (
                pilot.app.screen.query(OptionList) and pilot.app.screen.query_one(OptionList).option_count
            ),
        )
        await pilot.pause(0.3)
        await pilot.press("enter")
        await settled(pilot, lambda: store.refreshed == [None])


async def test_dark_or_light_follows_the_terminal_unless_a_theme_is_set() -> None:
    async with explorer(fake_store(*sweep())) as pilot:
        pilot.app.post_message(TerminalBackground(is_dark=False))
        await settled(pilot, lambda: pilot.app.theme == "tailboard-light")
    async with explorer(fake_store(*sweep()), settings=Settings(theme="nord")) as pilot:
        pilot.app.post_message(TerminalBackground(is_dark=False))
        await pilot.pause()
        assert pilot.app.theme == "nord"


async def test_a_row_that_changes_is_the_only_line_drawn_anew() -> None:
    rows = sweep()
    store = fake_store(*rows)
    async with explorer(store, size=(240, 50)) as pilot:
        await pilot.press("G")
        await pilot.pause(0.3)
        drawn: list[int] = []
        original = RunTable.render_line

        def record(self: RunTable, y: int):
            drawn.append(y)
            return original(self, y)

        RunTable.render_line = record  # type: ignore[method-assign]
        try:
            store.change(rows[4].key, step=123.0)
            await settled(pilot, lambda: "123/1k" in shown(pilot))
        finally:
            RunTable.render_line = original  # type: ignore[method-assign]
        assert set(drawn) == {5}


async def test_nothing_is_drawn_while_nothing_changes() -> None:
    async with explorer(fake_store(*sweep())) as pilot:
        app = pilot.app
        before = app.screen._compositor
        updates: list[object] = [None]
        original = app._display
        app._display = lambda *args: (updates.append(args), original(*args))[1]  # type: ignore[method-assign]
        for _ in range(20):  # the first pane comes from a thread
            if updates:
                updates.clear()
                await pilot.pause(0.5)
        updates.clear()
        await pilot.pause(2.2)
        assert before is app.screen._compositor
        assert updates == []


async def test_a_thousand_changes_are_taken_in_as_few() -> None:
    rows = sweep(50)
    store = fake_store(*rows)
    async with explorer(store) as pilot:
        for number in range(1000):
            store.change(rows[number % 50].key, step=float(number))
        await settled(pilot, lambda: table(pilot).model.rows[rows[49].key].step == 999.0)


async def test_sorting_by_a_click_on_a_header_and_again_turns_it_round() -> None:
    async with explorer(fake_store(*sweep())) as pilot:
        await pilot.click(RunTable, offset=(8, 0))
        await settled(pilot, lambda: [part.column.id for part in table(pilot).model.sort] == ["name"])
        await pilot.click(RunTable, offset=(8, 0))
        await settled(pilot, lambda: table(pilot).model.sort[0].descending)


async def test_a_baseline_stands_first_in_the_comparison() -> None:
    rows = sweep()
    store = fake_store(*rows)
    async with explorer(store) as pilot:
        await pilot.press("j", "b", "space", "space", "3")
        await settled(
            pilot,
            lambda: screen(pilot).query(SearchLines) and len(screen(pilot).query_one(SearchLines).lines) > 3,
        )
        head = screen(pilot).query_one(SearchLines).lines[0].text
        assert head.split()[1].startswith(rows[1].facts.name[:6])


async def test_in_a_small_terminal_the_last_choice_and_the_keys_of_the_picker_are_seen() -> None:
    async with explorer(fake_store(*sweep()), size=(80, 24)) as pilot:
        await settled(pilot, lambda: len(table(pilot).columns) > 3)
        await pilot.press("c", "up")
        await settled(pilot, lambda: "optimizer  config" in shown(pilot))
        assert "Ctrl+O better" in shown(pilot)
        assert "Enter done" in shown(pilot)


async def test_leaving_a_picker_changes_nothing() -> None:
    async with explorer(fake_store(*sweep())) as pilot:
        before = [column.id for column in table(pilot).columns]
        for key in ("c", "s", "z"):
            await pilot.press(key)
            await settled(pilot, lambda: isinstance(pilot.app.screen, Pick))
            await pilot.press("escape")
            await settled(pilot, lambda: isinstance(pilot.app.screen, Explorer))
        assert [column.id for column in table(pilot).columns] == before
        assert table(pilot).model.sort == ()
        assert replace(sweep()[0]) == sweep()[0]
