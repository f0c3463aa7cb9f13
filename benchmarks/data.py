"""Run directories of any size for the benchmarks, the same bytes for the same arguments."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

NAMES = tuple(
    f"{split}/{kind}" for split in ("train", "val") for kind in ("loss", "acc", "f1", "lr", "grad_norm")
)
"""Ten metrics."""

_VARIANTS = 20_000
"""Different lines of values; larger files repeat them under other steps."""


def write_large_run(root: Path, steps: int, run_id: str = "20260101-000000-abcdef", seed: int = 1) -> Path:
    """A run of `steps` lines with ten metrics each, as the logger writes them: about 300 bytes a line."""
    path = root / run_id
    path.mkdir(parents=True)
    facts = {"format": 1, "id": run_id, "name": f"{steps:,} steps", "created": 1.7e9, "project": "bench"}
    (path / "run.json").write_text(json.dumps(facts))
    (path / "config.json").write_text(json.dumps({"lr": 1e-3, "model": {"depth": 12}, "total_steps": steps}))
    (path / "events.jsonl").write_text(json.dumps({"time": 1.7e9, "event": "start"}) + "\n")
    draw = random.Random(seed)
    tails = [_values(draw, number / _VARIANTS) for number in range(min(steps, _VARIANTS))]
    with (path / "metrics.jsonl").open("w", encoding="ascii") as file:
        file.writelines(
            f'{{"_step":{step},"_timestamp":{1.7e9 + step * 0.137:.3f},{tails[step % len(tails)]}\n'
            for step in range(steps)
        )
    return path


def _values(draw: random.Random, progress: float) -> str:
    """The metrics of one line, without its opening brace: decaying and noisy, as training gives them."""
    values = {name: math.exp(-3 * progress) * (1 + 0.1 * draw.gauss(0, 1)) for name in NAMES}
    return json.dumps(values, separators=(",", ":"))[1:]
