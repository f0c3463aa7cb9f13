"""Which keys differ between runs, in their configuration or any flat mapping."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tailboard_tui.formats.base import Value
from tailboard_tui.store.fields import as_number
from tailboard_tui.store.model import RunRow

_NOISY_WORDS = frozenset(
    {"path", "dir", "directory", "folder", "file", "filename", "date", "time", "timestamp", "now", "host"}
    | {"hostname", "user", "username", "pid", "port", "url", "uri", "uuid", "guid", "cwd", "output", "logdir"}
    | {"outdir", "workdir", "savedir"}
)
"""As the last word of a key: `start_time` is noise, `time_steps` a parameter."""

_NOISY_NAMES = frozenset(
    {"run_id", "run_name", "exp_name", "experiment_name", "job_id", "id", "name", "log_file"}
)
_LABELS = frozenset({"seed", "random_seed", "rank", "port", "pid"})
"""Keys whose numbers name something: their difference says nothing."""

_WORDS = re.compile(r"[a-z]+|[A-Z]+[a-z]*")
_NOISY_VALUE = re.compile(
    r"/\S|~/|\.{1,2}/|[A-Za-z]:\\|[a-z][a-z0-9+.-]*://"  # paths and addresses
    r"|\d{4}-\d\d-\d\d|\d{8}-\d{6}"  # dates and our own ids
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One key over all compared runs."""

    key: str
    values: tuple[Value, ...]
    """None where a run lacks it (or holds null)."""
    differs: bool
    is_noise: bool
    """Differs in every run without meaning anything: paths, dates, names of the run."""
    deltas: tuple[float | None, ...]
    """Each value minus the baseline's; None where one of them is no number, or names something (a seed)."""


def is_noisy(key: str, values: Sequence[Value] = ()) -> bool:
    """Whether `key` is expected to differ between any two runs and tells nothing about results."""
    leaf = key.rpartition(".")[2]
    words = _WORDS.findall(leaf)
    if leaf.lower() in _NOISY_NAMES or (words and words[-1].lower() in _NOISY_WORDS):
        return True
    texts = [value for value in values if value is not None]
    return bool(texts) and all(isinstance(text, str) and _NOISY_VALUE.match(text) for text in texts)


def is_same(first: Value, second: Value) -> bool:
    """Equality of values as a person sees it: 1 and 1.0 are the same, NaN is NaN, true is not 1."""
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    if isinstance(first, float) and isinstance(second, float) and math.isnan(first) and math.isnan(second):
        return True
    return first == second


def delta(value: Value, base: Value) -> float | None:
    """`value` minus `base`; None where one of them is no finite number."""
    if isinstance(value, str) or isinstance(base, str):
        return None
    number, start = as_number(value), as_number(base)
    if number is None or start is None or not (math.isfinite(number) and math.isfinite(start)):
        return None
    return number - start


def differences(tables: Sequence[Mapping[str, Value]], baseline: int = 0) -> list[Difference]:
    """Every key of `tables`: what differs first, then what differs as noise, then what is the same.

    Within each part keys stand in order of first appearance.
    """
    keys = dict.fromkeys(key for table in tables for key in table)
    found = []
    for key in keys:
        values = tuple(table.get(key) for table in tables)
        differs = any(not is_same(value, values[0]) for value in values[1:])
        is_label = key.rpartition(".")[2].lower() in _LABELS
        deltas = tuple(None if is_label else delta(value, values[baseline]) for value in values)
        found.append(Difference(key, values, differs, differs and is_noisy(key, values), deltas))
    return sorted(found, key=lambda item: 2 if not item.differs else int(item.is_noise))


def config_differences(rows: Sequence[RunRow], baseline: int = 0) -> list[Difference]:
    """`differences` of the configurations."""
    return differences([row.facts.config for row in rows], baseline)


def differing_config(rows: Sequence[RunRow]) -> list[str]:
    """Config keys worth a column: two runs differ in them, noise left out; most widely set ones first."""
    first: dict[str, Value] = {}
    seen_in: dict[str, int] = {}
    differs: set[str] = set()
    for row in rows:
        for key, value in row.facts.config.items():
            if value is None:
                continue
            seen_in[key] = seen_in.get(key, 0) + 1
            if key not in first:
                first[key] = value
            elif not is_same(first[key], value):
                differs.add(key)
    chosen = [key for key in first if key in differs and not is_noisy(key, (first[key],))]
    return sorted(chosen, key=lambda key: -seen_in[key])


def telling_parts(texts: Sequence[str], most: int) -> list[str]:
    """Texts in at most `most` characters each; of long ones that begin alike the part where they differ.

    Args:
        most: At least 8.
    """
    longest, shared = max(map(len, texts), default=0), _shared_beginning(texts)
    if longest <= most or shared < most // 2 or shared == longest:
        return [_cut(text, most) for text in texts]
    begin = min(shared - most // 4, longest - most + 1)
    return [_cut("…" + text[begin:], most) if len(text) > begin else text for text in texts]


def _shared_beginning(texts: Sequence[str]) -> int:
    """Characters with which all texts begin."""
    low, high = min(texts, default=""), max(texts, default="")
    return next(
        (at for at, (one, other) in enumerate(zip(low, high, strict=False)) if one != other), len(low)
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
