"""What terminals, shells and users do to the explorer: each case survived, the terminal given back."""

from __future__ import annotations

import os
import random
import select
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from faults.corpus import good_run
from helpers import until
from terminal import ROOT, TAILBOARD, Terminal


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root"
    path.mkdir()
    for number in range(3):
        good_run(path / f"good-{number}")
    return path


@pytest.fixture
def private(tmp_path: Path) -> dict[str, str | None]:
    return {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("CACHE", "STATE", "CONFIG")}


def quits_cleanly(terminal: Terminal) -> None:
    """The explorer answers a key, quits on `q` with status 0, and gives the terminal back."""
    terminal.wait_for("q quit")
    terminal.settle(0.2, 5)
    terminal.send("q")
    assert terminal.wait_end() == 0
    assert terminal.is_restored


Action = Callable[[Terminal], object]


def _resize_storm(terminal: Terminal) -> None:
    sizes = random.Random(1)
    for _ in range(60):
        terminal.resize(sizes.randint(1, 200), sizes.randint(1, 60))
        terminal.read(0.01)
    terminal.resize(120, 40)


def _resizes(*sizes: tuple[int, int]) -> Action:
    def act(terminal: Terminal) -> None:
        for size in sizes:
            terminal.resize(*size)
            terminal.settle(0.2, 3)
        terminal.resize(120, 40)

    return act


def _types(data: bytes) -> Action:
    return lambda terminal: terminal.send(data)


def _stops_reading(terminal: Terminal) -> None:
    terminal.send(b"jk" * 50)
    time.sleep(1.5)


ALIVE: dict[str, Action] = {
    "nothing": lambda terminal: None,
    "invalid UTF-8 typed": _types(b"\xff\xfe\x80\xc3"),
    "X10 mouse bytes, as on tmux re-attach": _types(b"\x1b[M \xa0\xb0\x1b[M#\xff\xff"),
    "SGR mouse out of range": _types(b"\x1b[<0;9999;9999M\x1b[<0;0;0m\x1b[<65;1;1M"),
    "NUL bytes typed": _types(b"\x00\x00\x00"),
    "unfinished escape sequence": _types(b"\x1b[1;"),
    "escape storm": _types(b"\x1b" * 40),
    "answers nobody asked for": _types(b"\x1b[?62;c\x1b]11;rgb:ffff/ffff/ffff\x07\x1bP1+r\x1b\\\x1b[24;80R"),
    "a pasted megabyte line": _types(b"\x1b[200~" + b"paste " * 2000 + b"\x1b[201~"),
    "a paste with escapes in it": _types(b"\x1b[200~a\x1b[31mb\x07c\x1b[201~"),
    "random bytes that are no letters": _types(
        bytes(set(range(1, 32)) - {0x03, 0x11, 0x1A}) + bytes(range(128, 256))
    ),
    "key flood": _types(b"jkjkjk" * 200),
    "function keys": _types(b"\x1bOP\x1b[15~\x1b[24~\x1b[1;5A\x1b[1;2D"),
    "all tabs": _types(b"1\t2\t3\t4\t5\t6\t1"),
    "focus in and out": _types(b"\x1b[O\x1b[I\x1b[O\x1b[I"),
    "resize storm": _resize_storm,
    "1x1": _resizes((1, 1)),
    "20x5": _resizes((20, 5)),
    "500x200": _resizes((500, 200)),
    "narrow and tall, wide and flat": _resizes((12, 60), (240, 6), (2, 2)),
    "a terminal that stops reading": _stops_reading,
    "SIGCONT": lambda terminal: os.kill(terminal.pid, signal.SIGCONT),
    "SIGWINCH without a change": lambda terminal: os.kill(terminal.pid, signal.SIGWINCH),
    "stopped and continued": lambda terminal: (
        os.kill(terminal.pid, signal.SIGSTOP),
        time.sleep(0.3),
        os.kill(terminal.pid, signal.SIGCONT),
    ),
}


@pytest.mark.parametrize("name", ALIVE)
def test_it_goes_on_after(name: str, root: Path, private: dict[str, str | None]) -> None:
    with Terminal(*TAILBOARD, str(root), env=private) as terminal:
        terminal.wait_for("good-2")
        ALIVE[name](terminal)
        terminal.settle(0.3, 10)
        until(lambda: _is_back(terminal))
        quits_cleanly(terminal)


def _is_back(terminal: Terminal) -> bool:
    """Whether escape has led to the list. What was typed may open a dialog late, on a busy machine."""
    terminal.send(b"\x1b")
    terminal.settle(0.3, 5)
    return "good-2" in terminal.text and "q quit" in terminal.text


ENVIRONMENTS: dict[str, dict[str, str | None]] = {
    "TERM=vt100": {"TERM": "vt100"},
    "TERM unset": {"TERM": None},
    "TERM unknown": {"TERM": "no-such-terminal"},
    "TERM=linux": {"TERM": "linux", "COLORTERM": None},
    "tmux without true colour": {"TERM": "tmux-256color", "COLORTERM": None},
    "NO_COLOR": {"NO_COLOR": "1"},
    "C locale": {"LC_ALL": "C", "LANG": "C"},
    "no locale": {"LC_ALL": None, "LANG": None, "LC_CTYPE": None},
    "Latin-1 locale": {"LC_ALL": "en_US.ISO-8859-1"},
    "no HOME": {"HOME": None},
    "HOME missing": {"HOME": "/no/such/home"},
    "XDG directories are files": {
        "XDG_CACHE_HOME": "/dev/null",
        "XDG_STATE_HOME": "/dev/null",
        "XDG_CONFIG_HOME": "/dev/null",
    },
    "polling forced": {"TAILBOARD_WATCH": "poll"},
    "nonsense in our variables": {"TAILBOARD_WATCH": "\x1b[2J", "TAILBOARD_DIR": "\x1b]52;c;eA==\x07"},
}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_it_works_with(name: str, root: Path, private: dict[str, str | None]) -> None:
    with Terminal(*TAILBOARD, str(root), env={**private, **ENVIRONMENTS[name]}) as terminal:
        terminal.wait_for("good-2")
        quits_cleanly(terminal)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"])
