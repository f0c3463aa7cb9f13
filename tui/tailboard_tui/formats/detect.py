"""Which reader opens this directory or file, and which runs stand below a root.

A run is a directory or a file that one row of `FORMATS` claims. `look` says what one directory holds,
`find` walks a tree with it, breadth first, giving runs as it meets them. That costs one `scandir` a
directory, and for our own format one small read. Symlinks are followed only to a run inside the root,
never into a tree.
"""

from __future__ import annotations

import importlib
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from tailboard.layout import EVENTS, METRICS, RUN
from tailboard_tui.files.opening import read_slice
from tailboard_tui.formats import signs
from tailboard_tui.formats.base import Reader

MAX_DEPTH = 6
"""Levels below a root that are searched: `mlruns/<experiment>/<run>` and Hydra's multirun need 4."""

MAX_ENTRIES = 200_000
"""Entries of one directory that are looked at: a wrong root (`/`, a mail spool) must come to an end."""

MAX_LOOKS = 64
"""Files of one directory that are looked into for metrics: more of a kind are data, not runs."""

ENTRY_POINTS = "tailboard.formats"
"""The entry-point group in which an installed package names its own `Format`s."""

_CANDIDATES = (
    ".csv",
    ".tsv",
    ".jsonl",
    ".ndjson",
    ".log",
    ".txt",
    ".out",
    ".wandb",
    ".swanlab",
    ".db",
    ".sqlite",
    ".sqlite3",
)
"""Endings of files that may be runs by themselves, beside event files and what plug-ins know."""

_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages"})


@dataclass(frozen=True, slots=True)
class Format:
    """One row of the table of formats."""

    name: str
    """What `RunFacts.source` says."""
    reader: str
    """`module:class`, imported when the first run of the format is opened; called with the path."""
    claims_directory: Callable[[str, frozenset[str]], bool] | None = None
    """Whether the directory at this path, with entries of these names, is one run."""
    claims_file: Callable[[str], bool] | None = None
    """Whether the file at this path is one run by itself."""
    nests: bool = False
    """Whether further runs are looked for below a run of this format."""
    parts: Callable[[str, frozenset[str]], frozenset[str]] | None = None
    """Of a format that nests: the sub-directories that belong to the run itself."""
    runs_in_file: Callable[[str], Sequence[str]] | None = None
    """The ids of the runs in a file that `claims_file` claimed, where it may hold any number of them."""
    hidden: str = ""
    """`directory/file`: such a file is looked at although its directory is hidden."""


@dataclass(frozen=True, slots=True)
class Found:
    """A run that was recognised, not opened yet."""

    path: str
    """Absolute real path of its directory or file; of one run of several in a file, `#` and its id follow."""
    format: Format


def _claims_native(path: str, names: frozenset[str]) -> bool:
    """Also with a run.json that is lost or damaged: `look` has already met the sound ones."""
    return METRICS in names and (RUN in names or EVENTS in names)


NATIVE = Format("tailboard", "tailboard_tui.formats.native:NativeReader", _claims_native)

_FORMATS = "tailboard_tui.formats."

