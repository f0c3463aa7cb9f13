"""Our driver for a terminal: it bears any bytes on stdin, and asks the terminal whether it is dark.

Textual's own ends the app on one byte that is not UTF-8, which tmux sends on re-attaching: the old
mouse reports (X10) put coordinates above 95 as single high bytes.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import sys
from codecs import getincrementaldecoder
from collections import deque
from collections.abc import Callable
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, TextIO

from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

from tailboard_tui.messages import GraphicsFound, TerminalBackground
from tailboard_tui.text.graphics import Answers, is_in_tmux, questions
from tailboard_tui.text.plain import plain

if TYPE_CHECKING:
    from textual.app import App
    from textual.message import Message

READ_BYTES = 4096
BURST = 64
"""Events after which the app works off what it was handed before it gets more. Each wakes the event loop
through a pipe that takes some 250 bytes, and a signal that comes while that is full is lost for ever."""

MOST_WAITING = 20_000
"""Events that wait for the app; then the terminal is not read, and whoever sends so much waits."""

SOON_S = 0.005
TICK_S = 0.1
"""How often the parser may decide that a lone ESC was the key, and the thread look whether it is to end."""

_ASK_BACKGROUND = "\x1b]11;?\x1b\\"
_BACKGROUND = re.compile(
    r"\x1b\]11;rgba?:([0-9a-fA-F]+)/([0-9a-fA-F]+)/([0-9a-fA-F]+)[^\x07\x1b]*(?:\x07|\x1b\\)"
)
"""Source: XTerm control sequences, OSC 11, https://invisible-island.net/xterm/ctlseqs/ctlseqs.html"""

_BACKGROUND_BEGUN = re.compile(r"\x1b\]11;[^\x07\x1b]{0,64}\x1b?\Z")
"""An answer whose end is still to come."""

_UNASKED = re.compile(r"\x1b\[\?[\d;]{0,100}c|\x1bP[^\x1b\x07]{0,1000}\x1b\\")
"""Device attributes and strings that nobody waits for any more: their letters must not become keys."""

_OLD_MOUSE = re.compile(r"\x1b\[M[\s\S]{3}")
"""X10 mouse report: three characters that mean nothing to us and must not become keys."""


