"""What several tests share: waiting for a condition, run directories written by hand."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any


def until(condition: Callable[[], Any], timeout_s: float = 20.0, every_s: float = 0.02) -> Any:
    """Wait until `condition()` is true and return what it gave.

    Raises:
        AssertionError: It did not become true within `timeout_s`.
    """
    end = time.monotonic() + timeout_s
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not true within {timeout_s} s: {condition}")
        time.sleep(every_s)


def write_run(
    root: Path,
    run_id: str = "20261123-120000-abcdef",
    metrics: Iterable[Mapping[str, Any]] = (),
    config: Mapping[str, Any] | None = None,
    events: Iterable[Mapping[str, Any]] = (),
    output: bytes = b"",
    **facts: Any,
) -> Path:
    """A run directory in our own format, as the logger would leave it."""
    path = root / run_id
    path.mkdir(parents=True)
    run = {"format": 1, "id": run_id, "name": facts.pop("name", run_id), "created": 1_700_000_000.0, **facts}
    (path / "run.json").write_text(json.dumps(run))
    if config is not None:
        (path / "config.json").write_text(json.dumps(config))
    for name, lines in (("metrics.jsonl", metrics), ("events.jsonl", events)):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        if text:
            (path / name).write_text(text)
    if output:
        (path / "output.log").write_bytes(output)
    return path
