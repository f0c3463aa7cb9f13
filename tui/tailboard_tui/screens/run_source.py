"""What the screens ask of the store; `store.runs.RunStore` meets it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tailboard_tui.store.catalog import Place
    from tailboard_tui.store.model import Points, RunRow


class RunSource(Protocol):
    """Snapshots of the runs; every call returns at once, from any thread."""

    def rows(self) -> tuple[RunRow, ...]:
        """All runs found so far."""
        ...

    def row(self, key: str) -> RunRow | None:
        """One run, or None when it is gone."""
        ...

    def places(self) -> tuple[Place, ...]:
        """The roots, each with what is wrong with it."""
        ...

    def points(self, key: str) -> Points | None:
        """A run's points, as far as they are read."""
        ...

    def show(self, keys: Iterable[str]) -> None:
        """These runs are on screen: read them fully and follow them closely."""
        ...

    def refresh(self, keys: Iterable[str] | None = None) -> None:
        """Look at everything again now, or only at these runs."""
        ...


class NoRuns:
    """Stands in for the store until the reader thread has made it."""

    def rows(self) -> tuple[RunRow, ...]:
        """None yet."""
        return ()

    def row(self, key: str) -> RunRow | None:
        """None yet."""
        return None

    def places(self) -> tuple[Place, ...]:
        """None yet."""
        return ()

    def points(self, key: str) -> Points | None:
        """None yet."""
        return None

    def show(self, keys: Iterable[str]) -> None:
        """Nothing to read yet: the explorer asks again with the first change."""

    def refresh(self, keys: Iterable[str] | None = None) -> None:
        """Nothing to look at yet."""
