"""A run of any format as a run directory of ours, read back and compared, or as TensorBoard's event file."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tailboard import layout
from tailboard.encoding import encode_line
from tailboard_tui.files.opening import open_regular
from tailboard_tui.formats.base import FloatArray, Reader, RunFacts
from tailboard_tui.formats.native import NativeReader
from tailboard_tui.formats.tensorboard import TensorboardReader
from tailboard_tui.formats.tensorboard_write import Scalar, event_file_name, write_event_file
from tailboard_tui.store.columns import RunColumns
from tailboard_tui.store.model import Points, Series

_COPY_BYTES = 1024 * 1024

MOST_NAME_CHARS = 60
"""Of a directory; a character may take four bytes of the 255 that a file system allows."""

_NO_NAME = re.compile(r"[/\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""What does not go into the name of a directory: an id may be anything that stands in a file."""


class ConversionError(Exception):
    """The run could not be converted; the message says why. Nothing is left behind."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What a conversion wrote."""

    path: str
    points: int


def event_directory(facts: RunFacts, root: str) -> str:
    """Where below `root` the event file of a run stands: TensorBoard calls runs by their directories."""
    return os.path.join(root, _NO_NAME.sub("-", facts.id)[:MOST_NAME_CHARS].lstrip(".") or "run")


def to_tensorboard(
    facts: RunFacts,
    points: Points,
    directory: str,
    now: float,
    *,
    names: Sequence[str] | None = None,
    everything: bool = False,
    over: bool = False,
) -> Converted:
    """Write the points and the configuration of a run as one event file in `directory`.

    An event file keeps values as float32 and steps as whole numbers: so rounded, what was written is read
    back and compared. A point without a step stands at 0, one without a time at the begin of the run.

    Args:
        names: The metrics that are wanted, by default all.
        everything: With the points that a resumed segment replaced.
        over: Replace a file that is there.

    Raises:
        ConversionError: The file is there, or does not read back the same. What was there is as before.
        OSError: It cannot be written.
    """
    created = facts.created if facts.created is not None else now
    path = os.path.join(directory, event_file_name(created))
    if os.path.lexists(path) and not over:
        raise ConversionError(f"{path} exists")
    names = (*points.metrics, *points.system_metrics) if names is None else names
    series = [found for name in names if (found := points.series(name, everything=everything)) is not None]
    os.makedirs(directory, exist_ok=True)
    partial = os.path.join(directory, f".{os.getpid()}.part")
    try:
        write_event_file(partial, _scalars(series), facts.config, created)
        _check(_difference([_as_event(one, created) for one in series], read_out(TensorboardReader(partial))))
        os.replace(partial, path)
    finally:
        if os.path.lexists(partial):
            os.unlink(partial)
    return Converted(path, sum(len(one.values) for one in series))


def _as_event(series: Series, created: float) -> Series:
    """What an event file keeps of a metric."""
    steps = np.where(np.abs(series.steps) < 2**63, np.trunc(series.steps), 0.0)
    times = np.where(np.isnan(series.times), created, series.times)
    times[times == 0] = math.nan  # As a missing time stands.
    with np.errstate(over="ignore"):
        values = series.values.astype(np.float32).astype(np.float64)
    return replace(series, steps=steps, times=times, values=values)


def _scalars(series: Sequence[Series]) -> Iterator[Scalar]:
    for one in series:
        for step, time, value in zip(
            one.steps.tolist(), one.times.tolist(), one.values.tolist(), strict=True
        ):
            yield one.name, step, time, value


