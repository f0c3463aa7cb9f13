"""By which signs a directory or a file is known as a run: names first, then at most one small look.

Nothing here parses points, and nothing heavy is imported: a tree of ten thousand directories is asked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from tailboard_tui.files.opening import read_slice
from tailboard_tui.formats.looks import LOOK_BYTES, METRIC_RECORDS, METRIC_TABLES, is_records, is_table
from tailboard_tui.formats.names import looks_like_metric

TRAINER_STATE = "trainer_state.json"
CHECKPOINT = re.compile(r"\Acheckpoint-(\d+)\Z")

SPLITS = frozenset(
    {"train", "training", "val", "valid", "validation", "eval", "evaluation", "test", "testing", "dev"}
)
"""Sub-directories that hold a part of the run above them, as Keras and Estimators write them."""

_LOG_NAME = re.compile(r"\.(?:log|out|err|txt|stdout|stderr)(?:\.\d{1,6})?\Z", re.IGNORECASE)

_HPARAMS_DIRECTORY = re.compile(r"\A\d{9,11}\.\d+(?:\.\w+)?\Z")
"""What `SummaryWriter.add_hparams` of torch and tensorboardX makes below the run: the time."""

_DATA_DIRECTORIES = frozenset(
    {
        "data",
        "dataset",
        "datasets",
        "raw",
        "processed",
        "corpus",
        "annotations",
        "labels",
        "assets",
        "fixtures",
    }
)
"""In directories of these names only files with a name that metrics have are looked at."""


def is_event_file(name: str) -> bool:
    """Whether a file of this name is one of TensorBoard's."""
    return ".tfevents" in name and not name.endswith((".gz", ".zip", ".tmp", ".lock", ".py", ".pyc"))


def is_hparams_directory(name: str) -> bool:
    """Whether `add_hparams` made a directory of this name."""
    return _HPARAMS_DIRECTORY.match(name) is not None


def claims_tensorboard(path: str, names: frozenset[str]) -> bool:
    """Whether the directory holds event files, or only the parts of a run that do."""
    if any(is_event_file(name) for name in names):
        return True
    return any(_has_events(f"{path}/{name}") for name in names if name.lower() in SPLITS)


def event_parts(path: str, names: frozenset[str]) -> frozenset[str]:
    """Sub-directories with event files that are parts of the run at `path`, not runs by themselves."""
    has_own = any(is_event_file(name) for name in names)
    return frozenset(
        name
        for name in names
        if (
            (name.lower() in SPLITS or (has_own and is_hparams_directory(name)))
            and _has_events(f"{path}/{name}")
        )
        or (has_own and "_" in name and _is_scalars_directory(path, name))
    )


def _has_events(path: str) -> bool:
    return any(is_event_file(name) for name in _names(path))


def _is_scalars_directory(path: str, name: str) -> bool:
    """Whether `SummaryWriter.add_scalars(tag, {key: ...})` made it: `<tag>_<key>`, with that tag inside."""
    events = [file for file in _names(f"{path}/{name}") if is_event_file(file)]
    if not events:
        return False
    from tailboard_tui.formats.tensorboard import first_tags

    tags = first_tags(f"{path}/{name}/{events[0]}")
    return any(name.startswith(tag.replace("/", "_") + "_") for tag in tags)


def claims_wandb(path: str, names: frozenset[str]) -> bool:
    """Whether the directory is a run of wandb."""
    return "run-" in os.path.basename(path) and any(name.endswith(".wandb") for name in names)


def claims_wandb_file(path: str) -> bool:
    """Whether the file is wandb's, by its first bytes."""
    return path.endswith(".wandb") and _head(path, 4) == b":W&B"


def claims_swanlab(path: str, names: frozenset[str]) -> bool:
    """Whether the directory is a run of swanlab."""
    return any(name.endswith(".swanlab") for name in names)


def claims_swanlab_file(path: str) -> bool:
    """Whether the file is swanlab's, by its first bytes."""
    return path.endswith(".swanlab") and _head(path, 4) == b":SWL"


def claims_guild(path: str, names: frozenset[str]) -> bool:
    """Whether the directory is a run of Guild."""
    return ".guild" in names and os.path.isfile(f"{path}/.guild/opref")


def claims_aim_file(path: str) -> bool:
    """Whether the file lists the runs of an Aim repository."""
    if not _may_be_database(path):
        return False
    from tailboard_tui.formats import aim

    return aim.claims(path)


def aim_runs(path: str) -> Sequence[str]:
    """The runs in an Aim repository."""
    from tailboard_tui.formats import aim

    return aim.runs_in(path)


def _head(path: str, length: int) -> bytes:
    try:
        return read_slice(path, 0, length)
    except (OSError, ValueError):
        return b""


def claims_mlflow(path: str, names: frozenset[str]) -> bool:
    """Whether the directory is a run of MLflow's file store, and not a deleted one."""
    if "meta.yaml" not in names or not ({"metrics", "params", "tags"} & names):
        return False
    return b"lifecycle_stage: deleted" not in _head(f"{path}/meta.yaml", LOOK_BYTES)


def claims_mlflow_file(path: str) -> bool:
    """Whether the file is MLflow's database."""
    if not _may_be_database(path):
        return False
    from tailboard_tui.formats import mlflowdb

    return mlflowdb.claims(path)


