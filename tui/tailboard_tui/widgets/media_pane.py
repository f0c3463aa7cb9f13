"""Images, histograms, tables, texts and confusion matrices of the run under the cursor, step by step."""

from __future__ import annotations

from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tailboard_tui.actions import bindings
from tailboard_tui.formats.media import MediaRecord
from tailboard_tui.plot.cells import Cells, fit
from tailboard_tui.plot.spec import Look
from tailboard_tui.store.media import MediaStore
from tailboard_tui.store.media_foreign import ForeignMedia, open_media
from tailboard_tui.widgets.cells import width_of
from tailboard_tui.widgets.chart import cell_style
from tailboard_tui.widgets.chart_look import look_of
from tailboard_tui.widgets.media_content import draw_record
from tailboard_tui.widgets.pace import Pace
from tailboard_tui.widgets.selection import Selection

READ_INTERVAL_S = 1.0
"""Media are looked for at most once a second."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the thread made."""

    key: tuple[object, ...]
    """Of what: drawn again only for another one."""
    records: tuple[MediaRecord, ...]
    cells: Cells | None


class MediaBar(Widget):
    """Which name and step are shown, of how many."""

    DEFAULT_CSS = "MediaBar { height: 2; }"

    def __init__(self) -> None:
        super().__init__()
        self._texts = ("", "", "", 0, 0)
        self._look = Look()

    def show(self, name: str, kind: str, note: str, at: int, count: int, look: Look) -> None:
        """Show record `at` of `count`."""
        if (name, kind, note, at, count) != self._texts or look != self._look:
            self._texts, self._look = (name, kind, note, at, count), look
            self.refresh()

    def render(self) -> Content:
        """Name and kind, then a slider over the steps."""
        name, kind, note, at, count = self._texts
        width, look = self.size.width, self._look
        right = fit(f"{kind}  {note}", max(width - 12, 0))
        name = fit(name, max(width - width_of(right) - 3, 1))
        gap = " " * max(width - width_of(name) - width_of(right) - 2, 0)
        first = Content.assemble(" ", (name, f"bold {look.accent}"), gap, (right, look.muted))
        if count < 2:
            return first
        place = f"  {at + 1} of {count}"
        length = max(min(width - width_of(place) - 2, 80), 1)
        knob = round(at / (count - 1) * (length - 1))
        line, dot = ("-", "o") if look.is_ascii else ("─", "●")
        slider = Content.assemble(
            " ", (line * knob, look.accent), (dot, look.accent), (line * (length - 1 - knob), look.axis)
        )
        return Content.assemble(first, "\n", slider, (place, look.muted))


