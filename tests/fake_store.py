"""A store in memory: rows that a test sets and changes, in place of files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from rows import run_row, stats
from tailboard_tui.formats.base import Finish, Git, Problem
from tailboard_tui.store.catalog import Place
from tailboard_tui.store.model import Points, RunRow, StoreChange

NOW = 1_700_000_000.0
"""The time that tests of the explorer live at."""

HOSTILE = (
    "\x1b]52;c;aGk=\x07clipboard",
    "[@click=app.quit]x[/]",
    "[/nothing]",
    "学习率 0.3 日本語テスト",
    "a" * 10_000,
    "e" + "\u0301" * 50,
    "\u202egnp.exe",
    "\x9b31m\x00\x85",
    "",
)


@dataclass
class FakeStore:
    """Meets `app.Store`."""

    found: dict[str, RunRow] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    refreshed: list[object] = field(default_factory=list)
    publish: Callable[[StoreChange], None] | None = None
    is_scanning: bool = False
    roots: tuple[Place, ...] = ()

    def rows(self) -> tuple[RunRow, ...]:
        return tuple(self.found.values())

    def row(self, key: str) -> RunRow | None:
        return self.found.get(key)

    def places(self) -> tuple[Place, ...]:
        return self.roots

    def points(self, key: str) -> Points | None:
        return None

    def show(self, keys: Iterable[str]) -> None:
        self.shown = tuple(keys)

    def refresh(self, keys: Iterable[str] | None = None) -> None:
        self.refreshed.append(keys)

    def work(self, publish: Callable[[StoreChange], None], stop: threading.Event) -> None:
        self.publish = publish
        publish(StoreChange(frozenset(self.found), frozenset(), len(self.found), self.is_scanning))
        stop.wait()

    def close(self) -> None:
        pass

    # What tests do to it

    def put(self, *rows: RunRow) -> None:
        """Runs came or changed."""
        for row in rows:
            self.found[row.key] = row
        self._tell(StoreChange(frozenset(row.key for row in rows), frozenset(), len(self.found)))

    def change(self, key: str, **changes: Any) -> None:
        """One run changed."""
        self.put(replace(self.found[key], **changes))

    def remove(self, key: str) -> None:
        """One run is gone."""
        del self.found[key]
        self._tell(StoreChange(frozenset(), frozenset({key}), len(self.found)))

    def _tell(self, change: StoreChange) -> None:
        if self.publish is not None:
            self.publish(change)


def fake_store(*rows: RunRow, is_scanning: bool = False) -> FakeStore:
    """A store of these runs."""
    return FakeStore({row.key: row for row in rows}, is_scanning=is_scanning)


def sweep(count: int = 12) -> list[RunRow]:
    """Runs as a user has them: of every status, some live, some with problems, groups of two."""
    statuses = ("running", "finished", "finished", "failed", "stalled", "crashed", "killed", "unknown")
    rows = []
    for number in range(count):
        status = statuses[number % len(statuses)]
        is_live = status in ("running", "stalled")
        values = [2.3 / (1 + step / (3 + number % 5)) for step in range(100)]
        row = run_row(
            f"20231114-22{number // 60:02}{number % 60:02}-{number:06}",
            status=status,  # type: ignore[arg-type]
            name=f"lr-{10.0 ** -(1 + number % 4):g}-seed-{number // 4}",
            created=NOW - 600.0 * (number + 1),
            started=NOW - 600.0 * (number + 1),
            ended=None if is_live else NOW - 300.0 * (number + 1),
            step=50.0 + 10 * number,
            config={
                "lr": 10.0 ** -(1 + number % 4),
                "seed": number // 4,
                "model.depth": 12,
                "model.width": 64,
                "optimizer": "adam",
            },
            metrics={"train/loss": stats(values), "val/accuracy": stats([1 - value / 3 for value in values])},
            group=f"pair-{number // 2}",
            tags=("base",) if number % 5 == 0 else (),
            git=Git("5fb43f389d216bd0", "main", None, True),
            command="python train.py",
            host="gpu-box",
            seed=number // 4,
            finish=Finish(NOW, "failed", 1, "Traceback (most recent call last):\nValueError: no")
            if status == "failed"
            else None,
        )
        rows.append(
            replace(
                row,
                total_steps=1000.0 if number % 2 == 0 else None,
                progress=(50 + 10 * number) / 1000 if number % 2 == 0 else None,
                eta_s=700.0 + number if status == "running" else None,
                steps_per_s=3.5 if is_live else None,
                last_write=NOW - 5.0 * (number + 1),
                sparkline=tuple(values[::4]),
                problems=(Problem("metrics.jsonl", 7, "not JSON"),) if number % 7 == 3 else (),
                star=number % 6 == 2,
            )
        )
    return rows
