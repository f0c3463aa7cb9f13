"""The table of formats: which reader is for what, our own and those of installed packages."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from tailboard.layout import EVENTS, METRICS, RUN
from tailboard_tui.files.opening import read_slice
from tailboard_tui.formats import signs

ENTRY_POINTS = "tailboard.formats"
"""The entry-point group in which an installed package names its own `Format`s."""

MAX_ENTRY_POINTS_BYTES = 64 * 1024


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

    def has_directory(self, path: str, names: frozenset[str]) -> bool:
        """`claims_directory`; a plug-in that fails claims nothing, and `doctor` says it."""
        try:
            return self.claims_directory is not None and self.claims_directory(path, names)
        except Exception as error:  # noqa: BLE001  # other people's code: it must not keep runs from opening
            return self._failed(error)

    def has_file(self, path: str) -> bool:
        """`claims_file`, likewise."""
        try:
            return self.claims_file is not None and self.claims_file(path)
        except Exception as error:  # noqa: BLE001  # other people's code: it must not keep runs from opening
            return self._failed(error)

    def _failed(self, error: Exception) -> bool:
        problem = f"{self.name}: {type(error).__name__}: {error}"
        if problem not in PLUG_IN_PROBLEMS and len(PLUG_IN_PROBLEMS) < MOST_PROBLEMS:
            PLUG_IN_PROBLEMS.append(problem)
        return False


def _claims_native(path: str, names: frozenset[str]) -> bool:
    """Also with a run.json that is lost or damaged: `look` has already met the sound ones."""
    return METRICS in names and (RUN in names or EVENTS in names)


NATIVE = Format("tailboard", "tailboard_tui.formats.native:NativeReader", _claims_native)

_FORMATS = "tailboard_tui.formats."

PLAIN_LOG = Format("log", _FORMATS + "logrun:PlainLogReader")
"""A log that no row of the table claims, opened only when it is asked for by its name."""

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


def split_run(path: str) -> tuple[str, str]:
    """The file and the id of a run at `<file>#<id>`; either may hold further `#`."""
    at = path.find("#")
    while at >= 0 and not os.path.isfile(path[:at]):
        at = path.find("#", at + 1)
    if at < 0:
        at = path.rfind("#")  # the file has gone
    return (path[:at], path[at + 1 :]) if at >= 0 else (path, "")


@cache
def formats() -> tuple[Format, ...]:
    """All formats: our own, those of plug-ins, the others."""
    return (NATIVE, *_plug_ins(), *FORMATS[1:])


PLUG_IN_PROBLEMS: list[str] = []
"""Why a plug-in could not be loaded, or failed; `tailboard doctor` says it."""

MOST_PROBLEMS = 20


def _plug_ins() -> Iterator[Format]:
    if not _may_have_plug_ins():
        return
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


def _may_have_plug_ins() -> bool:
    """Whether any installed package names our group: `importlib.metadata` costs the first paint 20 ms."""
    for directory in sys.path:
        try:
            with os.scandir(directory or ".") as entries:
                packages = [
                    entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info"))
                ]
        except OSError:
            if os.path.isfile(directory):
                return True  # A zip file with packages: only importlib can tell.
            continue
        if any(ENTRY_POINTS.encode() in _entry_points(package) for package in packages):
            return True
    return False


def _entry_points(package: str) -> bytes:
    try:
        return read_slice(os.path.realpath(f"{package}/entry_points.txt"), 0, MAX_ENTRY_POINTS_BYTES)
    except OSError:
        return b""
