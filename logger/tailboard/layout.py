"""The run directory on disk, format version 1: every file name and word in it is spelled here only.

Users read the same contract in docs/format.md. This module is imported by the logger, so it
imports only what `json` already brings.
"""

from __future__ import annotations

import os
import re
import time

FORMAT = 1
"""The version written as `format` into run.json and into every JSON object that a command prints."""

RUN = "run.json"
CONFIG = "config.json"
METRICS = "metrics.jsonl"
SYSTEM = "system.jsonl"
OUTPUT = "output.log"
OUTPUT_INDEX = "output.index.jsonl"
EVENTS = "events.jsonl"
SUMMARY = "summary.json"
GIT_DIFF = "git.diff"
PACKAGES = "packages.txt"
ARTIFACTS = "artifacts.jsonl"
MEDIA = "media.jsonl"
MEDIA_DIR = "media"
ANNOTATIONS = "annotations.jsonl"

STEP = "_step"
TIMESTAMP = "_timestamp"
EVENT = "_event"
"""Keys of a metrics line that are ours: they begin with one underscore."""

RESUME = "resume"
"""Value of `_event` in the line that begins a resumed segment: later lines win from its step on."""

NAN, INFINITY, NEGATIVE_INFINITY = "NaN", "Infinity", "-Infinity"
"""Strict JSON has no such numbers, so metrics lines hold these strings."""

START, ALERT, CONFIG_CHANGED, FINISH = "start", "alert", "config", "finish"
"""Events of events.jsonl, beside `resume`."""

METRIC_DEFINED = "define_metric"
"""Event of `define_metric`: `name` (may be a glob), `step_metric`, `summary`, `goal`, as far as given."""

RANK_FINISH = "rank_finish"
"""Event of another rank's end, as `finish` with `rank`. The run ends with rank 0."""

WARNING = "warning"
"""Event of a problem that the logger met: `message`."""

JOIN = "join"
"""Event of a process that asks for the run of `tailboard run`: `pid`, `rank`, `claim`. The first has it."""

FINISHED, FAILED, KILLED = "finished", "failed", "killed"
"""What a finish event can say of how the run ended."""

GIT_DIFF_LIMIT_BYTES = 1024 * 1024

ENV_DIR = "TAILBOARD_DIR"
ENV_MODE = "TAILBOARD_MODE"
ENV_RUN_DIR = "TAILBOARD_RUN_DIR"
"""Set by `tailboard run` for its command: the run directory that an `init()` inside joins."""
DEFAULT_DIR = "runs"

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


def is_run_id(text: str) -> bool:
    """Whether `text` may name a run directory: one path component, no separator, no leading dot."""
    return _RUN_ID.match(text) is not None


def new_run_id(now: float) -> str:
    """A fresh run id, `YYYYMMDD-HHMMSS-xxxxxx` in local time.

    Args:
        now: Unix time in seconds.
    """
    suffix = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in os.urandom(6))
    return time.strftime("%Y%m%d-%H%M%S-", time.localtime(now)) + suffix


def ranked(name: str, rank: int) -> str:
    """The file that rank `rank` writes instead of `name`: `metrics.jsonl` -> `metrics.rank3.jsonl`."""
    if rank == 0:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem}.rank{rank}{dot}{ending}"
