"""What describes a run: its facts, config and summary, and the small files that hold them."""

from __future__ import annotations

import os

from tailboard import layout
from tailboard.encoding import encode_line, plain
from tailboard.livedict import LiveDict
from tailboard.redact import redact_result, redact_value
from tailboard.saving import SmallFiles
from tailboard.writer import write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self


class Described:
    """The describing half of `Run`: run.json, config.json and summary.json, each rewritten by rename."""

    id: str
    """Name of the run's directory."""
    dir: str
    """Absolute path of the run's directory."""

    def __init__(self, path: str, facts: dict[str, object], rank: int) -> None:
        self.dir = path
        self.id = os.path.basename(path)
        self.rank = rank
        self._facts = facts
        self._pid = os.getpid()
        self._is_finished = False
        self._files = SmallFiles(self.warn)
        self._changed_facts: dict[str, object] = {}
        self._has_config = False
        self.config = LiveDict(self._config_changed)
        """Hyperparameters: `run.config.lr`, `run.config["lr"]`, `run.config.update(...)`."""
        self.summary = LiveDict(self._summary_changed)
        """Final or best values: `run.summary["best_acc"] = 0.99`."""

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """Itself: models are copied whole, for averages of their weights, and may hold their run."""
        return self

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """What holds the run can be saved and sent to workers; elsewhere it records nothing."""
        from tailboard.disabled import elsewhere

        return elsewhere, (self.id,)

    def warn(self, kind: str, message: str) -> None:
        """Say a problem to the user."""
        raise NotImplementedError

    def event(self, event: str, **entries: object) -> None:
        """Append an event."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The name for people, the id where none was given."""
        return str(self._facts.get("name") or self.id)

    @name.setter
    def name(self, name: str) -> None:
        self.set_fact("name", str(name))

    @property
    def project(self) -> str | None:
        """The project that the run belongs to."""
        project = self._facts.get("project")
        return None if project is None else str(project)

    @property
    def group(self) -> str | None:
        """The group that the run belongs to."""
        group = self._facts.get("group")
        return None if group is None else str(group)

    @property
    def tags(self) -> tuple[str, ...]:
        """Free words to find the run by."""
        tags = self._facts.get("tags")
        return tuple(tags) if isinstance(tags, list | tuple) else ()

    @tags.setter
    def tags(self, tags: tuple[str, ...]) -> None:
        self.set_fact("tags", [str(tag) for tag in tags])

    @property
    def notes(self) -> str | None:
        """A longer description."""
        notes = self._facts.get("notes")
        return None if notes is None else str(notes)

    @notes.setter
    def notes(self, notes: str) -> None:
        self.set_fact("notes", str(notes))

    def fact(self, name: str) -> object:
        """An entry of run.json, None where there is none."""
        return self._facts.get(name)

    def set_fact(self, name: str, value: object) -> None:
        """Change an entry of run.json, which is rewritten by rename."""
        self.change_facts({name: value})

    @property
    def _owns_files(self) -> bool:
        """Whether this process rewrites the small files: rank 0 does, a forked child never."""
        return self.rank == 0 and os.getpid() == self._pid

    def _is_too_late(self) -> bool:
        """Whether the run is over, which is said once."""
        if self._is_finished:
            self.warn("closed", "the run is finished; what is logged or set now is not recorded")
        return self._is_finished

    def change_facts(self, changes: Mapping[str, object]) -> None:
        """Change entries of run.json now; again later where that fails."""
        self._facts.update(changes)
        if not self._is_too_late() and self._owns_files:
            self._changed_facts.update(changes)
            self._files.changed(layout.RUN, self._write_facts, at_once=True)

    def _write_facts(self) -> None:
        from tailboard.facts import change_entries

        changes = dict(self._changed_facts)
        change_entries(self.dir, layout.RUN, changes)
        for name, value in changes.items():
            if self._changed_facts.get(name) is value:
                del self._changed_facts[name]

    def _config_changed(self) -> None:
        if not self._is_too_late() and self._owns_files:
            self._files.changed(layout.CONFIG, self._write_config)

    def _write_config(self) -> None:
        write_whole(self._path(layout.CONFIG), encode_line(plain(self.config, redact_value)))
        if self._has_config:
            self.event(layout.CONFIG_CHANGED)
        self._has_config = True

    def _summary_changed(self) -> None:
        if not self._is_too_late() and self._owns_files:
            self._files.changed(layout.SUMMARY, self._write_summary)

    def _write_summary(self) -> None:
        write_whole(self._path(layout.SUMMARY), encode_line(plain(self.summary, redact_result)))

    def _path(self, name: str) -> str:
        return os.path.join(self.dir, name)
