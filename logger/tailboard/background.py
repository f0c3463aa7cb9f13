"""What is slow to find out about a run's start, done in a thread beside the training."""

from __future__ import annotations

import os
import threading
from queue import SimpleQueue

from tailboard import context, layout
from tailboard.repository import write_diff
from tailboard.writer import write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tailboard.recorder import Run


def start_thread(thread: threading.Thread) -> bool:
    """Start a thread, if the system lets us have one more and the interpreter is not about to end."""
    try:
        thread.start()
    except RuntimeError:
        return False
    return True


class Worker:
    """Does jobs of one run in turn, in a daemon thread that begins with the first."""

    def __init__(self, warn: Callable[[str, str], None]) -> None:
        self._warn = warn
        self._pid = os.getpid()
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._undone: dict[Callable[[], None], Callable[[], None] | None] = {}

    def put(self, job: Callable[[], None], otherwise: Callable[[], None] | None = None) -> None:
        """Do `job` soon; at once in a forked child, which has no such thread.

        Args:
            otherwise: Done in its place where the run ends before its turn is over.
        """
        if os.getpid() != self._pid:
            self._do(job)
            return
        self._undone[job] = otherwise
        self._jobs.put(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="tailboard-worker", daemon=True)
            if not start_thread(self._thread):
                self._thread = None
                self._jobs.get()
                self._do(job)

    def wait(self, timeout_s: float) -> None:
        """Wait until all jobs so far are done, at most `timeout_s`."""
        try:
            if self._thread is not None and self._thread is not threading.current_thread():
                self._jobs.put(None)
                self._thread.join(timeout_s)
        finally:
            for otherwise in list(self._undone.values()):
                if otherwise is not None:
                    self._do(otherwise)
            self._undone = {}

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._do(job)

    def _do(self, job: Callable[[], None]) -> None:
        try:
            job()
        except OSError as error:
            self._warn(f"write {error.errno}", f"cannot write: {error}")
        except Exception as error:  # noqa: BLE001  it must reach the user, and no later job may be lost
            self._warn(f"job {type(error).__name__}", f"{type(error).__name__}: {error}")
        self._undone.pop(job, None)


class Background:
    """Writes packages.txt, git.diff and the dirty flag of run.json."""

    def __init__(self, run: Run, *, git: bool) -> None:
        self._run = run
        self._git = git
        self._thread = threading.Thread(target=self._work, name="tailboard-context", daemon=True)

    def start(self) -> None:
        """Begin; without a thread to be had, do it now.

        What the thread needs is imported before it starts: a child that is forked while another thread
        imports a module waits for ever when it imports the same one.
        """
        if self._has_repository():
            import subprocess  # noqa: F401
        if not start_thread(self._thread):
            self._work()

    def wait(self, timeout_s: float) -> None:
        """Wait for the end, briefly; harmless in the thread itself and in a forked child."""
        if self._thread is not threading.current_thread() and self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _has_repository(self) -> bool:
        return self._git and bool(self._run.fact("git"))

    def _work(self) -> None:
        try:
            lines = "".join(line + "\n" for line in context.packages())
            write_whole(
                os.path.join(self._run.dir, layout.PACKAGES), lines.encode("utf-8", "backslashreplace")
            )
            if self._has_repository():
                self._write_git()
        except OSError as error:
            self._run.warn(f"write {error.errno}", f"cannot record packages and code: {error}")

    def _write_git(self) -> None:
        git = self._run.fact("git")
        work_tree = self._run.fact("cwd")
        if not isinstance(git, dict) or not isinstance(work_tree, str):
            return
        dirty = write_diff(self._run.dir, work_tree)
        if dirty is not None:
            self._run.set_fact("git", {**git, "dirty": dirty})