def test_the_terminal_is_given_back_on(name: str, root: Path, private: dict[str, str | None]) -> None:
    with Terminal(*TAILBOARD, str(root), env=private) as terminal:
        terminal.wait_for("good-2")
        os.kill(terminal.pid, getattr(signal, name))
        terminal.wait_end()
        assert terminal.is_restored


def test_the_terminal_is_given_back_when_a_signal_comes_as_soon_as_it_is_taken(
    root: Path, private: dict[str, str | None]
) -> None:
    with Terminal(*TAILBOARD, str(root), env=private) as terminal:
        until(lambda: terminal.read(0.01) and b"\x1b[?1049h" in terminal.raw)
        os.kill(terminal.pid, signal.SIGTERM)
        terminal.wait_end()
        assert terminal.is_restored


@pytest.mark.parametrize("data", [b"j", b"\x1b[<35;40;20M"], ids=["keys", "mouse"])
def test_a_signal_is_heard_while_input_floods_in(
    data: bytes, root: Path, private: dict[str, str | None]
) -> None:
    with Terminal(*TAILBOARD, str(root), env=private) as terminal:
        terminal.wait_for("good-2")
        with _flooded(terminal, data * 100):
            terminal.settle(0.5, 1.0)
            os.kill(terminal.pid, signal.SIGTERM)
            assert terminal.wait_end() == 128 + signal.SIGTERM
        assert terminal.is_restored


@contextmanager
def _flooded(terminal: Terminal, data: bytes) -> Iterator[None]:
    """Type `data` again and again, as fast as the terminal takes it."""
    stop = threading.Event()

    def flood() -> None:
        while not stop.is_set():
            if select.select([], [terminal.fd], [], 0.05)[1]:
                terminal.send(data)

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_it_ends_when_the_terminal_goes_away(root: Path, private: dict[str, str | None]) -> None:
    terminal = Terminal(*TAILBOARD, str(root), env=private)
    terminal.wait_for("good-2")
    os.close(terminal.fd)
    terminal.fd = -1
    until(lambda: not terminal.is_alive)
    terminal.close()


def test_it_works_with_64_descriptors(root: Path, private: dict[str, str | None]) -> None:
    for number in range(80):
        good_run(root / f"more-{number:02}")
    command = "ulimit -n 64; exec " + " ".join(TAILBOARD) + f" '{root}'"
    with Terminal("bash", "-c", command, env=private) as terminal:
        terminal.wait_for("more-")
        terminal.send("j" * 60)
        terminal.settle()
        quits_cleanly(terminal)


def test_it_works_in_a_deleted_working_directory(
    root: Path, tmp_path: Path, private: dict[str, str | None]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    with Terminal(
        "bash", "-c", f"rmdir '{gone}'; exec {' '.join(TAILBOARD)} '{root}'", env=private, cwd=gone
    ) as terminal:
        terminal.wait_for("good-2")
        quits_cleanly(terminal)


@pytest.mark.parametrize("kind", ["deleted", "a file", "emptied"])
def test_it_stays_when_the_root_is(kind: str, root: Path, private: dict[str, str | None]) -> None:
    with Terminal(*TAILBOARD, str(root), env=private) as terminal:
        terminal.wait_for("good-2")
        shutil.rmtree(root)
        if kind == "a file":
            root.write_text("not a directory any more")
        elif kind == "emptied":
            root.mkdir()
        terminal.read(2.0)
        assert terminal.is_alive
        if root.is_file():
            root.unlink()
        root.mkdir(exist_ok=True)
        good_run(root / "reborn")
        terminal.wait_for("reborn")
        quits_cleanly(terminal)


REFUSALS = {
    "stdout is a pipe": f"{' '.join(TAILBOARD)} {{root}} | cat; exit ${{{{PIPESTATUS[0]}}}}",
    "stdin is empty": f"{' '.join(TAILBOARD)} {{root}} </dev/null",
    "TERM=dumb": f"TERM=dumb {' '.join(TAILBOARD)} {{root}}",
    "the root is missing": f"{' '.join(TAILBOARD)} /no/such/place",
}


@pytest.mark.parametrize("name", REFUSALS)
def test_it_refuses_in_one_clear_line_when(name: str, root: Path, private: dict[str, str | None]) -> None:
    with Terminal("bash", "-c", REFUSALS[name].format(root=f"'{root}'"), env=private) as terminal:
        assert terminal.wait_end() in (1, 2)
        lines = [line for line in terminal.text.splitlines() if line.strip()]
        assert 1 <= len(lines) <= 2
        assert "tailboard:" in lines[0]
        assert terminal.is_restored


def test_without_any_terminal_it_says_so_and_fails(root: Path) -> None:
    done = subprocess.run(
        [*TAILBOARD, str(root)],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
