"""Images, histograms, tables, texts and confusion matrices of the run under the cursor, step by step."""

from __future__ import annotations

from dataclasses import dataclass, replace

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from tailboard_tui.actions import bindings
from tailboard_tui.formats.media import MediaRecord
from tailboard_tui.messages import GraphicsWanted
from tailboard_tui.plot.spec import Look
from tailboard_tui.store.media import MediaStore
from tailboard_tui.store.media_foreign import ForeignMedia, open_media
from tailboard_tui.text.graphics import PROTOCOLS, Graphics
from tailboard_tui.widgets.chart_look import look_of
from tailboard_tui.widgets.media_bar import MediaBar, StateText
from tailboard_tui.widgets.media_content import Drawn, draw_record
from tailboard_tui.widgets.media_view import MediaView
from tailboard_tui.widgets.pace import Pace
from tailboard_tui.widgets.selection import Selection

READ_INTERVAL_S = 1.0
"""Media are looked for at most once a second."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the thread is to make."""

    store: MediaStore | ForeignMedia
    name: tuple[str, int] | None
    at: int | None
    drawn: tuple[object, ...]
    """Key of what is shown already."""
    width: int
    height: int
    look: Look
    graphics: Graphics


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the thread made."""

    key: tuple[object, ...]
    """Of what: drawn again only for another one."""
    records: tuple[MediaRecord, ...]
    drawn: Drawn | None


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
        self._graphics = Graphics()
        self._pace = Pace(self, READ_INTERVAL_S, self._work)

    def compose(self) -> ComposeResult:
        """Name and step, the drawing, or why there is none."""
        yield MediaBar()
        yield MediaView()
        yield StateText(id="state")

    def on_mount(self) -> None:
        """Ask which graphics the terminal has, unless the user does not want any."""
        if self._wanted_protocol != "blocks":
            self.post_message(GraphicsWanted(self._take_graphics))

    @property
    def _wanted_protocol(self) -> str:
        return getattr(getattr(self.app, "settings", None), "images", "auto")

    def _take_graphics(self, graphics: Graphics) -> None:
        """The terminal's answer; a protocol in the settings stands above it."""
        chosen = next((known for known in PROTOCOLS if known == self._wanted_protocol), graphics.protocol)
        self._graphics = replace(graphics, protocol=chosen)
        self._work()

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
        wanted = _Wanted(
            self._store,
            self._key,
            self._at,
            self._drawn,
            size.width or 1,
            size.height or 1,
            look,
            self._graphics,
        )
        self._is_busy = True
        self.run_worker(lambda: self._make(wanted), thread=True, group="media")

    def _make(self, wanted: _Wanted) -> None:
        """In the thread."""
        store, look = wanted.store, wanted.look
        records = store.read()
        names = names_of(records)
        name = wanted.name if wanted.name in names else next(iter(names), None)
        own = [record for record in records if (record.key, record.index) == name]
        at = min(wanted.at, len(own) - 1) if wanted.at is not None else len(own) - 1
        is_map = bool(own) and own[at].kind == "histogram"
        size = wanted.width, wanted.height
        key = (store.run_path, name, at, len(own) if is_map else 0, *size, look, wanted.graphics)
        drawn = None
        if own and key != wanted.drawn:
            drawn = draw_record(store.run_path, own, at, *size, look, wanted.graphics)
        self.app.call_from_thread(self._take, store, name, _Shown(key, records, drawn), look)

    def _take(
        self, store: MediaStore | ForeignMedia, name: tuple[str, int] | None, shown: _Shown, look: Look
    ) -> None:
        self._is_busy = False
        if store is self._store:
            self._records = shown.records
            self._key = self._key or name
            self._show_bar(look)
            if shown.drawn is not None:
                is_same = self._drawn[:2] == shown.key[:2]
                self._drawn = shown.key
                self.query_one(MediaView).show(*shown.drawn, keep_place=is_same)
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


def names_of(records: tuple[MediaRecord, ...]) -> list[tuple[str, int]]:
    """Keys with their index, in the order of their first record."""
    return list(dict.fromkeys((record.key, record.index) for record in records))
