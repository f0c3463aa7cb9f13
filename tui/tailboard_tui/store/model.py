"""What the store gives to screens and commands: frozen snapshots, safe to hand between threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from msgspec import Struct

from tailboard_tui.formats.base import FloatArray, Problem, RunFacts

Status = Literal["running", "stalled", "finished", "failed", "killed", "crashed", "unknown"]


class MetricStats(Struct, frozen=True, array_like=True, gc=False):
    """One metric of one run in numbers. Minimum and maximum are over finite values.

    A struct that the garbage collector leaves out: a list of ten thousand runs holds a hundred thousand.
    """

    count: int
    """Points, NaN and infinities included."""
    first: float
    last: float
    min: float
    """NaN when there is no finite value; so are the three that follow."""
    min_step: float
    max: float
    max_step: float
    last_step: float
    nan_count: int
    """Points that are NaN or infinite."""
    first_bad_step: float | None = None
    """Step of the first of them."""


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one metric, in the order in which they were written. The arrays are read-only."""

    name: str
    steps: FloatArray
    """Shape (n,). NaN where a point has no step."""
    times: FloatArray
    """Shape (n,), Unix seconds. NaN where a point has none."""
    values: FloatArray
    """Shape (n,). NaN and infinities where they were logged."""
    generation: int
    """Changes when earlier points are no longer a prefix of the later ones (file replaced, resumed)."""
    resume_steps: tuple[float, ...] = ()
    """Steps at which resumed segments begin: seams to mark."""


class Points(Protocol):
    """A frozen view of all points of one run that have been read so far."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names in order of first appearance."""
        ...

    @property
    def system_metrics(self) -> tuple[str, ...]:
        """Names of resource samples in order of first appearance."""
        ...

    @property
    def is_complete(self) -> bool:
        """False while earlier bytes are still to be read: the points are then a true, coarse sample."""
        ...

    def series(self, name: str, *, everything: bool = False) -> Series | None:
        """The points of a metric or system metric, or None.

        Args:
            everything: With the points that a resumed segment replaced; by default the later win.
        """
        ...


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as the table, `ls` and `show` know it."""

    key: str
    """Unique among the roots: the run's real path. The cursor and marks hold on to it."""
    facts: RunFacts
    status: Status
    status_reason: str
    """Why the status is what it is, for a person: `process 4711 is gone, no finish event`."""
    step: float | None = None
    total_steps: float | None = None
    progress: float | None = None
    """0 to 1."""
    eta_s: float | None = None
    steps_per_s: float | None = None
    started: float | None = None
    ended: float | None = None
    last_write: float | None = None
    metrics: Mapping[str, MetricStats] = field(default_factory=dict)
    """Complete where `is_read`; before that from the last line only, with count 0."""
    is_read: bool = False
    bytes_read: int = 0
    bytes_total: int = 0
    sparkline: tuple[float, ...] = ()
    """At most 32 values of the key metric, evenly spread."""
    problems: tuple[Problem, ...] = ()
    star: bool = False
    is_hidden: bool = False

    def duration_s(self, now: float) -> float | None:
        """Seconds from start to end, or to `now` while it runs."""
        if self.started is None:
            return None
        end = self.ended if self.ended is not None else now
        return max(end - self.started, 0.0)


@dataclass(frozen=True, slots=True)
class StoreChange:
    """What changed since the last change was published. Several may be merged into one."""

    runs: frozenset[str] = frozenset()
    """Keys whose row or points changed, new ones included."""
    removed: frozenset[str] = frozenset()
    found: int = 0
    """Runs found so far."""
    is_scanning: bool = False
    """Whether the first scan of the roots is still under way."""
