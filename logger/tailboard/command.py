"""Recording any program from a parent process: `tailboard run -- COMMAND`.

The command shares our terminal, session and process group; only its stdout and stderr lead through us.
So Ctrl-C, Ctrl-Z and /dev/tty work as without us, and the command cannot tell the difference.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time

from tailboard import layout
from tailboard.resuming import last_event
from tailboard.streams import Stream, make_streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tailboard.recorder import Run

LINGER_S = 1.0
"""How long output is still read after the command's exit: a background process may hold it open for ever."""

_FORWARDED = frozenset(
    {
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
        signal.SIGQUIT,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGCONT,
    }
)
_HEEDED = frozenset({*_FORWARDED, signal.SIGCHLD, signal.SIGWINCH})
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)

_FROM_KERNEL = 0x80
"""`si_code` of a signal that the terminal sent to the whole process group: the command has it already.

Source: sigaction(2), SI_KERNEL.
"""


_CRASHES = frozenset(
    {
        signal.SIGSEGV,
        signal.SIGABRT,
        signal.SIGBUS,
        signal.SIGILL,
        signal.SIGFPE,
        signal.SIGSYS,
        signal.SIGTRAP,
    }
)
"""Signals by which a program fails; by any other it is killed from outside."""

_KILLED_CODES = frozenset(
    128 + number for number in (signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGTERM)
)
"""What a shell in between makes of a signal."""

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""Exit codes of a command that cannot be started, as shells give them."""


def hold_signals() -> None:
    """Keep signals for the command that will be started. To be called before any thread begins."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEEDED)


def become_command(arguments: list[str]) -> int:
    """Turn into the command, unrecorded. Returns only where it cannot be started: with the exit code."""
    for number in _IGNORED_BY_PYTHON:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        os.execvp(arguments[0], arguments)  # noqa: S606  the user's command is what this is for
    except OSError as error:
        return _refused(arguments[0], error)


def record_command(
    run: Run,
    arguments: list[str],
    *,
    git: bool = True,
    sample: bool = True,
    listen: Callable[[str, memoryview], None] | None = None,
) -> int:
    """Run a command and record it into `run`, which is ended with it.

    Args:
        run: Begun with the command's arguments.
        arguments: The program and its arguments.
        git: Whether uncommitted changes of the code are recorded.
        sample: Whether resources of the command's processes are sampled.
        listen: Called with the stream's name and each piece of output, once that is recorded; with
            nothing at the end.

    Returns:
        The command's exit code; 128 + signal when a signal ended it.
    """
    output = run.open_output()
    try:
        command = Command(arguments, {**os.environ, layout.ENV_RUN_DIR: run.dir})
    except OSError as error:
        code = _refused(arguments[0], error)
        run.end(layout.FAILED, code, f"{arguments[0]}: {error.strerror}")
        return code

    def record(stream: str, content: memoryview) -> None:
        output.write(stream, content)
        if listen is not None:
            listen(stream, content)

    run.record_packages_and_code(git=git)
    if sample:
        run.sample_resources(command.pid, True)
    code, is_signal = command.pump(record, run.check)
    if listen is not None:
        listen("", memoryview(b""))
    _end(run, code, is_signal)
    return code


def _refused(program: str, error: OSError) -> int:
    """Say why a program cannot be started; gives the exit code."""
    os.write(2, f"tailboard run: {program}: {error.strerror}\n".encode("utf-8", "replace"))
    return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE


def _end(run: Run, code: int, is_signal: bool) -> None:
    """The finish event, with the traceback that a joined script has left."""
    inner = last_event(run.dir, layout.FINISH)
    if inner is not None and code == 0:
        run.end(str(inner.get("status")), 0, _text(inner.get("error")))
        return
    is_crash = is_signal and code - 128 in _CRASHES
    is_killed = (is_signal and not is_crash) or code in _KILLED_CODES
    status = layout.FINISHED if code == 0 else layout.KILLED if is_killed else layout.FAILED
    error = _text(inner.get("error")) if inner else None
    if is_signal and error is None:
        error = f"ended by {signal.Signals(code - 128).name}" if is_crash else None
    run.end(status, code, error)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _next_signal() -> tuple[int, bool]:
    """Wait for a signal; tells it and whether the command has got it too, from our common terminal."""
    if hasattr(signal, "sigwaitinfo"):
        found = signal.sigwaitinfo(_HEEDED)
        return found.si_signo, found.si_code == _FROM_KERNEL
    number = signal.sigwait(_HEEDED)  # macOS does not tell the sender: the keys of a terminal are likelier
    return number, number in (signal.SIGINT, signal.SIGQUIT) and _is_foreground()


