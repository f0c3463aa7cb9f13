"""SwanLab's runs on disk: `run-<date>_<time>-<id>/*.swanlab` and what stands in `files/`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from tailboard_tui.files.opening import read_slice
from tailboard_tui.formats.base import Git, LogFile, Problem, RunFacts
from tailboard_tui.formats.flat import flatten
from tailboard_tui.formats.reading import Peek, RunReader
from tailboard_tui.formats.recordfile import RecordDecoder
from tailboard_tui.formats.recordlog import RecordLog
from tailboard_tui.formats.sources import ByteSource, Source
from tailboard_tui.formats.surroundings import read_mapping
from tailboard_tui.formats.swanlabrecords import MAGIC, SwanlabRecords

_HEAD_BYTES = 64 * 1024
_TAIL_BYTES = 32 * 1024
"""Looked at before the file is read: the start and the columns, the last steps and the end."""


class SwanlabDecoder(RecordDecoder[SwanlabRecords]):
    """One file -> rows and facts."""

    def __init__(self) -> None:
        super().__init__(MAGIC, SwanlabRecords())


class SwanlabReader(RunReader):
    """A run directory of swanlab, or its `.swanlab` file."""

    source = "swanlab"

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._decoder = SwanlabDecoder()

    def sources(self) -> Iterable[Source]:
        """The one file of records."""
        files = self.listings.of(self.path).files
        names = [name for name in files if name.endswith(".swanlab")]
        paths = [f"{self.path}/{names[0]}"] if names else [self.path] if os.path.isfile(self.path) else []
        return [self.known(path) or ByteSource(path, self._make) for path in paths]

    def _make(self) -> SwanlabDecoder:
        self._decoder = SwanlabDecoder()
        return self._decoder

    def watched(self) -> Iterable[str]:
        """The small files in `files/`."""
        files = self.listings.of(f"{self.path}/files").files
        return [f"{self.path}/files/{name}" for name in _SMALL if name in files]

    def extra_stamp(self) -> tuple[object, ...]:
        """How many records were read."""
        return (self._decoder.records.count,)

    def describe(self) -> RunFacts:
        """Facts from the records at the ends of the file, and from `files/`."""
        head, tail, peek = _peek(self._sources[0].path) if self._sources else _NOTHING
        read = self._decoder.records
        told = read if read.start else head
        finish = read.finish if read.count and self._is_read_out() else tail.finish
        problems: list[Problem] = []
        config, metadata = (self._mapping(name, problems) for name in _SMALL[:2])
        runtime, git = _inner(metadata, "runtime"), _inner(metadata, "git")
        packages = f"{self.path}/files/requirements.txt"
        run_id = told.start.get("id") or os.path.basename(self.path).rpartition("-")[2]
        logs = self.listings.of(f"{self.path}/console").files
        return RunFacts(
            id=run_id,
            name=told.start.get("name") or run_id,
            source=self.source,
            path=self.path,
            project=told.start.get("project") or None,
            group=told.start.get("group") or None,
            job_type=told.start.get("job_type") or None,
            tags=told.tags,
            notes=told.start.get("notes") or None,
            created=told.created,
            command=_text(runtime, "command"),
            cwd=_text(runtime, "cwd"),
            host=_text(runtime, "hostname"),
            python=_text(runtime, "python_version"),
            platform=_text(runtime, "os"),
            git=Git(_text(git, "commit"), _text(git, "branch"), _text(git, "remote_url")),
            config=flatten({name: _value(item) for name, item in config.items()}),
            finish=finish,
            log_files=tuple(LogFile(f"{self.path}/console/{name}", name) for name in logs),
            packages_path=packages if packages in self.watched() else None,
            last_step=peek.last_step,
            last_time=peek.last_time,
            last_values=peek.last_values,
            problems=tuple(problems),
        )

    def _mapping(self, name: str, problems: list[Problem]) -> Mapping[str, object]:
        path = f"{self.path}/files/{name}"
        return read_mapping(path, f"files/{name}", problems) if path in self.watched() else {}

    def _is_read_out(self) -> bool:
        return all(read == size for read, size in (source.progress() for source in self._sources))


_SMALL = ("config.yaml", "swanlab-metadata.json", "requirements.txt")

_NOTHING = (SwanlabRecords(), SwanlabRecords(), Peek())


def _peek(path: str) -> tuple[SwanlabRecords, SwanlabRecords, Peek]:
    """What the first and the last bytes of the file tell."""
    head, tail = SwanlabRecords(), SwanlabRecords()
    try:
        size = os.stat(path, follow_symlinks=False).st_size
        for record in RecordLog(MAGIC).feed(read_slice(path, 0, _HEAD_BYTES)):
            head.read(record)
        start = max(size - _TAIL_BYTES, 0)
        tail.system = head.system
        for record in RecordLog(MAGIC, in_the_middle=start > 0).feed(read_slice(path, start, _TAIL_BYTES)):
            tail.read(record)
    except OSError:
        return _NOTHING
    step, values = None, {}
    for rows in tail.take():
        if rows.stream == "metrics":
            step = float(rows.steps[-1])
            values = {name: float(column.values[-1]) for name, column in rows.columns.items()}
    return head, tail, Peek(head.created, tail.last_time, step, values)


def _value(item: object) -> object:
    """config.yaml wraps each value: `lr: {desc: '', sort: 0, value: 0.1}`."""
    return item["value"] if isinstance(item, dict) and "value" in item and "sort" in item else item


def _inner(found: Mapping[str, object], name: str) -> Mapping[str, object]:
    inner = found.get(name)
    return inner if isinstance(inner, dict) else {}


def _text(found: Mapping[str, object], name: str) -> str | None:
    value = found.get(name)
    return value if isinstance(value, str) else None
