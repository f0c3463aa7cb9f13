"""Keys in the order in which they were typed, however fast: what is typed behind a key that opens a line to
type in goes into that line.

Textual hands a key to whoever has the focus when it is read, and looks for its binding only when it has
bubbled back. So of a burst `chost` all letters go to the run list before `c` opens the picker, and are lost.
"""

from __future__ import annotations

import asyncio
from collections import deque

from textual import events, on
from textual.app import App
from textual.driver import Driver
from textual.message_pump import MessagePump
from textual.screen import ModalScreen, ScreenResultType
from textual.widgets import Input

from tailboard_tui.messages import ReadyToType

DRAIN_S = 0.5
"""Longest wait for a line to take in what was typed before: a safeguard, it takes microseconds."""


class TypingScreen(ModalScreen[ScreenResultType]):
    """A dialog in which something is typed: keys wait until its line has the focus."""

    AUTO_FOCUS = ""
    is_ready = False

    def begin_typing(self, line: Input) -> None:
        """Call when mounted: from now on keys go to `line`."""
        self.set_focus(line)
        self.is_ready = True
        self.post_message(ReadyToType())


class TypeAhead(App[None]):
    """An app in which each key finds what the keys before it have done."""

    def __init__(self, driver_class: type[Driver] | None = None) -> None:
        super().__init__(driver_class)
        self._waiting_keys: deque[events.Key] = deque()

    @property
    def _is_opening(self) -> bool:
        return isinstance(self.screen, TypingScreen) and not self.screen.is_ready

    async def on_event(self, event: events.Event) -> None:
        """Keep keys while a dialog opens; find bindings at once, not when the key has bubbled back."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._waiting_keys or self._is_opening:
            self._waiting_keys.append(event)
        else:
            await self._take_key(event)

    async def _take_key(self, event: events.Key) -> None:
        line = self.focused if isinstance(self.focused, Input) else None
        if line is not None and event.is_printable:
            await super().on_event(event)
            return
        if line is not None:
            await _drain(line)  # Tab chooses among what the letters before it have left
        if not (
            await self._check_bindings(event.key, priority=True) or await self._check_bindings(event.key)
        ):
            await super().on_event(event)
        if line is not None:
            await _drain(line)  # what is typed behind Enter is not for this line

    @on(ReadyToType)
    async def _take_waiting_keys(self) -> None:
        waiting, self._waiting_keys = self._waiting_keys, deque()
        for event in waiting:
            await self.on_event(event)


async def _drain(line: Input) -> None:
    """Wait until `line` and what is around it have worked off what they were sent."""
    try:
        async with asyncio.timeout(DRAIN_S):
            for pump in (line, *line.ancestors):
                if not isinstance(pump, App):
                    await _worked_off(pump)
    except TimeoutError:
        pass  # it is slow, but it will come


async def _worked_off(pump: MessagePump) -> None:
    done = asyncio.Event()
    if pump.call_later(done.set):
        await done.wait()