def _is_foreground() -> bool:
    """Whether the keys of a terminal, such as Ctrl-C, send signals to our process group."""
    try:
        fd = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(fd)


class Command:
    """A running command whose output passes through us."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        """Start it.

        Raises:
            OSError: It cannot be started.
        """
        self._out, self._err = make_streams()
        try:
            self.pid = os.posix_spawnp(
                arguments[0],
                arguments,
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, self._out.inlet, 1),
                    (os.POSIX_SPAWN_DUP2, self._err.inlet, 2),
                ],
                setsigmask=[],
                setsigdef=_IGNORED_BY_PYTHON,
            )
        finally:
            for stream in {self._out, self._err}:
                os.close(stream.inlet)
        self._came_early = _FORWARDED & signal.sigpending()
        """Signals from before the command was there, which has not got even those of the terminal."""
        self._status: int | None = None
        self._wake_out, self._wake_in = os.pipe()
        threading.Thread(target=self._heed_signals, name="tailboard-signals", daemon=True).start()

    def _heed_signals(self) -> None:
        """Pass signals on. Runs in a thread, where waiting tells who sent them."""
        while True:
            number, is_known = _next_signal()
            if number == signal.SIGCHLD:
                os.write(self._wake_in, b"c")
            elif number == signal.SIGWINCH:
                for stream in (self._out, self._err):
                    if stream.is_open:
                        stream.copy_window_size()
                self._signal(number)
            elif not is_known or number in self._came_early:
                self._came_early -= {number}
                self._signal(number)

    def _signal(self, number: int) -> None:
        if self._status is None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def pump(self, record: Callable[[str, memoryview], None], idle: Callable[[], None]) -> tuple[int, bool]:
        """Pass on and record the output until the command has ended.

        Args:
            record: Called with the stream's name and each piece, after our stdout or stderr got it.
            idle: Called at least once a second.

        Returns:
            The exit code, 128 + signal when a signal ended it, and whether one did.
        """
        streams = [self._out] if self._out is self._err else [self._out, self._err]
        idle_at = 0.0
        stop_at: float | None = None
        owed: dict[Stream, int] = {}
        while True:
            open_streams = [stream for stream in streams if stream.is_open]
            now = time.monotonic()
            if self._status is None and self._has_ended():
                stop_at = now + LINGER_S
                owed = {stream: stream.waiting_bytes() for stream in open_streams}
            if self._status is not None and not open_streams:
                break
            if stop_at is not None and now > stop_at and not any(owed[s] > 0 and s.is_open for s in owed):
                break
            if now >= idle_at:
                idle_at = now + 1.0
                idle()
            ready = select.select(
                [stream.source for stream in open_streams] + [self._wake_out], [], [], 0.2 if stop_at else 1.0
            )[0]
            if self._wake_out in ready:
                os.read(self._wake_out, 4096)
            for stream in open_streams:
                if stream.source in ready:
                    owed[stream] = owed.get(stream, 0) - self._move(stream, record)
        for stream in streams:
            stream.close()
        assert self._status is not None
        code = os.waitstatus_to_exitcode(self._status)
        return (code, False) if code >= 0 else (128 - code, True)

    def _move(self, stream: Stream, record: Callable[[str, memoryview], None]) -> int:
        """Pass one piece on; gives its length in bytes."""
        content = stream.read()
        if content is None:
            stream.close()
            return 0
        if content:
            stream.pass_on(content)
            record(stream.name, content)
        return len(content)

    def _has_ended(self) -> bool:
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self._status = status
        return pid != 0
