"""How a process's end becomes a run's finish event: uncaught exception, sys.exit, signal, plain exit.

Hooks are chained: what stood there before is called as before, and the exit status stays what it was.
They act only in the process that called `init`, never in a forked child.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading

from tailboard import layout
from tailboard.encoding import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType
    from typing import NoReturn

    from tailboard.recorder import Run

SIGNALS = ("SIGTERM", "SIGHUP")
"""Signals that end a process silently by default. SIGINT arrives as KeyboardInterrupt."""

INTERRUPTED = 130
"""Exit code that shells give for Ctrl-C: 128 + SIGINT."""

_IMPATIENT_S = 0.5
"""Who presses Ctrl-C does not want to wait for digests."""

_KILLED_CODES = frozenset({129, INTERRUPTED, 143})
"""128 + SIGHUP, SIGINT, SIGTERM: what a handler that cleans up exits with."""


class _State:
    """What the hooks know. One per process."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.is_installed = False
        self.signals: list[int] = []
        self.masks: dict[int, set[int]] = {}
        self.exit_code: int | str | None = None
        self.error: BaseException | None = None
        self.failed_in_with: dict[int, Run] = {}
        self.excepthook: Callable[[type[BaseException], BaseException, TracebackType | None], object] = (
            sys.excepthook
        )
        self.exit: Callable[..., NoReturn] = sys.exit
        self.last_error: object = None


_state = _State()


def watch(run: Run) -> None:
    """Give `run` a finish event when the process ends before `run.finish()`."""
    _state.runs.append(run)
    _state.exit_code = None
    _state.last_error = getattr(sys, "last_value", None)
    if not _state.is_installed:
        _state.is_installed = True
        _state.excepthook, sys.excepthook = sys.excepthook, _excepthook
        _state.exit, sys.exit = sys.exit, _exit
        _note_exit_of_site()
        atexit.register(_at_exit)
        os.register_at_fork(
            before=_before_fork, after_in_child=_after_fork_in_child, after_in_parent=_after_fork
        )
    _watch_signals()


def forget(run: Run) -> None:
    """The run ends otherwise."""
    if run in _state.runs:
        _state.runs.remove(run)
    if not _state.runs:
        _leave_signals()


def goes_on() -> None:
    """The program logs: a `sys.exit` that was noted has been caught."""
    _state.exit_code = None


def end_with(run: Run, error: BaseException | None, wait_s: float = 5.0) -> None:
    """End `run` as the exception that leaves its program or `with` block says."""
    if error is None:
        run.end(layout.FINISHED, 0, wait_s=wait_s)
    elif isinstance(error, KeyboardInterrupt):
        run.end(layout.KILLED, INTERRUPTED, wait_s=min(wait_s, _IMPATIENT_S))
    elif isinstance(error, SystemExit):
        _end_with_code(run, error.code, wait_s)
    else:
        _state.failed_in_with = {id(error): run}
        run.end(layout.FAILED, 1, traceback_of(error), wait_s)


def traceback_of(error: BaseException) -> str:
    """The traceback as Python prints it, also where the exception's own text cannot be had."""
    try:
        import traceback  # may fail too: files may have run out, or the interpreter be on its way out

        return "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001  a broken __str__ or __cause__ must not hide the failure
        return f"{type(error).__name__}: {text_of(error)}"


def _end_with_code(run: Run, code: object, wait_s: float) -> None:
    """What `sys.exit(code)` means: None and 0 are success, a text is an error message with status 1."""
    if code is None or code == 0:
        run.end(layout.FINISHED, 0, wait_s=wait_s)
    elif isinstance(code, int):
        run.end(layout.KILLED if code in _KILLED_CODES else layout.FAILED, code & 0xFF, wait_s=wait_s)
    else:
        run.end(layout.FAILED, 1, str(code), wait_s)


def _excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _state.error = error
    ended = _failed_earlier(error)
    if ended is not None:
        ended.record_again()
    try:
        _state.excepthook(kind, error, trace)
    finally:
        if ended is not None:
            ended.record_no_more()


def _failed_earlier(error: BaseException | None) -> Run | None:
    """The run whose `with` block this exception, or one that it was raised from, has left."""
    for _ in range(20):
        if error is None:
            return None
        if id(error) in _state.failed_in_with:
            return _state.failed_in_with[id(error)]
        error = error.__cause__ or error.__context__
    return None


def _exit(status: int | str | None = None, /) -> NoReturn:
    """sys.exit, noting the status: atexit functions are not told of it."""
    if threading.current_thread() is threading.main_thread():
        _state.exit_code = status
    _state.exit(status)


def _note_exit_of_site() -> None:
    """Note the status of the built-in `exit(1)` and `quit(1)` too, which raise SystemExit by themselves."""
    import builtins

    kind = type(getattr(builtins, "exit", None))
    if kind.__module__ != "_sitebuiltins":
        return
    leave = kind.__call__

    def noted(self: object, code: int | str | None = None) -> object:
        if threading.current_thread() is threading.main_thread():
            _state.exit_code = code
        return leave(self, code)

    kind.__call__ = noted  # type: ignore[method-assign]  # both built-ins are of this kind


def _uncaught() -> BaseException | None:
    """The exception that ends the program, also where another excepthook has taken the place of ours.

    The interpreter notes it before it calls any hook; at a prompt it notes those that end nothing.
    """
    last: object = getattr(sys, "last_value", None)
    is_ours_replaced = sys.excepthook is not _excepthook and not hasattr(sys, "ps1")
    if _state.error is None and is_ours_replaced and last is not _state.last_error:
        return last if isinstance(last, BaseException) else None
    return _state.error


def _at_exit() -> None:
    error = _uncaught()
    for run in list(_state.runs):
        run.expect_late_calls()
        if error is not None:
            end_with(run, error)
        else:
            _end_with_code(run, _state.exit_code, 5.0)


def _watch_signals() -> None:
    """Take the signals whose default would end the process silently. A handler of the user's stays alone."""
    if threading.current_thread() is not threading.main_thread():
        return
    import signal

    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _on_signal)
            _state.signals.append(number)


def _leave_signals() -> None:
    """Give back the signals that nobody has taken from us meanwhile."""
    if not _state.signals or threading.current_thread() is not threading.main_thread():
        return
    import signal

    for number in _state.signals:
        if signal.getsignal(number) is _on_signal:
            signal.signal(number, signal.SIG_DFL)
    _state.signals = []


def _on_signal(number: int, frame: FrameType | None) -> None:
    """Note the end, then let the signal have its default effect."""
    import signal

    for run in list(_state.runs):
        run.end(layout.KILLED, 128 + number, wait_s=0.2)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _before_fork() -> None:
    """Hold signals back: Python forgets those that reach a child in the middle of the fork.

    A worker that is terminated right after its start would live for ever.
    """
    if _state.signals:
        import signal

        _state.masks[threading.get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, _state.signals)


def _after_fork() -> None:
    mask = _state.masks.pop(threading.get_ident(), None)
    if mask is not None:
        import signal

        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _after_fork_in_child() -> None:
    """A child has the default signals again and no run to end."""
    _state.runs = []
    _leave_signals()
    _after_fork()
