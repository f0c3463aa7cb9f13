"""What is slow to find out about a run's start, done in a thread beside the training."""

from __future__ import annotations

import os
import threading

from tailboard import context, layout
from tailboard.writer import write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tailboard.recorder import Run


class Background:
    """Writes packages.txt, git.diff and the dirty flag of run.json."""

    def __init__(self, run: Run, *, git: bool) -> None:
        self._run = run
        self._git = git
        self._thread = threading.Thread(target=self._work, name="tailboard-context", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wait(self, timeout_s: float) -> None:
        """Wait for the end, briefly; harmless in the thread itself and in a forked child."""
        if self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def _work(self) -> None:
        try:
            lines = "".join(line + "\n" for line in context.packages())
            write_whole(os.path.join(self._run.dir, layout.PACKAGES), lines.encode())
            if self._git:
                self._write_git()
        except OSError as error:
            self._run.warn(f"write {error.errno}", f"cannot record packages and code: {error}")

    def _write_git(self) -> None:
        git = self._run.fact("git")
        work_tree = self._run.fact("cwd")
        if not isinstance(git, dict) or not git or not isinstance(work_tree, str):
            return
        dirty = context.write_diff(self._run.dir, work_tree)
        if dirty is not None:
            self._run.set_fact("git", {**git, "dirty": dirty})