FORMATS: list[Format] = [
    NATIVE,
    Format("wandb", _FORMATS + "wandb:WandbReader", signs.claims_wandb, signs.claims_wandb_file),
    Format("swanlab", _FORMATS + "swanlab:SwanlabReader", signs.claims_swanlab, signs.claims_swanlab_file),
    Format("guild", _FORMATS + "guild:GuildReader", signs.claims_guild),
    Format("mlflow", _FORMATS + "mlflow:MlflowReader", signs.claims_mlflow),
    Format(
        "mlflow",
        _FORMATS + "mlflowdb:MlflowDbReader",
        claims_file=signs.claims_mlflow_file,
        runs_in_file=signs.mlflow_runs,
    ),
    Format(
        "trackio",
        _FORMATS + "trackio:TrackioReader",
        claims_file=signs.claims_trackio_file,
        runs_in_file=signs.trackio_runs,
    ),
    Format(
        "aim",
        _FORMATS + "aim:AimReader",
        claims_file=signs.claims_aim_file,
        runs_in_file=signs.aim_runs,
        hidden=".aim/run_metadata.sqlite",
    ),
    Format("huggingface", _FORMATS + "huggingface:HuggingFaceReader", signs.claims_huggingface),
    Format("sacred", _FORMATS + "sacred:SacredReader", signs.claims_sacred),
    Format("ray", _FORMATS + "raytune:RayReader", signs.claims_ray),
    Format("mmengine", _FORMATS + "mmengine:MMEngineReader", signs.claims_mmengine),
    Format("dvclive", _FORMATS + "dvclive:DvcliveReader", signs.claims_dvclive),
    Format("allennlp", _FORMATS + "allennlp:AllenNlpReader", signs.claims_allennlp, nests=True),
    Format(
        "optuna",
        _FORMATS + "optuna:OptunaReader",
        claims_file=signs.claims_optuna_file,
        runs_in_file=signs.optuna_trials,
    ),
    Format("ultralytics", _FORMATS + "tables:UltralyticsReader", signs.claims_ultralytics),
    Format(
        "tensorboard",
        _FORMATS + "tensorboard:TensorboardReader",
        signs.claims_tensorboard,
        lambda path: signs.is_event_file(os.path.basename(path)),
        nests=True,
        parts=signs.event_parts,
    ),
    Format("lightning", _FORMATS + "tables:LightningReader", signs.claims_lightning),
    Format("progress", _FORMATS + "tables:ProgressReader", signs.claims_progress, nests=True),
    Format(
        "csv", _FORMATS + "tables:GenericTableReader", signs.claims_table, signs.claims_table_file, nests=True
    ),
    Format(
        "jsonl", _FORMATS + "jsonl:GenericReader", signs.claims_records, signs.claims_records_file, nests=True
    ),
    Format("hydra", _FORMATS + "hydra:HydraReader", signs.claims_hydra),
    Format("log", _FORMATS + "logrun:LogReader", claims_file=signs.claims_log_file),
]
"""Asked in this order; the first that claims a path has it. Plug-ins are asked before all but our own."""


@cache
def formats() -> tuple[Format, ...]:
    """All formats: our own, those of plug-ins, the others."""
    return (NATIVE, *_plug_ins(), *FORMATS[1:])


PLUG_IN_PROBLEMS: list[str] = []
"""Why a plug-in could not be loaded; `tailboard doctor` says it."""


def _plug_ins() -> Iterator[Format]:
    from importlib.metadata import entry_points

    for point in entry_points(group=ENTRY_POINTS):
        try:
            found = point.load()
        except Exception as error:  # noqa: BLE001  # other people's code: it must not keep runs from opening
            PLUG_IN_PROBLEMS.append(f"{point.value}: {type(error).__name__}: {error}")
            continue
        if isinstance(found, Format):
            yield found
        else:
            PLUG_IN_PROBLEMS.append(f"{point.value}: no Format")


def _is_native(path: str) -> bool:
    """Whether run.json in this directory is ours: Sacred's has the same name, but tells no format.

    Our logger begins a run with both files, and to ask for two names costs a quarter of reading one file:
    that is what a list of 10,000 runs waits for.
    """
    if os.access(f"{path}/{RUN}", os.F_OK) and os.access(f"{path}/{EVENTS}", os.F_OK):
        return True
    try:
        return b'"format"' in read_slice(f"{path}/{RUN}", 0, 4096)
    except (OSError, ValueError):
        return False


def format_of(path: str) -> Format | None:
    """The format of the run at `path`, a directory, a file, or one of several in a file; None: no run."""
    if _is_native(path):
        return NATIVE
    try:
        names = frozenset(entry.name for entry in _entries(path))
    except NotADirectoryError:
        return _format_of_file(path)
    except FileNotFoundError:
        return _format_in_file(path)
    except OSError:
        return None
    return _format_of_directory(path, names)


def _format_of_directory(path: str, names: frozenset[str]) -> Format | None:
    for known in formats():
        if known.claims_directory is not None and known.claims_directory(path, names):
            return known
    return None


def _format_of_file(path: str) -> Format | None:
    for known in formats():
        if known.claims_file is not None and known.claims_file(path):
            return known
    return None


def _format_in_file(path: str) -> Format | None:
    """The format of `<file>#<id>`."""
    file, _, run_id = path.rpartition("#")
    if not run_id or not os.path.isfile(file):
        return None
    known = _format_of_file(file)
    return known if known is not None and known.runs_in_file is not None else None


def _runs_of(path: str, known: Format) -> tuple[Found, ...]:
    """The runs in a file of a known format."""
    if known.runs_in_file is None:
        return (Found(path, known),)
    return tuple(Found(f"{path}#{run_id}", known) for run_id in known.runs_in_file(path))


def open_reader(path: str) -> Reader | None:
    """A reader of the run at `path`; None when no format claims it."""
    known = format_of(path)
    return None if known is None else reader_of(Found(os.path.realpath(path), known))


def reader_of(found: Found) -> Reader:
    """A reader of a run that `find` gave."""
    module, _, name = found.format.reader.partition(":")
    reader: Reader = getattr(importlib.import_module(module), name)(found.path)
    return reader


