"""W&B runs on disk: `[offline-]run-<date>_<time>-<id>/run-<id>.wandb` and what stands in `files/`."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from tailboard_tui.files.opening import read_ends, read_slice
from tailboard_tui.formats.base import LogFile, Problem, RunFacts, Value
from tailboard_tui.formats.flat import flatten
from tailboard_tui.formats.reading import Peek, RunReader
from tailboard_tui.formats.recordfile import RecordDecoder
from tailboard_tui.formats.recordlog import RecordLog
from tailboard_tui.formats.sources import ByteSource, Source
from tailboard_tui.formats.surroundings import read_mapping
from tailboard_tui.formats.wandbmedia import media_records
from tailboard_tui.formats.wandbnewest import without_repeats
from tailboard_tui.formats.wandbrecords import MAGIC, MEASURED, TYPE, WandbRecords

_HEAD_BYTES = (4 * 1024, 64 * 1024)
"""Looked at before the file is read: the run with its configuration, which may be large."""

_TAIL_BYTES = 8 * 1024
_TAIL_RECORDS = 16
"""Looked at likewise: the last steps, the exit."""


class WandbDecoder(RecordDecoder[WandbRecords]):
    """One W&B file -> rows and facts."""

    def __init__(self, take_media: Callable[[str, float, float, Mapping[str, object]], None] | None) -> None:
        super().__init__(MAGIC, WandbRecords())
        self._take_media = take_media
        if take_media is not None:
            self.records.media = []

    def feed(self, data: bytes) -> None:
        """The next bytes of the file."""
        super().feed(data)
        if self._take_media is not None and self.records.media:
            for found in self.records.media:
                self._take_media(*found)
            self.records.media.clear()


class WandbReader(RunReader):
    """A run directory of wandb, or its `.wandb` file."""

    source = "wandb"

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._decoder: WandbDecoder | None = None

    def sources(self) -> Iterable[Source]:
        """The one file of records."""
        path = self._file()
        return [] if path is None else [self.known(path) or ByteSource(path, self._make)]

    def _make(self) -> WandbDecoder:
        self._decoder = WandbDecoder(self._take if self.keeps_media else None)
        return self._decoder

    def _take(self, name: str, step: float, time: float, value: Mapping[str, object]) -> None:
        root = self.path if os.path.isdir(self.path) else os.path.dirname(self.path)
        self.media.extend(media_records(root, name, step, time, value))

    def _file(self) -> str | None:
        entries = self.listings.of(self.path)
        if not entries.files and not entries.directories:
            return self.path if os.path.isfile(self.path) else None
        names = [name for name in entries.files if name.endswith(".wandb")]
        return f"{self.path}/{names[0]}" if names else None

    def _beside(self, name: str) -> str | None:
        path = f"{self.path}/files/{name}"
        return path if name in self.listings.of(f"{self.path}/files").files else None

    def watched(self) -> Iterable[str]:
        """The small files in `files/`."""
        names = ("output.log", "config.yaml", "wandb-metadata.json", "wandb-summary.json")
        return [path for name in names if (path := self._beside(name)) is not None]

    def extra_stamp(self) -> tuple[object, ...]:
        """How many records were read."""
        return (self._decoder.records.count,) if self._decoder is not None else ()

    def describe(self) -> RunFacts:
        """Facts from the records read so far, or from the ends of the file, and from `files/`."""
        path = self._file()
        read = self._decoder.records if self._decoder is not None and self._decoder.records.count else None
        head, tail, peek = _peek(path) if path is not None else (WandbRecords(), WandbRecords(), Peek())
        told = read or head
        finish = read.finish if read is not None and self._is_read_out() else tail.finish
        if finish is not None and finish.time is None:
            finish = replace(finish, time=peek.last_time)
        problems: list[Problem] = []
        config = self._mapping("config.yaml", problems)
        metadata = self._mapping("wandb-metadata.json", problems)
        summary = flatten(self._mapping("wandb-summary.json", problems), "/")
        run, environment = told.run, told.environment
        run_id = run.get("id") or os.path.basename(self.path).rpartition("-")[2].removesuffix(".wandb")
        output = self._beside("output.log")
        return RunFacts(
            id=run_id,
            name=run.get("name") or run_id,
            source=self.source,
            path=self.path,
            project=run.get("project") or None,
            group=run.get("group") or None,
            job_type=run.get("job_type") or None,
            tags=told.tags,
            notes=run.get("notes") or None,
            created=told.created,
            command=_command(told, metadata),
            host=run.get("host") or _text(metadata, "host"),
            user=environment.get("user") or _text(metadata, "username"),
            python=environment.get("python") or _text(metadata, "python"),
            platform=environment.get("os") or _text(metadata, "os"),
            git=told.git,
            config=flatten({**_unwrapped(config), **told.config}),
            summary=_public({**summary, **tail.summary, **(read.summary if read is not None else {})}),
            metric_defs=tuple(told.metric_defs.values()),
            finish=finish,
            alerts=tuple(told.alerts),
            log_files=(LogFile(output, "output.log"),) if output is not None else (),
            diff_path=self._beside("diff.patch"),
            packages_path=self._beside("requirements.txt"),
            last_step=peek.last_step,
            last_time=peek.last_time,
            last_values=peek.last_values,
            problems=tuple(problems),
        )

    def _is_read_out(self) -> bool:
        return all(read == size for read, size in (source.progress() for source in self._sources))

    def _mapping(self, name: str, problems: list[Problem]) -> Mapping[str, object]:
        path = self._beside(name)
        return {} if path is None else read_mapping(path, f"files/{name}", problems)


def _peek(path: str) -> tuple[WandbRecords, WandbRecords, Peek]:
    """What the first and the last bytes of the file tell."""
    head, tail = WandbRecords(), WandbRecords()
    try:
        first, last, size = read_ends(path, _HEAD_BYTES[0], _TAIL_BYTES)
        for count in _HEAD_BYTES:
            if not head.run:
                head = WandbRecords()
                for record in RecordLog(MAGIC).feed(
                    first if count <= len(first) else read_slice(path, 0, count)
                ):
                    head.read(record, MEASURED)
        log = RecordLog(MAGIC, in_the_middle=size > len(last))
        for record in without_repeats(log.feed(last)[-_TAIL_RECORDS:]):
            tail.read(record)
    except OSError:
        return head, tail, Peek()
    step, values = None, {}
    for rows in tail.take():
        if rows.stream == "metrics":
            step = float(rows.steps[-1])
            values = {name: float(column.values[-1]) for name, column in rows.columns.items()}
    if tail.created is None:
        tail.created = head.created
    if step is not None and math.isnan(step):
        step = None
    return head, tail, Peek(head.created, tail.last_time, step, values)


def _command(told: WandbRecords, metadata: Mapping[str, object]) -> str | None:
    program = told.environment.get("program") or _text(metadata, "program")
    arguments = metadata.get("args")
    words = told.arguments or tuple(arguments if isinstance(arguments, list) else ())
    return " ".join([program, *map(str, words)]) if program else None


def _text(found: Mapping[str, object], name: str) -> str | None:
    value = found.get(name)
    return value if isinstance(value, str) else None


def _unwrapped(config: Mapping[str, object]) -> dict[str, object]:
    """config.yaml wraps each value: `lr: {desc: null, value: 0.1}`."""
    return {
        name: item["value"]
        for name, item in config.items()
        if isinstance(item, dict) and "value" in item and name != "_wandb"
    }


def _public(summary: Mapping[str, Value]) -> dict[str, Value]:
    """What the user put there: no fields of wandb's own, no fields of images and tables."""
    objects = {name.removesuffix(TYPE) for name in summary if name.endswith(TYPE)}
    return {
        name: value
        for name, value in summary.items()
        if not name.startswith("_") and name.rpartition("/")[0] not in objects
    }