class MediaView(Widget):
    """A drawing, by the line API; scrolled where it is higher than the room."""

    DEFAULT_CSS = "MediaView { height: 1fr; margin: 1 1 0 1; overflow: hidden; }"

    class Resized(Message):
        """There is another amount of room."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: Cells | None = None
        self.top = 0

    def show(self, cells: Cells | None, *, keep_place: bool) -> None:
        """Show another drawing."""
        if cells is not self.cells:
            self.cells = cells
            self.top = self.top if keep_place else 0
            self.refresh(Region(0, 0, *self.size))

    def scroll_rows(self, rows: int) -> None:
        """Move by rows, as far as there are some."""
        height = self.cells.height if self.cells is not None else 0
        top = min(max(self.top + rows, 0), max(height - self.size.height, 0))
        if top != self.top:
            self.top = top
            self.refresh(Region(0, 0, *self.size))

    def on_resize(self) -> None:
        """Ask for a drawing of the new size."""
        self.post_message(self.Resized())

    def render_line(self, y: int) -> Strip:
        """One row of the drawing."""
        width = self.size.width
        if self.cells is None or y + self.top >= self.cells.height:
            return Strip.blank(width, self.rich_style)
        base = self.rich_style
        segments = [Segment(text, base + cell_style(style)) for text, style in self.cells.runs(y + self.top)]
        return Strip(segments, self.cells.width).adjust_cell_length(width, base)


class MediaPane(Vertical, can_focus=True):
    """One thing at a time: up and down through the names, left and right through the steps."""

    DEFAULT_CSS = """
    MediaPane { height: 1fr; }
    MediaPane > #state { height: auto; padding: 1 2; display: none; }
    MediaPane.-empty > #state { display: block; }
    MediaPane.-empty > MediaBar, MediaPane.-empty > MediaView { display: none; }
    """
    BINDINGS = bindings("media")

    def __init__(self) -> None:
        super().__init__()
        self._store: MediaStore | ForeignMedia | None = None
        self._is_own = False
        """Whether the run is in tailboard's own format."""
        self._records: tuple[MediaRecord, ...] = ()
        self._key: tuple[str, int] | None = None
        self._at: int | None = None
        """Index among the records of the name; None follows the last one."""
        self._is_busy = False
        self._is_stale = False
        self._drawn: tuple[object, ...] = ()
        self._pace = Pace(self, READ_INTERVAL_S, self._work)

    def compose(self) -> ComposeResult:
        """Name and step, the drawing, or why there is none."""
        yield MediaBar()
        yield MediaView()
        yield StateText(id="state")

    def show(self, selection: Selection) -> None:
        """Show the run under the cursor; see `selection.Pane`."""
        run = selection.current
        path = run.row.facts.path if run is not None else None
        if path != (self._store.run_path if self._store is not None else None):
            self._is_own = run is not None and run.row.facts.source == "tailboard"
            self._store = open_media(path, run.row.facts.source) if run is not None and path else None
            self._records, self._key, self._at, self._drawn = (), None, None, ()
            self._show_state("" if path is None else "Reading …")
            self._work()
        else:
            self._pace.request()

    def go_back(self) -> bool:
        """There is no inner state to leave."""
        return False

    # Reading and drawing are done in a thread

    def _work(self) -> None:
        """Read what is new and draw what is shown, unless that is under way: then once more afterwards."""
        if self._is_busy:
            self._is_stale = True
            return
        if self._store is None or not self.is_mounted:
            return
        size = self.query_one(MediaView).size
        settings = getattr(self.app, "settings", None)
        look = look_of(self.app, is_ascii=bool(getattr(settings, "ascii", False)))
        store, name, at, drawn = self._store, self._key, self._at, self._drawn
        self._is_busy = True
        self.run_worker(
            lambda: self._make(store, name, at, drawn, size.width or 1, size.height or 1, look),
            thread=True,
            group="media",
        )

    def _make(
        self,
        store: MediaStore | ForeignMedia,
        name: tuple[str, int] | None,
        at: int | None,
        drawn: tuple[object, ...],
        width: int,
        height: int,
        look: Look,
    ) -> None:
        """In the thread."""
        records = store.read()
        names = names_of(records)
        name = name if name in names else next(iter(names), None)
        own = [record for record in records if (record.key, record.index) == name]
        shown = min(at, len(own) - 1) if at is not None else len(own) - 1
        is_map = bool(own) and own[shown].kind == "histogram"
        key = (store.run_path, name, shown, len(own) if is_map else 0, width, height, look)
        cells = None
        if own and key != drawn:
            cells = draw_record(store.run_path, own, shown, width, height, look)
        self.app.call_from_thread(self._take, store, name, _Shown(key, records, cells), look)

    def _take(
        self, store: MediaStore | ForeignMedia, name: tuple[str, int] | None, shown: _Shown, look: Look
    ) -> None:
        self._is_busy = False
        if store is self._store:
            self._records = shown.records
            self._key = self._key or name
            self._show_bar(look)
            if shown.cells is not None:
                is_same = self._drawn[:2] == shown.key[:2]
                self._drawn = shown.key
                self.query_one(MediaView).show(shown.cells, keep_place=is_same)
        if self._is_stale or (self._store is not None and not self._store.is_complete):
            self._is_stale = False
            self._work()

    def _show_bar(self, look: Look) -> None:
        own = self._own()
        is_reading = self._store is not None and not self._store.is_complete
        hint = " run.log({'samples': tailboard.Image(array)}) shows them here." if self._is_own else ""
        self._show_state("" if own else "Reading …" if is_reading else f"No media.{hint}")
        if own and self._key is not None:
            at = self._index(own)
            names = names_of(self._records)
            index = f" [{self._key[1]}]" if self._key[1] else ""
            title = f"{self._key[0]}{index}"
            note = f"step {own[at].step:g}   {names.index(self._key) + 1} of {len(names)} names"
            self.query_one(MediaBar).show(title, own[at].kind.replace("_", " "), note, at, len(own), look)

    def _show_state(self, text: str) -> None:
        self.set_class(bool(text) or self._store is None, "-empty")
        text = text or "No run is chosen."
        self.query_one(StateText).show(text)

    def _own(self) -> list[MediaRecord]:
        return [record for record in self._records if (record.key, record.index) == self._key]

    def _index(self, own: list[MediaRecord]) -> int:
        return min(self._at, len(own) - 1) if self._at is not None else len(own) - 1

    # Moving

    def _go(self, by: int) -> None:
        own = self._own()
        if own:
            at = min(max(self._index(own) + by, 0), len(own) - 1)
            self._at = at if at < len(own) - 1 else None
            self._work()

    def _go_to_name(self, by: int) -> None:
        names = names_of(self._records)
        if self._key in names:
            self._key = names[min(max(names.index(self._key) + by, 0), len(names) - 1)]
            self._at = None
            self._work()

    def action_next_media(self) -> None:
        """The next name."""
        self._go_to_name(1)

    def action_previous_media(self) -> None:
        """The name before."""
        self._go_to_name(-1)

    def action_later_media(self) -> None:
        """A later step."""
        self._go(1)

    def action_earlier_media(self) -> None:
        """An earlier step."""
        self._go(-1)

    def action_first_media(self) -> None:
        """The first step."""
        self._go(-len(self._records))

    def action_last_media(self) -> None:
        """The last step, and whatever follows."""
        self._go(len(self._records))

    def action_scroll_media_down(self) -> None:
        """One page down."""
        view = self.query_one(MediaView)
        view.scroll_rows(view.size.height - 1)

    def action_scroll_media_up(self) -> None:
        """One page up."""
        view = self.query_one(MediaView)
        view.scroll_rows(1 - view.size.height)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Three rows down."""
        self.query_one(MediaView).scroll_rows(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Three rows up."""
        self.query_one(MediaView).scroll_rows(-3)

    def on_media_view_resized(self, event: MediaView.Resized) -> None:
        """Draw at the new size."""
        event.stop()
        self._work()


class StateText(Widget):
    """Why there is nothing to see."""

    DEFAULT_CSS = "StateText { height: auto; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = ""

    def show(self, text: str) -> None:
        """Show `text`."""
        if text != self._text:
            self._text = text
            self.refresh(layout=True)

    def render(self) -> Content:
        """The text."""
        return Content(self._text)


def names_of(records: tuple[MediaRecord, ...]) -> list[tuple[str, int]]:
    """Keys with their index, in the order of their first record."""
    return list(dict.fromkeys((record.key, record.index) for record in records))
