"""No byte of the fault corpus acts on a real terminal, wherever one walks in the explorer."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from faults.corpus import FAULTS, build
from terminal import TAILBOARD, Terminal

ESCAPE = "\x1b"
CLEAR_LINE = "\x15"
PAGE_DOWN = "\x04"
LONE_ESCAPE_S = 0.12
"""Until then it may be the beginning of another key."""

OUR_COMMANDS = re.compile(
    rb"\x1b\]11;\?\x1b\\|\x1b\]22;default\x07|\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
)
"""Commands that we send: asking for the background colour and kitty's graphics, the pointer's usual shape."""

COMMAND = re.compile(rb"\x1b[\]PX^_]")
"""What begins OSC, DCS, SOS, PM and APC.

Source: ECMA-48, 5.6; XTerm control sequences, https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
"""

SEQUENCE = re.compile(rb"\x1b\[([0-?]*)([ -/]*)([@-~])")
OUR_SEQUENCES = frozenset("mHABCDKJhlpuncqt")
"""Final bytes of the control sequences that Textual sends: style, cursor, erasing, modes, questions."""

OUR_MODES = frozenset(
    {"7", "25", "1000", "1002", "1003", "1004", "1006", "1015", "1016", "1049", "2004", "2026", "2048"}
)
CONTROLS = re.compile(
    "[\x00-\x06\x0b-\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\ud800-\udfff]"
)
"""What must not come at all: C0 but for BEL, BS, TAB, LF, CR, ESC; DEL; C1; bidirectional overrides."""


MEMORY_LIMIT_MIB = 400


def misdeeds(raw: bytes) -> list[str]:
    """What of a terminal's input is neither text nor one of our own sequences."""
    found = []
    without_ours = OUR_COMMANDS.sub(b"", raw)
    for begin in COMMAND.finditer(without_ours):
        found.append(f"command {without_ours[begin.start() : begin.start() + 40]!r}")
    for sequence in SEQUENCE.finditer(without_ours):
        parameters, between, final = (part.decode() for part in sequence.groups())
        modes = parameters.removeprefix("?").split(";")
        if final not in OUR_SEQUENCES:
            found.append(f"sequence {sequence.group()!r}")
        elif final in "hl" and not between and not set(modes) <= OUR_MODES:
            found.append(f"mode {sequence.group()!r}")
    for rest in re.findall(rb"\x1b(?![\[\]PX^_]|\()", SEQUENCE.sub(b"", without_ours)):
        found.append(f"escape {rest!r}")
    for control in CONTROLS.finditer(raw.decode("utf-8", "replace")):
        found.append(f"control {control.group()!r}")
    return found


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("faults") / "root"
    root.mkdir()
    build(root)
    return root


class Walk:
    """A user who goes through runs and tabs as fast as the screen follows."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def press(self, *keys: str, quiet_s: float = 0.02) -> None:
        """Press keys, and wait for what they change on the screen."""
        for key in keys:
            self.terminal.send(key)
            self.terminal.settle(quiet_s, 2)

    def filter(self, query: str) -> None:
        """List only the runs that match."""
        self.press("/")
        self.terminal.wait_for("filter the runs|runs match")
        self.press(CLEAR_LINE, query, quiet_s=0.1)
        self.terminal.wait_for(re.escape(query[-40:]))  # a narrow line shows its end
        self.press("\r", "g", quiet_s=0.2)


PARTS = {
    "2": "output",
    "3": "config",
    "4": "system",
    "5": "media",
    "6": "~run-|escape|hostile|diff|dir-|events|artifacts|annotations|key",
}
"""What is in the tabs that not every fault changes: a query for the runs, by the tab's key."""


HOSTILE_RUNS = "~escape|hostile|dir-"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str | None]:
    return {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CACHE", "STATE", "CONFIG")}


def matching(corpus: Path, query: str) -> list[str]:
    return [name for name in os.listdir(corpus) if re.search(query.removeprefix("~"), name)]


def peak_mib(pid: int) -> float:
    """The most memory that a process has had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def quits(terminal: Terminal) -> None:
    assert terminal.is_alive
    assert peak_mib(terminal.pid) < MEMORY_LIMIT_MIB
    terminal.send("q")
    assert terminal.wait_end() == 0
    assert terminal.is_restored
    assert misdeeds(bytes(terminal.raw)) == []


def test_beside_the_list_no_byte_of_the_corpus_acts(corpus: Path, env: dict[str, str | None]) -> None:
    with Terminal(*TAILBOARD, str(corpus), columns=160, rows=45, env=env) as terminal:
        terminal.wait_for("fault-")
        terminal.settle(0.5, 10)
        walk = Walk(terminal)
        walk.press(*("j" for _ in corpus.iterdir()))
        for tab, query in PARTS.items():
            walk.press(tab, ESCAPE, quiet_s=LONE_ESCAPE_S)
            walk.filter(query)
            walk.press(*("j" for _ in matching(corpus, query)))
        quits(terminal)


def test_one_pane_at_a_time_no_byte_of_the_corpus_acts(corpus: Path, env: dict[str, str | None]) -> None:
    with Terminal(*TAILBOARD, str(corpus), columns=80, rows=24, env=env) as terminal:
        terminal.wait_for("fault-")
        terminal.settle(0.5, 10)
        walk = Walk(terminal)
        walk.press(*(PAGE_DOWN for _ in range(0, len(FAULTS), 10)))
        walk.filter(HOSTILE_RUNS)
        for _ in matching(corpus, HOSTILE_RUNS):
            walk.press(*"123456")
            walk.press(ESCAPE, quiet_s=LONE_ESCAPE_S)
            walk.press("j")
        quits(terminal)


@pytest.mark.parametrize(
    "data",
    [
        *(
            b"\x1b]52;c;eA==\x07",
            b"\x1b]0;pwned\x07",
            b"\x1b]8;;http://x\x1b\\",
            b"\x1bP+q\x1b\\",
            b"\x1b_x\x1b\\",
        ),
        *(
            b"\x1b^x\x1b\\",
            b"\x1bXx\x1b\\",
            b"\x1bc",
            b"\x1b[5i",
            b"\x1b[?5h",
            b"\x1b[20h",
            b"a\x0eb",
            b"a\x00b",
        ),
        *("\x9b31m".encode(), "\x9d52;c;x".encode(), "\u202e".encode(), "\u2066".encode(), b"\x7f"),
    ],
)
def test_it_would_be_found(data: bytes) -> None:
    assert misdeeds(b"\x1b[?1049h\x1b[1;31mtext\x1b[0m" + data + b"\x1b]11;?\x1b\\more")
