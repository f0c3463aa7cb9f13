"""Which runs have read or made the same data, told by its digest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tailboard_tui.store.model import RunRow


@dataclass(frozen=True, slots=True)
class SharedData:
    """Data of one run that other runs have pinned too."""

    name: str
    """What the run in question calls it."""
    sha256: str
    read_by: tuple[str, ...]
    """Ids of the other runs that used it, newest first."""
    made_by: tuple[str, ...]
    """Ids of the other runs that logged it as their output, newest first."""


def has_digests(row: RunRow) -> bool:
    """Whether a run has pinned anything that can be compared."""
    return bool(_digests(row))


def shared_data(row: RunRow, rows: Iterable[RunRow]) -> list[SharedData]:
    """The data of `row` that others of `rows`, newest first, have pinned too. Names need not be the same."""
    names = {digest: name for (digest, _), name in _digests(row).items()}
    users: dict[tuple[str, str], list[str]] = {}
    for other in rows:
        if other.key != row.key:
            for pin in _digests(other):
                users.setdefault(pin, []).append(other.facts.id)
    found = (
        SharedData(
            name, digest, tuple(users.get((digest, "input"), ())), tuple(users.get((digest, "output"), ()))
        )
        for digest, name in names.items()
    )
    return [data for data in found if data.read_by or data.made_by]


def _digests(row: RunRow) -> dict[tuple[str, str], str]:
    """Names of what a run has pinned, by digest and role."""
    found = {}
    for pin in row.facts.artifacts:
        digest = pin.get("sha256")
        if isinstance(digest, str) and digest:
            found[digest, str(pin.get("role"))] = str(pin.get("name") or pin.get("uri"))
    return found
