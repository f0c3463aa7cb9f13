"""Guild AI's runs: `<run>/.guild/` with attributes, output and the event files of scalars.

Source: guild/run.py, guild/run_util.py, guild/summary.py of guildai 0.9.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from tailboard_tui.files.opening import read_small
from tailboard_tui.formats.base import Finish, LogFile, Problem, RunFacts, Value
from tailboard_tui.formats.flat import flatten
from tailboard_tui.formats.signs import is_event_file
from tailboard_tui.formats.sources import Source
from tailboard_tui.formats.surroundings import read_value
from tailboard_tui.formats.tensorboard import EventsReader, peek_at

HOME = ".guild"

_ATTRIBUTES = (
    "id", "label", "flags", "started", "stopped", "exit_status", "cmd", "host", "user", "random_seed",
)  # fmt: skip

_LEVELS = 2
"""Of sub-directories in which the operation itself may write event files."""


class GuildReader(EventsReader):
    """One run of Guild: its scalars and those that the operation wrote."""

    source = "guild"

    def sources(self) -> Iterable[Source]:
        """Guild's own event files, then those in the run directory, under the names of their directories."""
        found = [(f"{self.path}/{HOME}", ""), *self._below(self.path, "", _LEVELS)]
        return [
            self._events.source(f"{directory}/{name}", prefix)
            for directory, prefix in found
            for name in self.listings.of(directory).files
            if is_event_file(name)
        ]

    def _below(self, path: str, prefix: str, levels: int) -> Iterable[tuple[str, str]]:
        yield path, prefix
        if levels:
            for name in self.listings.of(path).directories:
                if not name.startswith("."):
                    yield from self._below(f"{path}/{name}", f"{prefix}{name}/", levels - 1)

    def watched(self) -> Iterable[str]:
        """The attributes, the output, and the lock of a run that runs."""
        home = f"{self.path}/{HOME}"
        there = self.listings.of(f"{home}/attrs").files
        attributes = [f"{home}/attrs/{name}" for name in _ATTRIBUTES if name in there]
        return [*attributes, *(f"{home}/{name}" for name in self.listings.of(home).files if name in _FILES)]

    def describe(self) -> RunFacts:
        """Facts from the attributes and from the ends of the event files."""
        problems: list[Problem] = []
        home = f"{self.path}/{HOME}"
        found = {
            name: read_value(f"{home}/attrs/{name}", f"{HOME}/attrs/{name}", problems)
            for name in _ATTRIBUTES
            if f"{home}/attrs/{name}" in self.watched()
        }
        flags = found.get("flags")
        config: dict[str, Value] = flatten(flags) if isinstance(flags, dict) else {}
        command = found.get("cmd")
        operation = _word(f"{home}/opref")
        lock = _word(f"{home}/LOCK")
        seed = found.get("random_seed")
        run_id = _text(found.get("id")) or os.path.basename(self.path)
        peek = peek_at([(source.path, source.prefix) for source in self._sources])
        output = f"{home}/output"
        return RunFacts(
            id=run_id,
            name=" ".join(filter(None, (operation, _text(found.get("label"))))) or run_id[:8],
            source=self.source,
            path=self.path,
            group=operation,
            created=_seconds(found.get("started")),
            command=" ".join(map(str, command)) if isinstance(command, list) else None,
            host=_text(found.get("host")),
            user=_text(found.get("user")),
            pid=int(lock)
            if lock is not None and lock.isascii() and lock.isdigit() and len(lock) < 10
            else None,
            seed=seed if isinstance(seed, int) and abs(seed) < 1 << 62 else None,
            config=config,
            finish=_finish(found.get("exit_status"), found.get("stopped")),
            log_files=(LogFile(output, "output"),) if output in self.watched() else (),
            last_step=peek.last_step,
            last_time=peek.last_time,
            last_values=peek.last_values,
            problems=tuple(problems),
        )


_FILES = ("opref", "output", "LOCK")


def _finish(code: object, stopped: object) -> Finish | None:
    if not isinstance(code, int):
        return None
    return Finish(_seconds(stopped), "finished" if code == 0 else "killed" if code < 0 else "failed", code)


def _seconds(value: object) -> float | None:
    """Guild counts microseconds."""
    return value / 1e6 if isinstance(value, int) and abs(value) < 1e17 else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _word(path: str) -> str | None:
    """The last word of a small file: the operation in `opref`, the process in `LOCK`."""
    try:
        words = read_small(path).decode("utf-8", "replace").split()
    except OSError:
        return None
    return words[-1].strip("'\"") or None if words else None