class _Output:
    """The terminal as Textual's writer thread sees it: any character goes, and a closed link is no crash.

    The thread must not die: the queue before it is bounded, and the event loop would wait for it for ever.
    """

    def __init__(self, fd: int) -> None:
        self._file = open(  # noqa: SIM115  # lives as long as the driver
            fd, "w", encoding="utf-8", errors="replace", closefd=False
        )
        self._is_gone = False

    def write(self, text: str) -> int:
        """Write, unless the terminal is gone."""
        if not self._is_gone:
            try:
                return self._file.write(text)
            except OSError:
                self._is_gone = True
        return len(text)

    def flush(self) -> None:
        """Send what was written."""
        if not self._is_gone:
            try:
                self._file.flush()
            except OSError:
                self._is_gone = True

    def fileno(self) -> int:
        """The terminal's descriptor."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """True: nothing else is opened here."""
        return True


class _Inbox:
    """Events on their way to the app, a burst at a time."""

    def __init__(self, app: App[object], give: Callable[[Message], None]) -> None:
        self._app = app
        self._give = give
        self._waiting: deque[Message] = deque()
        self._given = 0
        self._is_worked_off = Event()
        self._is_worked_off.set()

    def __len__(self) -> int:
        """How many events wait."""
        return len(self._waiting)

    def add(self, event: Message) -> None:
        """Let an event wait for its turn."""
        self._waiting.append(event)

    def hand_over(self) -> None:
        """Give what may be given now: after a burst the app first comes to its end."""
        while self._waiting and self._is_worked_off.is_set():
            self._give(self._waiting.popleft())
            self._given += 1
            if self._given % BURST == 0:
                self._is_worked_off.clear()
                self._app.call_later(self._is_worked_off.set)


class TerminalDriver(LinuxDriver):
    """Textual's Linux driver with an input thread that nothing on stdin can end."""

    def __init__(self, app: App[object], **options: Any) -> None:  # noqa: ANN401  # Textual's own options
        super().__init__(app, **options)
        self._has_terminal = False
        self._answers: Answers | None = None
        self._undo = ""
        """Takes away the graphics that the terminal shows."""
        self._file = _Output(sys.__stdout__.fileno() if sys.__stdout__ else 1)  # type: ignore[assignment]

    def start_application_mode(self) -> None:
        """Take the terminal, then ask for its background; the answer comes among the keys."""
        self._follow_signals()
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual gives it no types
        # In the background Textual returns without having taken it: the next SIGCONT tries again.
        self._has_terminal = self._key_thread is not None and self._key_thread.is_alive()
        if self._has_terminal:
            self.write(_ASK_BACKGROUND)
            self.flush()

    def _follow_signals(self) -> None:
        """What asks us to end does so by the ordinary way, from before the terminal is taken."""
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            leave = partial(self._app.call_later, self._app.exit, return_code=128 + number)
            self._loop.add_signal_handler(number, leave)

    def ask_graphics(self) -> None:
        """Ask, once, which graphics the terminal has; `GraphicsFound` brings the answer, if one comes.

        A terminal that takes a question for text prints it in the first row.
        """
        if self._has_terminal and self._answers is None:
            self._answers = Answers(is_behind_tmux=is_in_tmux(os.environ))
            self.write(f"\x1b[H{questions(os.environ, may_pass=True)}")
            self.flush()

    def send_graphics(self, text: str, *, undo: str = "") -> None:
        """Send what is no part of a frame, unless the terminal is given back already.

        Args:
            undo: To be sent before the terminal is given back, in the place of what was to be sent so far.
        """
        if self._has_terminal:
            super().write(text)
            self.flush()
            self._undo = undo

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was."""
        if self._has_terminal and self._undo:
            super().write(self._undo)
            self._undo = ""
        self._has_terminal = False
        super().stop_application_mode()

    def _sigtstp_application(self, *_: object) -> None:
        """Ctrl+Z. The work is the event loop's: a handler may interrupt a write that holds a lock."""
        self._loop.call_soon_threadsafe(self._suspend)

    def _suspend(self) -> None:
        if self._auto_restart and self._has_terminal:
            self.suspend_application_mode()
        os.kill(os.getpid(), signal.SIGSTOP)

    def _sigcont_application(self, *_: object) -> None:
        """`fg`, or the end of a SIGSTOP, after which the shell may have changed the terminal's modes."""
        self._loop.call_soon_threadsafe(self._retake)

    def _retake(self) -> None:
        if not self._auto_restart:
            return
        if self._has_terminal:
            self.suspend_application_mode()
        self._must_signal_resume = True
        self.resume_application_mode()

    def run_input_thread(self) -> None:
        """Read, decode leniently, take answers out, hand the rest to Textual's parser."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        inbox = _Inbox(self._app, self.process_message)
        held = ""
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if len(inbox) > MOST_WAITING:
                    self.exit_event.wait(SOON_S)
                elif selector.select(SOON_S if len(inbox) else TICK_S):
                    try:
                        read = os.read(self.fileno, READ_BYTES)
                    except OSError:
                        read = b""
                    if not read:
                        self._hang_up()
                        return
                    text, held = self._without_answers(held + self._without_graphics(decode(read)))
                    for event in parser.feed(text) if text else ():
                        inbox.add(event)
                for event in parser.tick():
                    inbox.add(event)
                inbox.hand_over()
        try:
            for _ in parser.feed(""):
                pass
        except (EOFError, ParseError):
            pass

    def _without_graphics(self, text: str) -> str:
        """`text` without what the terminal answered about its graphics."""
        if self._answers is None or self._answers.is_done:
            return text
        known = self._answers.found
        text = self._answers.take(text)
        if self._answers.found is not None and self._answers.found != known:
            self.send_message(GraphicsFound(self._answers.found))
        return text

    def _without_answers(self, text: str) -> tuple[str, str]:
        """`text` without what the terminal answered, and the beginning of an answer to wait for."""
        if "\x1b" not in text:
            return text, ""
        answer = _BACKGROUND.search(text)
        if answer is not None:
            self.send_message(TerminalBackground(is_dark(*answer.groups())))
            text = _BACKGROUND.sub("", text)
        text = _OLD_MOUSE.sub("", _UNASKED.sub("", text))
        begun = _BACKGROUND_BEGUN.search(text)
        return (text, "") if begun is None else (text[: begun.start()], begun.group())

    def _hang_up(self) -> None:
        """The terminal is gone: leave, or a process without one would go round and round."""
        self._app.call_later(self._app.exit, return_code=1)


class PlainTerminalDriver(TerminalDriver):
    """The same for a terminal or font that has only ASCII: whatever draws, no other sign of ours is sent."""

    def write(self, data: str) -> None:
        """Send `data` with our signs as ASCII."""
        super().write(plain(data))


def is_dark(red: str, green: str, blue: str) -> bool:
    """Whether a colour of hexadecimal parts of any width is nearer to black than to white.

    Source: luma of ITU-R BT.601.
    """
    parts = [int(part, 16) / int("f" * len(part), 16) for part in (red, green, blue)]
    return 0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2] < 0.5


def why_not(stdin_is_terminal: bool, stdout_is_terminal: bool, term: str) -> str | None:
    """Why the screen cannot be shown here, in one line; None where it can."""
    if not stdout_is_terminal:
        return "standard output is not a terminal; `tailboard ls` prints the runs"
    if not stdin_is_terminal:
        return "standard input is not a terminal"
    if term == "dumb":
        return "TERM=dumb cannot show the screen; `tailboard ls` prints the runs"
    return None


def check_terminal() -> str | None:
    """Why the screen cannot be shown in this process's terminal; None where it can."""
    return why_not(_is_terminal(sys.__stdin__), _is_terminal(sys.__stdout__), os.environ.get("TERM", ""))


def _is_terminal(stream: TextIO | None) -> bool:
    """Whether a standard stream is a terminal; one that was closed before we began is None."""
    try:
        is_terminal = stream is not None and stream.isatty()
    except ValueError:
        return False
    return is_terminal
