"""`tailboard run -- COMMAND` in a terminal: the command has one too, of the same size, with the same keys."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
from pathlib import Path

from helpers import until
from recording import command, output, python


class Terminal:
    """The command in a pty of 100 x 30 cells."""

    def __init__(self, arguments: list[str]) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(arguments[0], arguments)
        self.resize(30, 100)
        self.seen = b""

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_until(self, text: bytes) -> None:
        while text not in self.seen:
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                piece = b""
            assert piece, self.seen
            self.seen += piece

    def exit_code(self) -> int:
        code = os.waitstatus_to_exitcode(until(lambda: self._waited()))
        os.close(self.fd)
        return code

    def _waited(self) -> int | None:
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return status or 1 << 20 if pid else None


def in_terminal(arguments: list[str]) -> tuple[bytes, int]:
    """What the terminal got, and the exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(arguments[0], arguments)
    seen = b""
    while True:
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(fd)
    return seen, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_in_a_terminal_the_command_has_a_terminal_and_the_log_its_exact_bytes(tmp_path: Path) -> None:
    source = "print([os.isatty(fd) for fd in range(3)]); print('\\x1b[31mred\\x1b[0m\\rover')"
    seen, code = in_terminal(command(tmp_path, *python(source)))
    assert code == 0
    assert seen == b"[True, True, True]\r\n\x1b[31mred\x1b[0m\rover\r\n"
    assert output(tmp_path) == seen.replace(b"\r\n", b"\n")


def test_the_commands_terminal_has_our_size_and_follows_it(tmp_path: Path) -> None:
    source = (
        "def show(*_):\n    print(*os.get_terminal_size(1), flush=True)\n"
        "signal.signal(signal.SIGWINCH, show)\nshow()\n"
        "print('ready', flush=True)\nfor _ in range(400):\n    time.sleep(0.05)"
    )
    terminal = Terminal(command(tmp_path, *python(source)))
    terminal.read_until(b"ready")
    terminal.resize(40, 120)
    terminal.read_until(b"120 40")
    os.write(terminal.fd, b"\x03")
    terminal.read_until(b"KeyboardInterrupt")
    assert terminal.exit_code() == 130


def test_ctrl_c_reaches_the_command_once(tmp_path: Path) -> None:
    source = (
        "count = 0\ndef stop(*_):\n    global count\n    count += 1\n"
        "signal.signal(signal.SIGINT, stop)\nprint('ready', flush=True)\n"
        "end = time.monotonic() + 20\n"
        "while not count and time.monotonic() < end:\n    time.sleep(0.01)\n"
        "time.sleep(0.3)\nprint('count', count, flush=True)"
    )
    terminal = Terminal(command(tmp_path, *python(source)))
    terminal.read_until(b"ready")
    os.write(terminal.fd, b"\x03")
    terminal.read_until(b"count 1")


def test_what_is_typed_reaches_the_command(tmp_path: Path) -> None:
    terminal = Terminal(command(tmp_path, *python("print('name?', flush=True); print('hello', input())")))
    terminal.read_until(b"name?")
    os.write(terminal.fd, b"ada\n")
    terminal.read_until(b"hello ada")


def test_ctrl_c_before_the_command_has_started_ends_it_too(tmp_path: Path) -> None:
    terminal = Terminal(command(tmp_path, "sleep", "60"))
    until(lambda: (tmp_path / "r").exists(), every_s=0.0002)
    os.write(terminal.fd, b"\x03")
    assert terminal.exit_code() == 130
