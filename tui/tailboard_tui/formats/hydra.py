"""Hydra's output directories: `.hydra/{config,hydra,overrides}.yaml` decorate whatever metrics lie in them.

Source: hydra/core/utils.py (`run_job`). Jobs of one sweep share the directory that holds `multirun.yaml`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from tailboard_tui.files.opening import read_small
from tailboard_tui.formats.base import Problem, RunFacts
from tailboard_tui.formats.detect import Found, find, formats, reader_of
from tailboard_tui.formats.logrun import holds_metrics, log_source, peek_at_log
from tailboard_tui.formats.reading import Peek, RunReader
from tailboard_tui.formats.sources import Source, State
from tailboard_tui.formats.surroundings import (
    config_paths,
    log_files,
    read_mapping,
    read_value,
    surroundings,
    title,
)

_LEVELS = 3
"""Of sub-directories in which loggers put their files: `csv/version_0`, `lightning_logs/version_0`."""


class HydraReader(RunReader):
    """A job's directory whose metrics stand in sub-directories or in its log.

    Several loggers write the same metrics: those of the format that is asked first are read.
    """

    source = "hydra"

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._inner: dict[str, RunReader] = {}

    def sources(self) -> Iterable[Source]:
        """Those of the runs below; without any, the job's own log if metrics are printed there."""
        readers = self._readers()
        found: list[Source] = []
        for path, reader in readers.items():
            prefix = f"{os.path.relpath(path, self.path)}/" if len(readers) > 1 else ""
            for source in reader.look():
                if not source.prefix.startswith(prefix):
                    source.prefix = prefix + source.prefix
                found.append(source)
        if readers:
            return found
        logs = [log.path for log in log_files(self.path, self.listings.of(self.path))]
        return [
            self.known(path) or log_source(path) for path in logs if self.known(path) or holds_metrics(path)
        ]

    def _readers(self) -> Mapping[str, RunReader]:
        order = {known: place for place, known in enumerate(formats())}
        below = [
            found
            for name in self.listings.of(self.path).directories
            if not name.startswith(".")
            for found in find(f"{self.path}/{name}", max_depth=_LEVELS - 1)
        ]
        best = min((order[found.format] for found in below), default=None)
        chosen = [found for found in below if order[found.format] == best]
        self._inner = {found.path: self._inner.get(found.path) or _opened(found) for found in chosen}
        return self._inner

    def begin(self) -> None:
        """All points are void."""
        for reader in self._inner.values():
            reader.begin()

    def extra_state(self) -> State:
        """What the runs below keep."""
        return {os.path.relpath(path, self.path): run.extra_state() for path, run in self._inner.items()}

    def restore_extra(self, state: State) -> None:
        """Go on there."""
        for path, run in self._inner.items():
            run.restore_extra(state[os.path.relpath(path, self.path)])

    def watched(self) -> Iterable[str]:
        """The configuration and the logs."""
        here = self.listings.of(self.path)
        return [*config_paths(self.path, here), *(log.path for log in log_files(self.path, here))]

    def describe(self) -> RunFacts:
        """Facts of the first run below, under this directory's name; `decorated` adds Hydra's."""
        here = self.listings.of(self.path)
        beside = surroundings(self.path, here)
        inner = next(iter(self._inner.values()), None)
        if inner is not None:
            facts = inner.facts()
        else:
            peek = peek_at_log(self._sources[0].path) if self._sources else Peek()
            facts = RunFacts("", "", self.source, self.path)
            facts = replace(
                facts, last_step=peek.last_step, last_time=peek.last_time, last_values=peek.last_values
            )
        return replace(
            facts,
            id=title(self.path),
            name=title(self.path),
            path=self.path,
            config={**facts.config, **beside.config},
            log_files=(*beside.log_files, *facts.log_files),
            problems=(*facts.problems, *beside.problems),
        )


def _opened(found: Found) -> RunReader:
    reader = reader_of(found)
    if not isinstance(reader, RunReader):
        raise TypeError(f"{found.format.name} is no format of files that can be folded into a run")
    return reader


def decorated(facts: RunFacts, path: str) -> RunFacts:
    """The facts of a run in a job's directory with what `.hydra` tells of the job."""
    problems: list[Problem] = []
    overrides = read_value(f"{path}/.hydra/overrides.yaml", ".hydra/overrides.yaml", problems)
    words = [str(word) for word in overrides] if isinstance(overrides, list) else []
    job_name = _job_name(f"{path}/.hydra/hydra.yaml", problems)
    parent = os.path.dirname(path)
    is_sweep = os.path.isfile(f"{parent}/multirun.yaml")
    when = "/".join(path.split("/")[-2:])
    sweep = "/".join(parent.split("/")[-2:])
    label = ",".join(words)[:200]
    return replace(
        facts,
        id=f"{sweep}/{os.path.basename(path)}" if is_sweep else when,
        name=label if is_sweep and label else f"{when} {label}".strip(),
        project=facts.project or (job_name if isinstance(job_name, str) else None),
        group=facts.group or (sweep if is_sweep else None),
        problems=(*facts.problems, *problems),
    )


_JOB_NAME = re.compile(rb"^  job:\n(?:    .*\n)*?    name: ([A-Za-z][\w.-]*)\n", re.MULTILINE)
"""In the file as Hydra dumps it: it is long, and no other entry of it is shown."""


def _job_name(path: str, problems: list[Problem]) -> object:
    """The name of the job: the rest of the file is parsed only where it is not spelled as Hydra does."""
    try:
        found = _JOB_NAME.search(read_small(path))
    except OSError:
        found = None
    if found is not None and found[1].lower() not in _NO_NAMES:
        return found[1].decode()
    hydra = read_mapping(path, ".hydra/hydra.yaml", problems).get("hydra")
    job = hydra.get("job") if isinstance(hydra, dict) else None
    return job.get("name") if isinstance(job, dict) else None


_NO_NAMES = frozenset({b"null", b"true", b"false", b"yes", b"no", b"on", b"off"})
