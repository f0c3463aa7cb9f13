"""Whether the begin of a file looks like metrics: a table of them, or JSON objects."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tailboard_tui.files.opening import read_slice
from tailboard_tui.formats.names import looks_like_metric, number, step_name, time_names

LOOK_BYTES = 4096
"""Of a file that might hold metrics."""

METRIC_TABLES = frozenset(
    {
        "metrics.csv",
        "metrics.tsv",
        "log.csv",
        "logs.csv",
        "history.csv",
        "training.csv",
        "training_log.csv",
        "train_log.csv",
        "results.csv",
        "summary.csv",
        "progress.csv",
        "progress.txt",
        "scalars.csv",
        "losses.csv",
        "loss.csv",
    }
)
"""Tables of metrics by their names: they are the run that their directory is."""

METRIC_RECORDS = (
    "metrics.json",
    "scalars.json",
    "progress.json",
    "result.json",
    "trainer_log.jsonl",
    "metrics.jsonl",
    "log.jsonl",
    "logs.jsonl",
    "history.jsonl",
    "train_log.jsonl",
    "training_log.jsonl",
    "stats.jsonl",
    "log.txt",
    "log.json",
    "logging.jsonl",
)
"""Files of JSON objects, likewise; a look at their first lines decides."""


def is_table(path: str) -> bool:
    """Whether a file begins like a table of metrics.

    That is: a header of names, one of which counts steps, another one of a kind that training measures,
    and rows of which half at least of the cells are numbers. Data sets have no such header.
    """
    lines = _first_lines(path)
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        return False
    delimiter = max(",\t;|", key=lines[0].count)
    names = [name.strip().strip('"') for name in lines[0].split(delimiter)]
    if not is_metric_names(names):
        return False
    cells = [cell.strip() for line in lines[1:10] for cell in line.split(delimiter)]
    filled = [cell for cell in cells if cell]
    return sum(number(cell) is not None for cell in filled) * 2 >= len(filled)


def is_metric_names(names: Sequence[str]) -> bool:
    """Whether columns or keys of these names are a training's: a step and a metric, or mostly metrics."""
    if len(names) > 2000 or any(number(name) is not None for name in names):
        return False
    step = step_name(names)
    others = [name for name in names if name != step]
    measured = sum(looks_like_metric(name) for name in others)
    return measured > 0 if step is not None else measured * 2 >= len(names) > 0


def is_records(path: str) -> bool:
    """Whether a file begins with JSON objects that are records of metrics: step or moment, and numbers."""
    for line in _first_lines(path)[:20]:
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            return False
        if not isinstance(record, dict):
            return False
        numbers = [name for name, value in record.items() if _is_number(value)]
        step = step_name(numbers)
        moments = time_names(record)
        others = [name for name in numbers if name != step and name not in moments]
        if others and (step is not None or moments):
            return step in ("_step", "global_step") or is_metric_names([*others, *([step] if step else [])])
        if any(isinstance(value, str) and len(value) > 500 for value in record.values()):
            return False
    return False


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return len(value) < 40 and number(value) is not None
    return isinstance(value, int | float)


def _first_lines(path: str) -> list[str]:
    """The whole lines at the begin of a file; nothing where it cannot be read or holds binary data."""
    try:
        data = read_slice(path, 0, LOOK_BYTES)
    except (OSError, ValueError):
        return []
    if b"\0" in data:
        return []
    lines = data.decode("utf-8-sig", "replace").split("\n")
    return [line.removesuffix("\r") for line in (lines if len(data) < LOOK_BYTES else lines[:-1])]
