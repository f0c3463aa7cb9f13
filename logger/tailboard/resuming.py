"""What a continued run is told by its own directory: earlier facts, the last step that was written."""

from __future__ import annotations

import json
import os

from tailboard import layout

_TAIL_BYTES = 1024 * 1024
"""How far back from the end the last complete line is looked for at first; then the whole file."""


def run_facts(path: str, name: str = layout.RUN) -> dict[str, object]:
    """The JSON object in file `name` of the run; empty where it is missing or damaged."""
    try:
        with open(os.path.join(path, name), "rb") as file:
            found = json.loads(file.read())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def last_event(path: str, event: str) -> dict[str, object] | None:
    """The last event of this kind in events.jsonl."""
    try:
        with open(os.path.join(path, layout.EVENTS), "rb") as file:
            lines = file.read().split(b"\n")
    except OSError:
        return None
    for line in reversed(lines):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and found.get("event") == event:
            return found
    return None


def last_step(path: str, name: str = layout.METRICS) -> int | None:
    """The highest step in the last piece of a metrics file, None when there is none."""
    try:
        with open(os.path.join(path, name), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(size - _TAIL_BYTES, 0))
            lines = file.read(_TAIL_BYTES).split(b"\n")
    except OSError:
        return None
    steps = []
    for line in lines:
        try:
            step = json.loads(line).get(layout.STEP)
        except (ValueError, AttributeError):
            continue
        if isinstance(step, int | float):
            steps.append(int(step))
    return max(steps, default=None)
