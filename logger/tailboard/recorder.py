"""One run while it is being written: `Run`, what `tailboard.init` returns."""

from __future__ import annotations

import itertools
import os
import time

from tailboard import layout
from tailboard.console import Console, OutputFile, complain
from tailboard.encoding import encode_line, encode_record, is_flat, scalar, slow_record
from tailboard.noted import Noted
from tailboard.writer import LineWriter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

_NAMES_LIMIT = 100_000
"""Metric names that are remembered as harmless; a run that makes up more of them is slower, not larger."""

_WORKER_PATIENCE = 6
"""Digests and pictures that are under way are worth this many times the usual wait at the end."""

_OWN_KEYS = 2
"""Entries of a record that are ours: step and time."""

_CHECK_EVERY_S = 1.0


class Run(Noted):
    """A run that is being recorded. Made by `tailboard.init`; a context manager.

    No method but `finish` waits for anything, and none raises because of the disk or of strange values.
    """

    def __init__(self, path: str, facts: dict[str, object], *, rank: int = 0) -> None:
        super().__init__(path, facts, rank)
        self._threads: list[Callable[[float], None]] = []
        self._metrics = LineWriter(self._path(layout.ranked(layout.METRICS, rank)), self.warn)
        self._output: OutputFile | None = None
        self._console: Console | None = None
        self._steps = itertools.count()
        self._names: set[str] = set()
        self._is_resumed = False
        self._check_at = 0.0

    def __repr__(self) -> str:
        return f"<tailboard.Run {self.id} {self.name!r} in {self.dir}>"

    @property
    def is_disabled(self) -> bool:
        """Whether nothing is recorded at all."""
        return False

    @property
    def is_finished(self) -> bool:
        """Whether `finish` was called."""
        return self._is_finished

    @property
    def step(self) -> int:
        """The step that the next `log` without one will get."""
        return int(repr(self._steps)[6:-1])

    def log(self, data: Mapping[str, object], step: int | None = None, commit: bool | None = None) -> None:
        """Append the values of one step. They are in the kernel when this returns; it never raises.

        Args:
            data: Metric names and values: Python, numpy and torch scalars, media, nested mappings of
                them (names are joined with `/`). NaN and infinities are kept as such, anything else
                as text with one warning.
            step: Any number. Without one: the last step plus one.
            commit: False: the next call without a step belongs to the same step, as in wandb.
        """
        line = None
        now = time.time()
        try:
            if step is None:
                step = next(self._steps)
                if commit is False:
                    self._steps = itertools.count(step)
            elif type(step) is int:
                self._steps = itertools.count(step if commit is False else step + 1)
            if type(data) is dict and data and type(step) is int and self._names.issuperset(data):
                text = encode_record(data)
                if is_flat(text):
                    line = f'{{"_step":{step},"_timestamp":{now:.3f},{text[1:]}\n'.encode()
        except Exception:  # noqa: BLE001, S110  whatever it was, the slow way deals with it
            pass
        if line is None:
            self._log_slowly(data, step, round(now, 3))
            return
        self._metrics.append(line)
        if now >= self._check_at or self._summaries.is_defined:
            self._look_after(data, now)

    def _log_slowly(self, data: Mapping[str, object], step: object, now: float) -> None:
        try:
            if not isinstance(data, dict) and not hasattr(type(data), "keys"):
                self.warn("log data", f"log() takes a dict, not a {type(data).__name__}; the call is ignored")
                return
            number = step if type(step) is int else self._step_number(step)
            if self._is_resumed:  # the first record of all takes this way: its names are new
                self._is_resumed = False
                mark = {layout.EVENT: layout.RESUME, layout.STEP: number, layout.TIMESTAMP: now}
                self._metrics.append(encode_line(mark))
            record, media = slow_record(data, number, now, self.warn)
            if not media or len(record) > _OWN_KEYS:
                self._metrics.append(encode_line(record))
            for name, value in media:
                self._log_media(name, value, number, now)
            if len(self._names) > _NAMES_LIMIT:
                self._names.clear()
            self._names.update(name for name in data if type(name) is str and not name.startswith("_"))
            self._look_after(data, now)
        except Exception as error:  # noqa: BLE001  log() never raises into training
            self.warn(
                "log", f"log() failed, the values of this step are lost: {type(error).__name__}: {error}"
            )

    def _step_number(self, step: object) -> int | float:
        number = scalar(step)
        if isinstance(number, int | float):
            self._steps = itertools.count(int(number) + 1)
            return int(number) if isinstance(number, bool) else number
        self.warn("step", f"step must be a number, not {number!r:.80}; counting on")
        return next(self._steps)

    def _look_after(self, data: Mapping[str, object], now: float) -> None:
        """Follow defined metrics, and once a second do what need not be done at every call."""
        try:
            if self._summaries.is_defined and self._summaries.follow(data):
                self._summary_changed()
            if now >= self._check_at:
                self._check_at = now + _CHECK_EVERY_S
                self.check()
        except Exception as error:  # noqa: BLE001  log() never raises into training
            self.warn("check", f"{type(error).__name__}: {error}")

    def check(self) -> None:
        """Save what changed, look for files that are gone, retry what could not be written."""
        clock = time.monotonic()
        self._metrics.check(clock)
        self._events.check(clock)
        for journal in list(self._journals.values()):
            journal.check(clock)
        if self._output is not None:
            self._output.check(clock)
        self._files.save(clock)
        from tailboard import ending

        ending.goes_on()

    def _log_media(self, name: str, value: object, step: int | float, now: float) -> None:
        from tailboard.media_files import write_media

        write_media(self, name, value, step, now)

    def resume(self, step: int) -> None:
        """Continue a run: counting goes on at `step`; the first record says from where on later lines win."""
        self._is_resumed = True
        if self.rank == 0:
            self.event(layout.RESUME, step=step, pid=self._pid)
        self._steps = itertools.count(step)

    def record_packages_and_code(self, *, git: bool) -> None:
        """Write packages.txt and, with `git`, git.diff beside the training."""
        from tailboard.background import Background

        background = Background(self, git=git)
        background.start()
        self.wait_for(background.wait)

    def sample_resources(self, pid: int, every: bool | float) -> None:
        """Sample the resources of a process and its descendants until the run ends.

        Args:
            pid: The process.
            every: Seconds between samples, or True for the usual time.
        """
        from tailboard.resources import EVERY_S, Sampler

        sampler = Sampler(
            self._path(layout.SYSTEM), self.warn, pid, EVERY_S if every is True else float(every)
        )
        sampler.start()
        self.wait_for(sampler.stop)

    def wait_for(self, wait: Callable[[float], None]) -> None:
        """Have `finish` call `wait(timeout_s)` before it ends the run."""
        self._threads.append(wait)

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """End the run: write what is pending and the finish event. Further calls do nothing.

        Args:
            exit_code: 0 or None: finished; any other: failed.
            quiet: Accepted for wandb's sake.
        """
        status = layout.FAILED if exit_code else layout.FINISHED
        self.end(status, exit_code or 0)

    def end(self, status: str, exit_code: int, error: str | None = None, wait_s: float = 5.0) -> None:
        """End the run with a given status; `finish` for users.

        Args:
            status: `finished`, `failed` or `killed`.
            exit_code: As the process's own, 128 + signal for a signal.
            error: The traceback.
            wait_s: How long to wait for what is written beside the training.
        """
        if self._is_finished or os.getpid() != self._pid:
            return
        try:
            until = time.monotonic() + wait_s
            self._worker.wait(wait_s * _WORKER_PATIENCE)
            for wait in self._threads:
                wait(max(until - time.monotonic(), 0.0))
        finally:  # Ctrl-C cuts the waiting short, not the end of the run
            self._close(status, exit_code, error)

    def _close(self, status: str, exit_code: int, error: str | None) -> None:
        """Write what is pending and the finish event, and let go of the process."""
        from tailboard import ending, session

        self._summaries.finish()
        self._files.save(time.monotonic(), everything=True)
        if self._is_finished:  # by another thread, while this one waited
            return
        self._is_finished = True
        self._metrics.sync()
        extra = {"error": error} if error else {}
        if self.rank == 0:
            self.event(layout.FINISH, status=status, exit_code=exit_code, **extra)
        else:
            self.event(layout.RANK_FINISH, rank=self.rank, status=status, exit_code=exit_code, **extra)
        self.log = self._log_too_late  # type: ignore[method-assign]  # costs nothing before
        journals = [self._metrics, *self._journals.values(), self._events]
        lost = self.record_no_more() + sum(journal.close() for journal in journals)
        if lost:
            complain(f"{lost} lines of the run could not be written to {self.dir}")
        ending.forget(self)  # only now: a signal that comes while we wait still ends the run
        session.ended(self)

    def open_output(self) -> OutputFile:
        """The run's output.log, opened for appending; closed with the run."""
        self._output = OutputFile(
            self._path(layout.ranked(layout.OUTPUT, self.rank)),
            self._path(layout.ranked(layout.OUTPUT_INDEX, self.rank)),
            self.warn,
        )
        return self._output

    def capture_output(self) -> None:
        """Begin to record stdout and stderr of this process."""
        self._console = Console(self.open_output())
        self._console.attach()

    def _log_too_late(self, *args: object, **kwargs: object) -> None:
        self._is_too_late()

    def expect_late_calls(self) -> None:
        """The process ends: threads that still log need not be told that they are too late."""
        self._said.add("closed")

    def record_again(self) -> None:
        """Record output of the ended run once more: the traceback that ended it is printed after it."""
        if self._console is not None:
            self.capture_output()

    def record_no_more(self) -> int:
        """Stop recording output; gives how many pieces of it were lost."""
        if self._console is not None:
            self._console.detach()
        return self._output.close() if self._output is not None else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from tailboard import ending

        ending.end_with(self, error)
