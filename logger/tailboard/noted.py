"""The noting half of `Run`: events, alerts, meanings of metrics, data pins."""

from __future__ import annotations

import time

from tailboard import layout
from tailboard.background import Worker
from tailboard.console import complain
from tailboard.described import Described
from tailboard.encoding import encode_line, plain
from tailboard.metric_summary import MetricSummaries
from tailboard.writer import LineWriter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WARNINGS_LIMIT = 100
"""Kinds of warnings said in one run: names that change with every step shall not flood the terminal."""


class Noted(Described):
    """Files of lines beside the metrics: events.jsonl, artifacts.jsonl, media.jsonl."""

    def __init__(self, path: str, facts: dict[str, object], rank: int) -> None:
        super().__init__(path, facts, rank)
        self._said: set[str] = set()
        self._events = LineWriter(self._path(layout.EVENTS), self.warn)
        self._journals: dict[str, LineWriter] = {}
        self._worker = Worker(self.warn)
        self._summaries = MetricSummaries()

    def define_metric(
        self,
        name: str,
        step_metric: str | None = None,
        summary: str | None = None,
        goal: str | None = None,
        **ignored: object,
    ) -> None:
        """Say what a metric means.

        Args:
            name: A metric's name, or a pattern such as `val/*`.
            step_metric: The metric that stands on its x axis.
            summary: `last`, `min`, `max`, `mean`, `best`, `first` or `none`: what the summary keeps of it.
            goal: `minimize` or `maximize`; what `best` means.
            ignored: Further arguments of wandb's.
        """
        if self._is_too_late():
            return
        known = {"step_metric": step_metric, "summary": summary, "goal": goal}
        self.event(
            layout.METRIC_DEFINED,
            name=str(name),
            **{key: str(value) for key, value in known.items() if value},
        )
        if summary:
            self._summaries.define(str(name), str(summary), str(goal or "minimize"), self.summary, self.warn)

    def alert(self, title: str, text: str = "", level: object = "info", wait_duration: object = None) -> None:
        """Record a message that the viewer shows prominently.

        Args:
            title: One line.
            text: More of it.
            level: `info`, `warning` or `error` (wandb's `AlertLevel` too).
            wait_duration: Accepted for wandb's sake.
        """
        if self._is_too_late():
            return
        word = str(getattr(level, "value", level)).lower()
        word = {"warn": "warning"}.get(word, word)
        if word not in ("info", "warning", "error"):
            self.warn(
                "alert level", f"alert level {word!r:.80} is none of info, warning, error; taken as info"
            )
            word = "info"
        from tailboard.redact import redact_text

        self.event(layout.ALERT, title=redact_text(str(title)), text=redact_text(str(text)), level=word)

    def log_artifact(
        self,
        artifact: object,
        role: str = "output",
        name: str | None = None,
        version: str | None = None,
        aliases: Sequence[str] | None = None,
        type: str | None = None,
    ) -> object:
        """Pin data by size and digest, made beside the training; nothing is copied.

        Args:
            artifact: A file, a directory, a URI, or an `Artifact` of several.
            role: `input` or `output`.
            name: A name for it; its file name by default.
            version: Its version, if it has one.
            aliases: Further names of the version, as `latest`.
            type: `dataset`, `model` ...

        Returns:
            `artifact`, for wandb's sake.
        """
        if self._is_too_late():
            return artifact
        from tailboard.artifacts import pin

        if role not in ("input", "output"):  # wandb's second argument is the name
            role, name = "output", name or str(role)
        pin(self, artifact, role, name, version, aliases, type)
        return artifact

    def use_artifact(self, artifact: object, type: str | None = None, **more: str) -> object:
        """Pin data that the run reads; as `log_artifact` with the role `input`."""
        return self.log_artifact(artifact, "input", type=type, **more)

    def append(self, name: str, record: object) -> None:
        """Append a record to one of the run's files of lines."""
        writer = self._journals.get(name)
        if writer is None:
            writer = self._journals.setdefault(name, LineWriter(self._path(name), self.warn))
        writer.append(encode_line(record))

    def later(self, job: Callable[[], None], otherwise: Callable[[], None] | None = None) -> None:
        """Do `job` in the run's worker thread; `finish` waits for it, or does `otherwise` after a while."""
        self._worker.put(job, otherwise)

    def watch(self, *args: object, **kwargs: object) -> None:
        """Accepted for wandb's sake: gradients are not recorded."""
        self.warn("watch", "watch() does nothing here: log the norms of gradients as metrics")

    def save(self, *args: object, **kwargs: object) -> None:
        """Accepted for wandb's sake: files are not copied."""
        self.warn("save", "save() copies nothing: log_artifact() pins a file by its digest")

    def event(self, event: str, **entries: object) -> None:
        """Append one event to events.jsonl. Entries that JSON cannot hold become text."""
        self._events.append(encode_line(plain({"time": round(time.time(), 3), "event": event, **entries})))

    def warn(self, kind: str, message: str) -> None:
        """Say a problem once on stderr and in events.jsonl, however often it comes.

        Args:
            kind: What tells one problem from another.
            message: For the user.
        """
        if kind in self._said or len(self._said) >= _WARNINGS_LIMIT:
            return
        self._said.add(kind)
        complain(message)
        events = getattr(self, "_events", None)
        if events is not None:
            self.event(layout.WARNING, message=message)
