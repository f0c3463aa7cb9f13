"""The composition root: settings, store, reader thread, theme, signals. Screens do the rest."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual import events, on
from textual.driver import Driver
from textual.geometry import Region, Size

from tailboard_tui.actions import bindings, keymap
from tailboard_tui.messages import GraphicsFound, GraphicsWanted, RunsChanged, TerminalBackground
from tailboard_tui.screens.explorer import Explorer
from tailboard_tui.screens.run_source import RunSource
from tailboard_tui.settings import Settings
from tailboard_tui.text.safe import clean
from tailboard_tui.theme import DARK, LIGHT, THEMES, variable_defaults
from tailboard_tui.type_ahead import TypeAhead
from tailboard_tui.widgets import narrow_update

if TYPE_CHECKING:
    from textual.command import Provider

    from tailboard_tui.store.model import StoreChange
    from tailboard_tui.text.graphics import Graphics


SWITCH_S = 0.001
"""How long the reader thread keeps the interpreter while the screen wants it; Python's own 5 ms add up
over the many short steps from a key to its picture."""

PAINT_S = 0.25
"""How long the reader thread waits at most for its first runs to be painted: both want the interpreter."""


class Store(RunSource, Protocol):
    """A `RunSource` with the loop that the reader thread runs."""

    def work(self, publish: Callable[[StoreChange], None], stop: threading.Event) -> None:
        """Read and publish until `stop` is set."""
        ...

    def close(self) -> None:
        """Let `work` come to its end, which closes all files."""
        ...


def _action_provider() -> type[Provider]:
    from tailboard_tui.screens.palette import ActionProvider

    return ActionProvider


class TailboardApp(TypeAhead):
    """The explorer on some roots."""

    TITLE = "tailboard"
    CSS_PATH = ["app.tcss", "screens/explorer.tcss"]  # noqa: RUF012  # as in App; a first screen brings none
    BINDINGS = bindings("app")
    COMMANDS: ClassVar = {_action_provider}

    def __init__(
        self,
        roots: Sequence[str],
        settings: Settings | None = None,
        *,
        open_store: Callable[[], Store] | None = None,
        clock: Callable[[], float] = time.time,
        driver_class: type[Driver] | None = None,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            roots: Where to look for runs.
            settings: The user's settings.
            open_store: Makes the store, in the reader thread; by default the real one on `roots`.
            clock: The time now, Unix seconds.
            driver_class: Textual's driver; by default ours for a terminal.
        """
        super().__init__(driver_class=driver_class)
        self.roots = tuple(roots)
        self.settings = settings or Settings()
        self.clock = clock
        self._open_store = open_store or self._open_real_store
        self._changes: deque[StoreChange] = deque()
        self._stop = threading.Event()
        self._has_painted_runs = threading.Event()
        self._store: Store | None = None
        self._painted_size: Size | None = None
        self._has_started = False
        self._tell_graphics: Callable[[Graphics], None] | None = None
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self._first_theme()

    # Start and end

    def get_default_screen(self) -> Explorer:
        """The explorer is the first screen, and the last."""
        return Explorer(self.roots, self.settings, clock=self.clock, width=self.size.width)

    def on_mount(self) -> None:
        """Keep the terminal safe, take the user's keys, start reading after the first paint."""
        narrow_update.install()
        self._follow_signals()
        self.app_resume_signal.subscribe(self, self._repaint)
        keys, problems = keymap(self.settings.keys)
        self.set_keymap(keys)
        for problem in (*self.settings.problems, *problems):
            self.notify(clean(problem, 500), title="config.toml", severity="warning", markup=False)
        self.call_after_refresh(self._start_reading)

    def on_unmount(self) -> None:
        """Tell the reader thread to end."""
        self._stop.set()
        if self._store is not None:
            self._store.close()

    def _follow_signals(self) -> None:
        """What asks us to end does so by the ordinary way, so that the terminal is given back."""
        import asyncio

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            try:
                loop.add_signal_handler(number, self._leave, 128 + number)
            except (RuntimeError, ValueError):
                return  # not the main thread: tests and textual-serve have handlers of their own

    def on_resize(self, event: events.Resize) -> None:
        """Repaint also where the size is as before.

        A terminal that shrinks and grows back while we are busy has lost its content, yet shows us one size.
        """
        if event.size == self._painted_size and self._has_started:
            self._repaint(None)
        self._painted_size = event.size

    def _repaint(self, _: object) -> None:
        """Back from a suspend: the terminal shows what the shell left there."""
        self.screen.refresh(layout=True)

    def _leave(self, return_code: int) -> None:
        self.exit(return_code=return_code)

    def _fatal_error(self) -> None:
        """A bug: leave with the plain traceback. Rich's would print locals, which hold untrusted data."""
        import traceback

        from rich.segment import Segment, Segments

        from tailboard_tui.text.safe import clean_lines

        text = "\n".join(clean_lines(traceback.format_exc()))
        self._exit_renderables.append(Segments([Segment(text + "\n")]))
        self._close_messages_no_wait()

    # Reading

    def _open_real_store(self) -> Store:
        from tailboard_tui.store.runs import RunStore

        return RunStore(self.roots, settings=self.settings)

    def _start_reading(self) -> None:
        self._has_started = True
        sys.setswitchinterval(SWITCH_S)
        self.run_worker(self._read, name="reader", group="reader", exclusive=True, thread=True)

    def _read(self) -> None:
        """The reader thread: it makes the store, and publishes what changes until the app ends."""
        store = self._open_store()
        self._store = store
        self.call_from_thread(self._explorer.open_source, store)
        store.work(self._publish, self._stop)

    def _publish(self, change: StoreChange) -> None:
        """Tell the screen, in the reader thread, which stands still until the first runs are painted."""
        self._changes.append(change)
        self.post_message(RunsChanged())
        if change.runs and not self._has_painted_runs.is_set():
            self._has_painted_runs.wait(PAINT_S)
            self._has_painted_runs.set()

    @on(RunsChanged)
    def _take_changes(self) -> None:
        while self._changes:
            change = self._changes.popleft()
            self._explorer.take_in(change)
            if not (change.is_scanning or gc.isenabled()):
                self.call_after_refresh(gc.enable)  # `commands.explore` has put it off

    @on(Explorer.RunsPainted)
    def _read_on(self) -> None:
        self._has_painted_runs.set()

    @property
    def _explorer(self) -> Explorer:
        screen = self.screen_stack[0]
        assert isinstance(screen, Explorer)
        return screen

    # Look

    def refresh_css(self, animate: bool = True) -> None:
        """Style everything by the present theme; before there is a screen, its rules wait to be parsed."""
        if self._screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own colour variables, for themes that do not know them."""
        return variable_defaults(self.current_theme)

    def _first_theme(self) -> str:
        wanted = self.settings.theme
        if wanted in self.available_themes:
            return wanted
        background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
        is_light = background in ("7", "15")
        return LIGHT.name if is_light else DARK.name

    @on(TerminalBackground)
    def _match_terminal(self, message: TerminalBackground) -> None:
        """Dark or light as the terminal is, unless the user has chosen a theme."""
        if self.settings.theme not in self.available_themes and self.theme in (DARK.name, LIGHT.name):
            self.theme = DARK.name if message.is_dark else LIGHT.name

    @on(GraphicsWanted)
    def _ask_graphics(self, message: GraphicsWanted) -> None:
        """Ask the terminal, if it is one of ours: not a browser, not a test."""
        self._tell_graphics = message.tell
        ask = getattr(self._driver, "ask_graphics", None)
        if ask is not None:
            ask()
            self.screen.refresh(Region(0, 0, self.size.width, 1))  # where some print what they misread

    @on(GraphicsFound)
    def _hand_graphics(self, message: GraphicsFound) -> None:
        if self._tell_graphics is not None:
            self._tell_graphics(message.graphics)

    async def action_help(self) -> None:
        """Show all keys, or close them."""
        from tailboard_tui.screens.help import Help

        if isinstance(self.screen, Help):
            self.screen.dismiss(None)
        else:
            await self.push_screen(Help(self.settings.keys))
