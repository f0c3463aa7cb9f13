"""The log pane as a user drives it: follows, pauses, searches, filters, folds, copies."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tailboard_tui.formats.base import LogFile
from tailboard_tui.theme import DARK, VARIABLES
from tailboard_tui.widgets.log_pane import LogPane


class PaneApp(App[None]):
    """The pane alone."""

    def __init__(self, *paths: Path) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name
        self.files = tuple(LogFile(str(path), path.name) for path in paths)
        self.moments: list[float] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    def compose(self) -> ComposeResult:
        yield LogPane()

    def on_log_pane_show_in_charts(self, message: LogPane.ShowInCharts) -> None:
        self.moments.append(message.moment)


Condition = Callable[[], Any]


async def until(pilot: Pilot[None], condition: Condition, what: str = "") -> None:
    for _ in range(400):
        await pilot.pause(0.02)
        if condition():
            return
    raise AssertionError(f"never: {what}\n" + "\n".join(shown(pilot)))


def pane(pilot: Pilot[None]) -> LogPane:
    return pilot.app.query_one(LogPane)


def shown(pilot: Pilot[None]) -> list[str]:
    """The text of the rows on the screen."""
    return [row.row.line.text for row in pane(pilot).view.visible_rows]


def line(pilot: Pilot[None], selector: str) -> str:
    return str(pilot.app.query_one(selector).render())  # type: ignore[attr-defined]  # TextLine


@asynccontextmanager
async def opened(*paths: Path, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    app = PaneApp(*paths)
    async with app.run_test(size=size) as pilot:
        app.query_one(LogPane).open_files(app.files)
        app.query_one(LogPane).view.focus()
        yield pilot


async def type_text(pilot: Pilot[None], text: str) -> None:
    for character in text:
        await pilot.press(character)
    await pilot.press("enter")


def write_log(tmp_path: Path, lines: int = 500) -> Path:
    path = tmp_path / "output.log"
    path.write_text("".join(f"line {at}\n" for at in range(lines)))
    return path


async def test_it_opens_at_the_end_and_follows(tmp_path: Path) -> None:
    path = write_log(tmp_path)
    async with opened(path) as pilot:
        await until(pilot, lambda: shown(pilot)[-1:] == ["line 499"])
        with path.open("a") as file:
            file.write("new line\n\r 10%")
        await until(pilot, lambda: shown(pilot)[-2:] == ["new line", " 10%"], "the new line and the live bar")
        with path.open("a") as file:
            file.write("\r 20%")
        await until(pilot, lambda: shown(pilot)[-1] == " 20%", "the bar in place")
        assert "following" in line(pilot, "#log-header")


async def test_scrolling_up_pauses_and_the_end_follows_again(tmp_path: Path) -> None:
    path = write_log(tmp_path)
    async with opened(path) as pilot:
        await until(pilot, lambda: shown(pilot))
        await pilot.press("pageup")
        await until(pilot, lambda: "paused" in line(pilot, "#log-header"))
        before = shown(pilot)
        with path.open("a") as file:
            file.write("new line\n")
        await until(pilot, lambda: "501 lines" in line(pilot, "#log-header"))
        assert shown(pilot) == before
        await pilot.press("G")
        await until(pilot, lambda: shown(pilot)[-1] == "new line")
        assert "following" in line(pilot, "#log-header")
        await pilot.press("g")
        await until(pilot, lambda: shown(pilot)[:1] == ["line 0"])


async def test_a_search_goes_from_match_to_match(tmp_path: Path) -> None:
    async with opened(write_log(tmp_path)) as pilot:
        await until(pilot, lambda: shown(pilot))
        await pilot.press("slash")
        await type_text(pilot, "line")
        await until(pilot, lambda: "500 lines match" in line(pilot, "#log-note"))
        await pilot.press("slash")
        pilot.app.query_one("LogPrompt").value = "~^line 1?7$"  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: "2 lines match" in line(pilot, "#log-note"))
        await until(pilot, lambda: pane(pilot).view.row and pane(pilot).view.row.row.line.text == "line 17")
        await pilot.press("N")
        await until(pilot, lambda: pane(pilot).view.row and pane(pilot).view.row.row.line.text == "line 7")
        assert pane(pilot).view.row.hits == ((0, 6),)
        await pilot.press("N")
        await until(pilot, lambda: "no match above" in line(pilot, "#log-note"))


async def test_each_press_counts_when_keys_come_faster_than_answers(tmp_path: Path) -> None:
    async with opened(write_log(tmp_path)) as pilot:
        await until(pilot, lambda: shown(pilot))
        await pilot.press("slash")
        pilot.app.query_one("LogPrompt").value = "~9$"  # type: ignore[attr-defined]
        await pilot.press("enter")
        for _ in range(3):  # without waiting for a message, as a held key comes
            pane(pilot).action_previous_match()
        await until(pilot, lambda: pane(pilot).view.row and pane(pilot).view.row.row.line.text == "line 469")


async def test_errors_are_found_and_tracebacks_fold(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    trace = 'Traceback (most recent call last):\n  File "x.py", line 3\n    y()\nValueError: no\n'
    path.write_text("ok\n" * 300 + trace + "ok\n" * 300)
    async with opened(path) as pilot:
        await until(pilot, lambda: "2 errors" in line(pilot, "#log-header"))
        await pilot.press("E")
        await until(
            pilot, lambda: pane(pilot).view.row and pane(pilot).view.row.row.line.text == "ValueError: no"
        )
        assert "    y()" in shown(pilot)
        await pilot.press("z")
        await until(pilot, lambda: "ValueError: no" in shown(pilot) and "    y()" not in shown(pilot))


async def test_going_to_an_end_right_behind_a_fold_is_not_undone_by_it(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    trace = 'Traceback (most recent call last):\n  File "x.py", line 3\n    y()\nValueError: no\n'
    path.write_text("first\n" + "ok\n" * 300 + trace + "ok\n" * 300 + "last\n")
    async with opened(path) as pilot:
        await until(pilot, lambda: "2 errors" in line(pilot, "#log-header"))
        view = pane(pilot).view
        for end, go in (("last", pane(pilot).action_log_last), ("first", pane(pilot).action_log_first)):
            await pilot.press("E")
            await until(pilot, lambda: view.row and view.row.row.line.text == "ValueError: no")
            generation = view.state.generation
            pane(pilot).action_fold_tracebacks()
            go()  # before the session has answered
            await until(pilot, lambda old=generation: view.state.generation > old)  # type: ignore[misc]
            await until(pilot, lambda: pane(pilot)._awaits_view == "no")
            await pilot.pause(0.2)
            assert view.row is not None
            assert (view.row.row.line.text, view.is_following) == (end, end == "last")


async def test_filters_leave_matching_lines(tmp_path: Path) -> None:
    async with opened(write_log(tmp_path)) as pilot:
        await until(pilot, lambda: shown(pilot))
        await pilot.press("ampersand")
        await type_text(pilot, "99")
        await until(
            pilot, lambda: shown(pilot) == ["line 99", "line 199", "line 299", "line 399", "line 499"]
        )
        await pilot.press("ampersand")
        pilot.app.query_one("LogPrompt").value = "nothing"  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: "No line matches" in line(pilot, "#log-hint"))
        await pilot.press("ampersand")
        pilot.app.query_one("LogPrompt").value = ""  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: shown(pilot)[-1:] == ["line 499"], "the filter taken away")
        await pilot.press("ampersand")
        pilot.app.query_one("LogPrompt").value = "99 & ~(a"  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: "~(a: missing )" in line(pilot, "#log-note"), "what is wrong")
        assert shown(pilot)[-2:] == ["line 498", "line 499"]


async def test_long_lines_wrap_and_open_in_full(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_text("short\n" + "x" * 200 + "\nlast\n")
    async with opened(path) as pilot:
        await until(pilot, lambda: len(shown(pilot)) == 3)
        await pilot.press("w", "k")
        text = [pane(pilot).view.render_line(y).text.strip(" ▌") for y in range(5)]
        assert [len(part) for part in text] == [5, 77, 77, 46, 4]
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.query_one("LogDetail").display)
        await pilot.press("escape")
        assert not pilot.app.query_one("LogDetail").display


async def test_selected_lines_are_copied_and_saved(tmp_path: Path) -> None:
    async with opened(write_log(tmp_path)) as pilot:
        await until(pilot, lambda: shown(pilot))
        await pilot.press("k", "V", "k", "y")
        await until(pilot, lambda: pilot.app.clipboard == "line 497\nline 498\n")
        await pilot.press("W")
        pilot.app.query_one("LogPrompt").value = str(tmp_path / "saved.txt")  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: "saved to" in line(pilot, "#log-note"))
        assert (tmp_path / "saved.txt").read_text().endswith("line 497\nline 498\n")


async def test_a_line_leads_to_its_moment_and_back(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_text("".join(f"2026-11-23T12:{at // 60:02}:{at % 60:02}Z step {at}\n" for at in range(600)))
    async with opened(path) as pilot:
        await until(pilot, lambda: shown(pilot))
        await pilot.press("v")
        app = pilot.app
        assert isinstance(app, PaneApp)
        await until(pilot, lambda: app.moments)
        pane(pilot).go_to_time(app.moments[0] - 300)
        await until(
            pilot, lambda: pane(pilot).view.row and pane(pilot).view.row.row.line.text.endswith("step 299")
        )


async def test_missing_empty_and_no_files_are_explained(tmp_path: Path) -> None:
    async with opened(tmp_path / "gone.log") as pilot:
        await until(pilot, lambda: "cannot be read" in line(pilot, "#log-hint"))
        (tmp_path / "gone.log").write_text("")
        await until(pilot, lambda: "Nothing printed yet" in line(pilot, "#log-hint"))
        (tmp_path / "gone.log").write_text("here\n")
        await until(pilot, lambda: shown(pilot) == ["here"])
        pane(pilot).open_files(())
        await until(pilot, lambda: "no output" in line(pilot, "#log-hint"))


async def test_a_replaced_file_is_shown_anew(tmp_path: Path) -> None:
    path = write_log(tmp_path)
    async with opened(path) as pilot:
        await until(pilot, lambda: shown(pilot))
        (tmp_path / "new").write_text("another\n")
        (tmp_path / "new").rename(path)
        await until(pilot, lambda: shown(pilot) == ["another"])


async def test_a_truncated_and_a_rotated_file_are_followed(tmp_path: Path) -> None:
    path = write_log(tmp_path)
    async with opened(path) as pilot:
        await until(pilot, lambda: shown(pilot))
        path.write_text("after the cut\n")
        await until(pilot, lambda: shown(pilot) == ["after the cut"])
        path.rename(tmp_path / "output.log.1")
        await until(
            pilot, lambda: "No such file" in line(pilot, "#log-header"), "what is wrong, in the header"
        )
        assert shown(pilot) == ["after the cut"]
        path.write_text("the next file\n")
        await until(pilot, lambda: shown(pilot) == ["the next file"])


async def test_nested_bars_are_a_gauge_with_the_time_left(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_bytes(b"start\n\repochs:  50%|#####     | 1/2 [00:10<00:10, 10.0s/it]")
    async with opened(path, size=(100, 12)) as pilot:
        await until(pilot, lambda: "epochs" in line(pilot, "#log-header"))
        assert "50%" in line(pilot, "#log-header")
        assert "10s left" in line(pilot, "#log-header")
        with path.open("ab") as file:
            file.write(b"\n\rtrain:  25%|##        | 5/20 [00:01<01:30, 5.0it/s]\x1b[A")
        await until(pilot, lambda: "1m 30s left" in line(pilot, "#log-header"), "the inner bar")
        rows = ["start", "epochs", "train:"]
        await until(pilot, lambda: [text[:6] for text in shown(pilot)] == rows, "both bars")
        with path.open("ab") as file:
            file.write(b"\n\r\x1b[2K\x1b[A\repochs: 100%|##########| 2/2 [00:20<00:00, 10.0s/it]\n")
        await until(pilot, lambda: "100%" in line(pilot, "#log-header"), "the outer bar")


async def test_a_typed_time_is_gone_to_and_a_search_stays_among_filtered_lines(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_text("".join(f"2026-11-23 12:{at // 60:02}:{at % 60:02} step {at}\n" for at in range(600)))
    async with opened(path) as pilot:
        await until(pilot, lambda: shown(pilot))
        await pilot.press("T")
        pilot.app.query_one("LogPrompt").value = "12:05"  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(
            pilot, lambda: pane(pilot).view.row and pane(pilot).view.row.row.line.text.endswith("step 300")
        )
        await pilot.press("ampersand")
        await type_text(pilot, "99")
        await pilot.press("slash")
        await type_text(pilot, "step 1")
        await until(pilot, lambda: "1 line matches" in line(pilot, "#log-note"))


async def test_files_of_one_run_are_switched(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("from a\n")
    (tmp_path / "b.log").write_text("from b\n")
    async with opened(tmp_path / "a.log", tmp_path / "b.log") as pilot:
        await until(pilot, lambda: shown(pilot) == ["from a"])
        await pilot.press("o")
        await until(pilot, lambda: shown(pilot) == ["from b"])
        assert "b.log 2/2" in line(pilot, "#log-header")


async def test_nothing_of_a_hostile_log_reaches_the_screen(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_bytes(
        b"\x1b]52;c;QUJD\x07a\x1b[2Jb\xc2\x9b5m\x00[@click=app.quit]x[/]\x1b[31mred\xe2\x80\xae\n" * 50
    )
    async with opened(path) as pilot:
        await until(pilot, lambda: shown(pilot))
        for y in range(20):
            for segment in pane(pilot).view.render_line(y):
                assert segment.control is None
                assert not any(
                    ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in segment.text
                )
        assert "[@click=app.quit]x[/]" in shown(pilot)[0]


async def test_a_resized_pane_still_shows_the_end(tmp_path: Path) -> None:
    async with opened(write_log(tmp_path), size=(40, 4)) as pilot:
        await until(pilot, lambda: shown(pilot)[-1:] == ["line 499"])
        for height in (40, 3, 30):
            await pilot.resize_terminal(100, height)
            await until(pilot, lambda height=height: len(shown(pilot)) == height - 1)
            assert shown(pilot)[-1] == "line 499"
        assert "500 lines" in line(pilot, "#log-header")