@dataclass(frozen=True, slots=True)
class Listing:
    """What one directory holds."""

    claimed: Format | None = None
    """The format of which the directory itself is one run."""
    files: tuple[Found, ...] = ()
    """Runs that are single files in it."""
    directories: tuple[str, ...] = ()
    """Where to look next: real paths inside the root, names in descending order."""


def find(
    root: str, *, max_depth: int = MAX_DEPTH, on_error: Callable[[str, OSError], None] | None = None
) -> Iterator[Found]:
    """The runs at and below `root`, as they are met: level by level, names in descending order.

    Run ids begin with their date, so the newest of a directory come first.

    Args:
        root: A directory or a file; it may be a symlink, what is below it may not lead out.
        max_depth: Levels below the root to search.
        on_error: Told of directories that could not be listed; the walk goes on.
    """
    top = os.path.realpath(root)
    if not os.path.isdir(top):
        known = format_of(top)
        if known is not None:
            yield from _runs_of(top, known) if os.path.exists(top) else (Found(top, known),)
        return
    waiting = deque([(top, 0)])
    seen: set[str] = set()
    while waiting:
        path, depth = waiting.popleft()
        if path in seen:
            continue
        seen.add(path)
        try:
            listing = look(path, top)
        except OSError as error:
            if on_error is not None:
                on_error(path, error)
            continue
        if listing.claimed is not None:
            yield Found(path, listing.claimed)
        yield from listing.files
        if depth < max_depth:
            waiting.extend((below, depth + 1) for below in listing.directories)


def look(path: str, top: str) -> Listing:
    """What the directory at the real path `path`, at or below the root `top`, holds.

    Raises:
        OSError: It cannot be listed, or is a file of one run at most.
    """
    if _is_native(path):
        return Listing(NATIVE)
    try:
        entries = _entries(path)
    except NotADirectoryError:
        known = _format_of_file(path)
        if known is None or known.runs_in_file is None:
            raise
        return Listing(files=_runs_of(path, known))
    names = frozenset(entry.name for entry in entries)
    claimed = _format_of_directory(path, names)
    if claimed is not None and not claimed.nests:
        return Listing(claimed)
    parts = claimed.parts(path, names) if claimed is not None and claimed.parts is not None else frozenset()
    files: list[Found] = []
    directories: list[str] = []
    looks = 0
    for entry in sorted(entries, key=lambda entry: entry.name, reverse=True):
        if entry.name.startswith(".") or entry.name in _SKIPPED or entry.name in parts:
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                directories.append(entry.path)
            elif entry.is_symlink():
                directories.extend(_linked_run(entry.path, top))
            elif claimed is None and looks < MAX_LOOKS and _is_candidate(entry):
                looks += 1
                known = _format_of_file(entry.path)
                if known is not None:
                    files.extend(_runs_of(entry.path, known))
        except OSError:
            continue  # One entry that vanished or cannot be asked costs no other.
    for known in formats():
        if known.hidden and known.hidden.partition("/")[0] in names:
            files.extend(_runs_in_hidden(f"{path}/{known.hidden}", known))
    return Listing(claimed, tuple(files), tuple(directories))


def _runs_in_hidden(path: str, known: Format) -> tuple[Found, ...]:
    """The runs in a file in a hidden directory, which itself may be no symlink."""
    is_own = os.path.realpath(path) == path and known.claims_file is not None and known.claims_file(path)
    return _runs_of(path, known) if is_own else ()


def _is_candidate(entry: os.DirEntry[str]) -> bool:
    """Whether a file may be a run by itself, as far as its name tells."""
    name = entry.name
    is_named = name.endswith(_CANDIDATES) or signs.is_event_file(name) or len(formats()) > len(FORMATS)
    return is_named and entry.is_file(follow_symlinks=False)


def _linked_run(link: str, top: str) -> tuple[str, ...]:
    """The run directory that a symlink leads to, if it stands inside the root."""
    path = os.path.realpath(link)
    if is_inside(path, top) and os.path.isdir(path) and format_of(path) is not None:
        return (path,)
    return ()


def is_inside(path: str, top: str) -> bool:
    """Whether the real path `path` is `top` or below it."""
    return path == top or path.startswith(top.rstrip("/") + "/")


def _entries(path: str) -> list[os.DirEntry[str]]:
    """The entries of a directory, at most `MAX_ENTRIES`."""
    entries = []
    with os.scandir(path) as listing:
        for entry in listing:
            entries.append(entry)
            if len(entries) >= MAX_ENTRIES:
                break
    return entries