def mlflow_runs(path: str) -> Sequence[str]:
    """The runs in MLflow's database."""
    from tailboard_tui.formats import mlflowdb

    return mlflowdb.runs_in(path)


def claims_trackio_file(path: str) -> bool:
    """Whether the file is a project of trackio."""
    if not _may_be_database(path):
        return False
    from tailboard_tui.formats import trackio

    return trackio.claims(path)


def trackio_runs(path: str) -> Sequence[str]:
    """The runs in a project of trackio."""
    from tailboard_tui.formats import trackio

    return trackio.runs_in(path)


def _may_be_database(path: str) -> bool:
    return path.endswith((".db", ".sqlite", ".sqlite3")) and _head(path, 16) == b"SQLite format 3\0"


def claims_sacred(path: str, names: frozenset[str]) -> bool:
    """Whether the directory is a run of Sacred's FileStorageObserver."""
    has_more = "cout.txt" in names or "metrics.json" in names or "info.json" in names
    return "run.json" in names and "config.json" in names and has_more


def claims_ray(path: str, names: frozenset[str]) -> bool:
    """Whether the directory is a trial of Ray Tune."""
    return "result.json" in names and "params.json" in names


def claims_dvclive(path: str, names: frozenset[str]) -> bool:
    """Whether DVCLive wrote here."""
    return "plots" in names and os.path.isdir(f"{path}/plots/metrics")


def claims_mmengine(path: str, names: frozenset[str]) -> bool:
    """Whether MMEngine logged here."""
    return "vis_data" in names and os.path.isfile(f"{path}/vis_data/scalars.json")


def claims_hydra(path: str, names: frozenset[str]) -> bool:
    """Whether the directory is that of a job of Hydra."""
    return ".hydra" in names


def claims_log_file(path: str) -> bool:
    """Whether the file is a log with metrics in its last lines."""
    if not path.endswith((".log", ".out", ".txt")) or _is_data(path):
        return False
    from tailboard_tui.formats import logrun

    return logrun.holds_metrics(path)


def is_plain_log(path: str) -> bool:
    """Whether the file is called as logs are and holds text: it opens when it is asked for by its name."""
    return _LOG_NAME.search(path) is not None and b"\0" not in _head(path, 1024)


def claims_allennlp(path: str, names: frozenset[str]) -> bool:
    """Whether AllenNLP trained here."""
    return "metrics_epoch_0.json" in names


def claims_optuna_file(path: str) -> bool:
    """Whether the file is a journal of Optuna."""
    return path.endswith((".log", ".journal", ".jsonl")) and _head(path, 256).startswith(
        (b'{"op_code":', b'{"op_code" :')
    )


def optuna_trials(path: str) -> Sequence[str]:
    """The trials in a journal."""
    from tailboard_tui.formats import optuna

    return optuna.trials_in(path)


def claims_huggingface(path: str, names: frozenset[str]) -> bool:
    """Whether the directory is an output directory of the Trainer, not one of its checkpoints."""
    if TRAINER_STATE in names and not CHECKPOINT.match(os.path.basename(path)):
        return True
    checkpoints = [name for name in names if CHECKPOINT.match(name)]
    return any(os.path.isfile(f"{path}/{name}/{TRAINER_STATE}") for name in checkpoints[:20])


def claims_ultralytics(path: str, names: frozenset[str]) -> bool:
    """Whether Ultralytics trained here."""
    return "results.csv" in names and ("args.yaml" in names or "weights" in names)


def claims_lightning(path: str, names: frozenset[str]) -> bool:
    """Whether Lightning's CSVLogger wrote here."""
    return "metrics.csv" in names and (
        "hparams.yaml" in names or os.path.basename(path).startswith("version_")
    )


def claims_progress(path: str, names: frozenset[str]) -> bool:
    """Whether a logger of the OpenAI baselines family wrote here."""
    return (
        "progress.csv" in names
        or ("progress.txt" in names and is_table(f"{path}/progress.txt"))
        or any(name == "monitor.csv" or name.endswith(".monitor.csv") for name in names)
    )


def claims_table(path: str, names: frozenset[str]) -> bool:
    """Whether the directory holds one table of metrics by a name that tables of metrics have."""
    return any(is_table(f"{path}/{name}") for name in METRIC_TABLES & names)


def claims_records(path: str, names: frozenset[str]) -> bool:
    """Whether the directory holds JSON objects of metrics by a name that they have."""
    return any(name in names and is_records(f"{path}/{name}") for name in METRIC_RECORDS)


def claims_table_file(path: str) -> bool:
    """Whether a file that stands by itself is a table of metrics."""
    return path.endswith((".csv", ".tsv")) and not _is_data(path) and is_table(path)


def claims_records_file(path: str) -> bool:
    """Whether a file that stands by itself holds JSON objects of metrics."""
    return path.endswith((".jsonl", ".ndjson")) and not _is_data(path) and is_records(path)


def _is_data(path: str) -> bool:
    directory, name = os.path.split(path)
    return os.path.basename(directory).lower() in _DATA_DIRECTORIES and not looks_like_metric(name)


def _names(path: str) -> list[str]:
    """The names in a directory; none where it is no directory."""
    try:
        return os.listdir(path)
    except OSError:
        return []
