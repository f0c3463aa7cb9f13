"""Driving the explorer without a terminal, on runs in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from fake_store import NOW, FakeStore
from tailboard_tui.app import TailboardApp
from tailboard_tui.screens.explorer import Explorer
from tailboard_tui.settings import Settings
from tailboard_tui.widgets.run_table import RunTable


@asynccontextmanager
async def explorer(
    store: FakeStore, size: tuple[int, int] = (120, 40), settings: Settings | None = None
) -> AsyncIterator[Pilot[None]]:
    """The app on `store`, once the runs are listed."""
    app = TailboardApp(["/runs"], settings or Settings(), open_store=lambda: store, clock=lambda: NOW)
    async with app.run_test(size=size) as pilot:
        await settled(
            pilot, lambda: (store.publish is not None and not store.found) or bool(table(pilot).model.lines)
        )
        yield pilot


async def settled(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Wait until `condition()` is true."""
    for _ in range(400):
        await pilot.pause()
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("never came about")


def screen(pilot: Pilot[None]) -> Explorer:
    found = pilot.app.screen_stack[0]
    assert isinstance(found, Explorer)
    return found


def table(pilot: Pilot[None]) -> RunTable:
    return screen(pilot).query_one(RunTable)


def shown(pilot: Pilot[None]) -> str:
    """What stands on the screen, without styles."""
    return "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())
