"""300,000 scalars of an event file: our reader against TensorBoard's EventAccumulator, in CPU seconds.

    pip install tensorboard && python benchmarks/tensorboard.py

Both read the same file in one process, one after the other, and must find the same values.
Budget: at least 10 times as fast.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:1] = [str(ROOT / "logger"), str(ROOT / "tui")]  # not this folder: `tensorboard` is the library

from tailboard_tui.formats.tensorboard import TensorboardReader  # noqa: E402
from tailboard_tui.formats.tensorboard_write import event_file_name, write_event_file  # noqa: E402
from tailboard_tui.store.columns import RunColumns  # noqa: E402

STEPS = 100_000
TAGS = ("train/loss", "train/acc", "lr")
BUDGET = 10.0


def ours(directory: str) -> dict[str, np.ndarray]:
    reader, columns = TensorboardReader(directory), RunColumns()
    while True:
        chunk = reader.poll()
        columns.apply(chunk)
        if not chunk.more:
            break
    points = columns.points()
    return {name: points.series(name).values for name in points.metrics}  # type: ignore[union-attr]  # just named


def theirs(directory: str) -> dict[str, np.ndarray]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(directory, size_guidance={"scalars": 0})
    reader.Reload()
    return {tag: np.array([event.value for event in reader.Scalars(tag)]) for tag in reader.Tags()["scalars"]}


def main() -> int:
    try:
        import tensorboard.backend.event_processing.event_accumulator  # noqa: F401
    except ImportError:
        print("pip install tensorboard first: it is what we compare with", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as directory:
        scalars = (
            (tag, step, 1.7e9 + step, float(np.sin(step / 100 + place)))
            for step in range(STEPS)
            for place, tag in enumerate(TAGS)
        )
        write_event_file(f"{directory}/{event_file_name(1.7e9)}", scalars, {}, 1.7e9)
        seconds, found = {}, {}
        for name, read in (("tailboard", ours), ("EventAccumulator", theirs)):
            start = time.process_time()
            found[name] = read(directory)
            seconds[name] = time.process_time() - start
            print(f"{name:17} {seconds[name]:7.2f} s CPU, {sum(map(len, found[name].values()))} scalars")
        assert found["tailboard"].keys() == found["EventAccumulator"].keys()
        for tag, values in found["tailboard"].items():
            np.testing.assert_array_equal(values, found["EventAccumulator"][tag])
    ratio = seconds["EventAccumulator"] / seconds["tailboard"]
    print(f"ratio {ratio:.1f} (budget: at least {BUDGET:.0f}): {'met' if ratio >= BUDGET else 'MISSED'}")
    return 0 if ratio >= BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