def to_native(facts: RunFacts, points: Points, root: str, now: float) -> Converted:
    """Write a run as a new run directory of our format below `root`.

    Its id is kept where it may name a directory. Points that a resumed segment replaced are left out.

    Raises:
        ConversionError: There is a run of this id, or what was written does not read back the same.
        OSError: It cannot be written.
    """
    run_id = facts.id if layout.is_run_id(facts.id) else layout.new_run_id(facts.created or now)
    path = os.path.join(root, run_id)
    if os.path.lexists(path):
        raise ConversionError(f"{path} exists")
    partial = os.path.join(root, f".{run_id}.part")
    os.makedirs(root, exist_ok=True)
    shutil.rmtree(partial, ignore_errors=True)
    os.mkdir(partial)
    try:
        count = _write_points(points, points.metrics, os.path.join(partial, layout.METRICS))
        count += _write_points(points, points.system_metrics, os.path.join(partial, layout.SYSTEM))
        _write_facts(facts, run_id, partial)
        names = (*points.metrics, *points.system_metrics)
        wanted = [found for name in names if (found := points.series(name)) is not None]
        _check(_difference(wanted, read_out(NativeReader(partial))))
        if facts.modified is not None:  # A run without times of its own is as old as its files.
            for name in os.listdir(partial):
                os.utime(os.path.join(partial, name), (facts.modified, facts.modified))
        os.rename(partial, path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return Converted(path, count)


def _write_points(points: Points, names: Sequence[str], path: str) -> int:
    """One line a record: metrics with the same step and time stand together. How many points there were."""
    series = [found for name in names if (found := points.series(name)) is not None]
    if not series:
        return 0
    with open(path, "xb") as file:
        for step, time, values in records(series):
            line: dict[str, object] = {} if math.isnan(step) else {layout.STEP: _number(step)}
            if not math.isnan(time):
                line[layout.TIMESTAMP] = time
            line.update(("_" + name if name.startswith("_") else name, _text(v)) for name, v in values)
            file.write(encode_line(line))
    return sum(len(one.values) for one in series)


def records(series: Sequence[Series]) -> Iterator[tuple[float, float, list[tuple[str, float]]]]:
    """Points of several metrics as records of step, time and values, each metric's in its own order.

    Records are ordered by time where every metric's points are; else by step where they are; else the
    metrics follow one another.
    """
    owner = np.repeat(np.arange(len(series)), [len(one.values) for one in series])
    steps, times, values = (
        np.concatenate([getattr(one, name) for one in series]) for name in ("steps", "times", "values")
    )
    order = np.arange(len(owner))
    have_times, have_steps = (
        all(_ascends(getattr(one, name)) for one in series) for name in ("times", "steps")
    )
    if have_times:
        order = np.lexsort((order, steps, times) if have_steps else (order, times))
    elif have_steps:
        order = np.lexsort((order, steps))
    waiting: list[tuple[str, float]] = []
    last: tuple[float, float] | None = None
    seen: set[int] = set()
    for row in order.tolist():
        key = (float(steps[row]), float(times[row]))
        who = int(owner[row])
        if waiting and (not _same(key, last) or who in seen):
            assert last is not None
            yield (*last, waiting)
            waiting, seen = [], set()
        last = key
        seen.add(who)
        waiting.append((series[who].name, float(values[row])))
    if waiting and last is not None:
        yield (*last, waiting)


def _ascends(values: FloatArray) -> bool:
    return bool(np.isfinite(values).all() and (values[1:] >= values[:-1]).all())


def _same(one: tuple[float, float], other: tuple[float, float] | None) -> bool:
    return other is not None and all(a == b or (a != a and b != b) for a, b in zip(one, other, strict=True))


def _number(value: float) -> int | float | str:
    return int(value) if value.is_integer() and abs(value) < 2**53 else _text(value)


def _text(value: float) -> float | str:
    """A number as strict JSON can hold it."""
    if math.isnan(value):
        return layout.NAN
    if math.isinf(value):
        return layout.INFINITY if value > 0 else layout.NEGATIVE_INFINITY
    return value


def _write_facts(facts: RunFacts, run_id: str, path: str) -> None:
    run = {
        "format": layout.FORMAT,
        "id": run_id,
        "name": facts.name,
        "project": facts.project,
        "group": facts.group,
        "job_type": facts.job_type,
        "tags": list(facts.tags),
        "notes": facts.notes,
        "created": facts.created,
        "command": facts.command,
        "cwd": facts.cwd,
        "host": facts.host,
        "user": facts.user,
        "python": facts.python,
        "platform": facts.platform,
        "seed": facts.seed,
        "git": {
            "commit": facts.git.commit,
            "branch": facts.git.branch,
            "remote": facts.git.remote,
            "dirty": facts.git.dirty,
        },
        "converted_from": {"source": facts.source, "path": facts.path},
    }
    _write_json(path, layout.RUN, run)
    if facts.config:
        _write_json(path, layout.CONFIG, dict(facts.config))
    if facts.summary:
        _write_json(path, layout.SUMMARY, dict(facts.summary))
    events: list[dict[str, object]] = []
    if facts.created is not None:
        events.append({"time": facts.created, "event": layout.START})
    for alert in facts.alerts:
        said = {"title": alert.title, "text": alert.text, "level": alert.level}
        events.append({"time": alert.time, "event": layout.ALERT, **said})
    finish = facts.finish
    if finish is not None:
        time = finish.time if finish.time is not None else facts.last_time or facts.modified
        ended = {"status": finish.status, "exit_code": finish.exit_code, "error": finish.error}
        events.append({"time": time, "event": layout.FINISH, **ended})
    with open(os.path.join(path, layout.EVENTS), "xb") as file:
        for event in events:
            line = {key: _text(item) if isinstance(item, float) else item for key, item in event.items()}
            file.write(encode_line({key: item for key, item in line.items() if item is not None}))
    for source, name in (
        (facts.log_files[0].path if facts.log_files else None, layout.OUTPUT),
        (facts.diff_path, layout.GIT_DIFF),
        (facts.packages_path, layout.PACKAGES),
    ):
        if source is not None:
            _copy(source, os.path.join(path, name))


def _write_json(directory: str, name: str, value: dict[str, object]) -> None:
    kept = {key: _text(item) if isinstance(item, float) else item for key, item in value.items()}
    with open(os.path.join(directory, name), "x", encoding="ascii") as file:
        json.dump(kept, file, indent=1, allow_nan=False)
        file.write("\n")


def _copy(source: str, target: str) -> None:
    """Copy a regular file; one that vanished or may not be read is left out."""
    try:
        fd = open_regular(source)
    except OSError:
        return
    with os.fdopen(fd, "rb") as read, open(target, "xb") as write:
        shutil.copyfileobj(read, write, _COPY_BYTES)


def read_out(reader: Reader) -> Points:
    """All points that a reader gives."""
    columns = RunColumns()
    while True:
        chunk = reader.poll()
        columns.apply(chunk)
        if not chunk.more:
            break
    reader.close()
    return columns.points()


def _check(difference: str | None) -> None:
    if difference is not None:
        raise ConversionError(f"what was written does not read back: {difference}")


def _difference(wanted: Sequence[Series], written: Points) -> str | None:
    """What was written otherwise than it is wanted; None where all is the same."""
    for one in wanted:
        found = written.series(one.name, everything=True)
        if found is None:
            return f"{one.name} is missing"
        for what in ("steps", "times", "values"):
            if not np.array_equal(getattr(one, what), getattr(found, what), equal_nan=True):
                return f"the {what} of {one.name} differ"
    return None
