"""A run that records nothing: `mode="disabled"`, calls before `init`, a folder that cannot be written."""

from __future__ import annotations

import os

from tailboard.console import complain
from tailboard.livedict import LiveDict
from tailboard.recorder import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def elsewhere(run_id: str) -> Run:
    """What a pickled run becomes: itself in its own process while it is the current one, else none."""
    from tailboard import session

    found = session.current()
    if found.id == run_id:
        return found
    return NoRun(f"run {run_id} belongs to another process: nothing is recorded from here", run_id)


class NoRun(Run):
    """Has the interface of `Run`; nothing is written anywhere."""

    def __init__(
        self, complaint: str = "", run_id: str = "disabled", facts: Mapping[str, object] | None = None
    ) -> None:
        """A run without a directory.

        Args:
            complaint: Said once when something is logged; nothing is said where it is empty.
        """
        self._place = ""
        self.id = run_id
        self.rank = 0
        self._facts = dict(facts or {})
        self._complaint = complaint
        self._next = 0
        self._is_finished = False
        self.config = LiveDict(lambda: None)
        self.summary = LiveDict(lambda: None)

    def __repr__(self) -> str:
        return f"<tailboard.Run {self.id}, not recorded>"

    @property
    def is_disabled(self) -> bool:
        """True."""
        return True

    @property
    def dir(self) -> str:  # type: ignore[override]  # an attribute of other runs
        """A temporary folder, made when first asked for: scripts put their checkpoints into `run.dir`."""
        if not self._place:
            import tempfile

            try:
                self._place = tempfile.mkdtemp(prefix="tailboard-")
            except OSError:
                self._place = os.devnull
        return self._place

    @property
    def step(self) -> int:
        """The step that the next `log` without one would get."""
        return self._next

    def log(self, data: Mapping[str, object], step: int | None = None, commit: bool | None = None) -> None:
        """Count the step, nothing else."""
        if type(step) is int:
            self._next = step
        self._next += commit is not False
        if self._complaint:
            complain(self._complaint)
            self._complaint = ""

    def event(self, event: str, **entries: object) -> None:
        """Nothing."""

    def warn(self, kind: str, message: str) -> None:
        """Nothing."""

    def define_metric(self, name: str, *args: object, **kwargs: object) -> None:
        """Nothing."""

    def log_artifact(self, artifact: object, *args: object, **kwargs: object) -> object:
        """Nothing."""
        return artifact

    def set_fact(self, name: str, value: object) -> None:
        """Keep the fact in memory."""
        self._facts[name] = value

    def end(self, status: str, exit_code: int, error: str | None = None, wait_s: float = 5.0) -> None:
        """Leave the place of the current run."""
        from tailboard import session

        self._is_finished = True
        session.ended(self)
