"""What every reader gives, whatever the format on disk: run facts, and points in chunks.

A reader is made for one run and pulled from one worker thread: `facts()` reads the small files,
`poll()` parses the next bounded piece of the large ones. It never writes, locks or waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

from msgspec import Struct

if TYPE_CHECKING:  # the first paint must not wait for numpy
    import numpy as np
    import numpy.typing as npt

FloatArray: TypeAlias = "npt.NDArray[np.float64]"
RowArray: TypeAlias = "npt.NDArray[np.uint32]"

Value = str | int | float | bool | None
"""A config or summary value once flattened; lists stay as their JSON text."""

POLL_BYTES = 256 * 1024
"""What one `poll` parses at most: the event loop's p99 delay stays under 10 ms (ANCHORS.md 1)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a run that could not be read, shown to the user as it stands here."""

    file: str
    """Path relative to the run directory."""
    line: int | None
    """1-based line, or None where the file has no lines or the whole file is meant."""
    message: str


@dataclass(frozen=True, slots=True)
class Git:
    """Where the code stood."""

    commit: str | None = None
    branch: str | None = None
    remote: str | None = None
    dirty: bool | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """How a run says that it ended."""

    time: float | None
    """Unix seconds."""
    status: Literal["finished", "failed", "killed"]
    exit_code: int | None = None
    error: str | None = None
    """The traceback of a failed run, raw text."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """One text file that a run printed to."""

    path: str
    name: str
    """Short name for the switcher: `output.log`, `output.rank1.log`."""
    index_path: str | None = None
    """JSONL of moments and byte offsets (`output.index.jsonl`), where the format has one."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A message of `run.alert`, or one that tailboard itself raised."""

    time: float
    title: str
    text: str = ""
    level: Literal["info", "warning", "error"] = "info"


@dataclass(frozen=True, slots=True)
class MetricDef:
    """What `define_metric` said of a metric (or glob) by name."""

    name: str
    step_metric: str | None = None
    summary: str | None = None
    """`last`, `min`, `max`, `mean`, `best` or `none`."""
    goal: Literal["minimize", "maximize"] | None = None


class RunFacts(Struct, frozen=True, array_like=True):
    """All that is known of a run without parsing its points. Missing is None or empty, never a guess.

    A struct, as ten thousand are made for one list and kept in its index; `msgspec.structs.replace` gives
    another with some fields changed.
    Strings are as the files spell them, that is untrusted: clean them (`text.safe`) where they are shown.
    """

    id: str
    name: str
    source: str
    """Name of the format: `tailboard`, `tensorboard`, `wandb` ..."""
    path: str
    """Absolute path of the run directory or file."""
    project: str | None = None
    group: str | None = None
    job_type: str | None = None
    tags: tuple[str, ...] = ()
    notes: str | None = None
    star: bool = False
    """What the viewer's user said afterwards (`store.annotations`); so is the next."""
    is_hidden: bool = False
    created: float | None = None
    """Unix seconds."""
    command: str | None = None
    cwd: str | None = None
    host: str | None = None
    user: str | None = None
    pid: int | None = None
    boot_id: str | None = None
    process_start: float | None = None
    python: str | None = None
    platform: str | None = None
    seed: int | None = None
    git: Git = Git()
    hardware: Mapping[str, Value] = {}
    resumed_from: str | None = None
    converted_from: str | None = None
    """The format in which another tracker wrote the run; `tailboard convert` made ours of it."""
    config: Mapping[str, Value] = {}
    """Flat: nested keys joined with dots."""
    summary: Mapping[str, Value] = {}
    metric_defs: tuple[MetricDef, ...] = ()
    finish: Finish | None = None
    """None as long as the run has not said that it ended, or when it wrote again afterwards."""
    alerts: tuple[Alert, ...] = ()
    total_steps: float | None = None
    """Where the format itself tells the planned number of steps (else `store.progress` looks)."""
    log_files: tuple[LogFile, ...] = ()
    diff_path: str | None = None
    """A file with the uncommitted changes, in `git diff` form."""
    packages_path: str | None = None
    artifacts: tuple[Mapping[str, Value], ...] = ()
    """Data pins with the keys of artifacts.jsonl."""
    last_step: float | None = None
    """From the last complete line, before the points are parsed."""
    last_values: Mapping[str, float] = {}
    last_time: float | None = None
    """Time of the newest record (metric, sample or event) as the run itself wrote it, Unix seconds.

    Unlike `modified` it survives copying: status by age goes by it where the format gives one.
    """
    size_bytes: int = 0
    """Of the files that `poll` parses."""
    modified: float | None = None
    """Newest write to any of the run's files, Unix seconds by the file system's clock."""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One metric's values within a block of rows."""

    rows: RowArray | None
    """Ascending indices into the block's rows, shape (n,), or None: every row has a value."""
    values: FloatArray
    """Shape (n,). NaN and infinities are values that were logged, not gaps."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Consecutive records of one clock: every record has a step and a time, and some metrics."""

    clock: str
    """Records of one clock share the row numbering. `""` for the run's own metrics; `rank1`, a tag ..."""
    stream: Literal["metrics", "system"]
    steps: FloatArray
    """Shape (rows,). NaN where a record has none."""
    times: FloatArray
    """Shape (rows,), Unix seconds. NaN where a record has none."""
    columns: Mapping[str, Column]
    resumes: tuple[tuple[int, float], ...] = ()
    """(row, step): from that row of this block on, later rows replace earlier ones with step >= step."""
    end: int = 0
    """Bytes of the clock's file parsed up to the end of this block; 0 where the format cannot say."""
    offsets: npt.NDArray[np.int64] | None = None
    """Only in a preview: where in the file each sampled record begins, shape (rows,), bytes.

    Counted as `end` is: a sample counts no more once the clock's `end` has passed it.
    """


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one `poll` gave."""

    rows: tuple[Rows, ...] = ()
    problems: tuple[Problem, ...] = ()
    reset: bool = False
    """All points given before are void: a file was replaced, truncated or rewritten. Apply first."""
    bytes_read: int = 0
    """Parsed so far, of `bytes_total`, over all files of the run."""
    bytes_total: int = 0
    more: bool = False
    """Whether a further `poll` would give something at once."""


class Reader(Protocol):
    """Reads one run of one format."""

    source: ClassVar[str]
    """Name of the format, shown to users."""
    path: str

    def facts(self) -> RunFacts:
        """The facts now. Cheap when nothing changed; never raises: what is wrong is in `problems`."""
        ...

    def poll(self, limit_bytes: int = POLL_BYTES) -> Chunk:
        """The next points. Any sequence of polls gives what one full read gives; never raises."""
        ...

    def preview(self, lines: int = 800) -> Chunk:
        """A true but coarse sample of the whole file for a first picture; empty where not possible."""
        ...

    def close(self) -> None:
        """Close open descriptors. The reader can be polled again afterwards."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """What a reader has beyond `Reader` so that the points of a large run are kept for the next open.

    `store.cache` asks for `state` when all chunks of the reader were applied, keeps it beside the points,
    and gives it to a fresh reader of the same run, perhaps in another process, before its first poll.
    """

    def state(self) -> Mapping[str, Any] | None:
        """Where reading stands, in JSON's types; None where this run cannot be resumed."""
        ...

    def restore(self, state: Mapping[str, Any]) -> bool:
        """Go on where `state` was taken, as if this reader had given those chunks itself.

        False, standing at the start, when a file is another now or `state` is not understood; an empty
        state takes it back to the start. What is in `state` is checked like any file: it may raise
        ValueError, KeyError or TypeError, after which the reader is thrown away.
        """
        ...
