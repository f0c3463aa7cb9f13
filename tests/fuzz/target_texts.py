"""Targets that are texts: what a program printed, what a user typed, what a terminal or a browser sent."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from aiohttp import WSMsgType
from checking import BETWEEN, write

from rows import run_row, stats
from tailboard_tui.actions import keymap
from tailboard_tui.commands import web
from tailboard_tui.files.mounts import mount_of
from tailboard_tui.formats import yamlfile
from tailboard_tui.formats.base import LogFile
from tailboard_tui.formats.patterns import user_patterns
from tailboard_tui.settings import load_settings
from tailboard_tui.store import bars, loglevels
from tailboard_tui.store.logfile import LogText
from tailboard_tui.store.loghits import Hits
from tailboard_tui.store.logmatch import level_hits, search_hits
from tailboard_tui.store.logmerge import MergedLog
from tailboard_tui.store.logsearch import Pattern
from tailboard_tui.store.logtime import LogTimes, parse_moment, stamp
from tailboard_tui.store.origins import diff_of_diffs, differing_arguments, parse_packages
from tailboard_tui.store.output_progress import progress_of_lines
from tailboard_tui.store.query import compile_query
from tailboard_tui.store.query_completion import completions
from tailboard_tui.terminal import TerminalDriver
from tailboard_tui.text.ansi import encode, show_controls
from tailboard_tui.text.graphics import Answers
from tailboard_tui.text.notification import notification
from tailboard_tui.text.plain import plain
from tailboard_tui.text.safe import clean, clean_lines
from tailboard_tui.text.terminal_line import Settling, last_lines
from tailboard_tui.view_state import view_from
from tailboard_tui.widgets.chart_view import ChartView

NOW = 1_700_000_000.0

OUR_SGR = re.compile(r"\x1b\[[0-9;]*m")
ACTING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

ROW = run_row(
    config={"lr": 0.1, "name": "x", "deep.key": None},
    metrics={"loss": stats([1.0, 0.5])},
    tags=("a",),
    step=2.0,
)


def yaml(data: bytes, directory: Path) -> None:
    """Configurations: plain values, or a ValueError."""
    try:
        value = yamlfile.load(data)
    except ValueError:
        return
    json.dumps(value, default=str)


def terminal(data: bytes, directory: Path) -> None:
    """Output with escape sequences: nothing of it acts, and growing shows what is there at last."""
    lines = last_lines(data, 50)
    shown = [encode(line) for line in lines]
    text = data.decode("utf-8", "surrogateescape")
    shown += [encode(show_controls(row, 1000)) for row in text.split("\n")]
    shown += [clean(text), *clean_lines(text), plain(clean(text))]
    settling = Settling()
    for at in range(0, len(data), 5):
        shown += [encode(line) for line in settling.feed(data[at : at + 5])]
    shown += [encode(line) for line in (*settling.rest(), settling.open_line)]
    for line in shown:
        assert not ACTING.search(OUR_SGR.sub("", line)), line
    sent = notification(text, {})
    assert not ACTING.search(sent.removeprefix("\x1b]9;").removesuffix("\x1b\\"))
    assert not re.match(r"\x1b\]9;\s*\d", sent), "an order of ConEmu's"


def query(data: bytes, directory: Path) -> None:
    """The query language: an answer, or a problem with its place in the text."""
    text = data.decode("utf-8", "replace")
    found = compile_query(text)
    assert found.matches(ROW, NOW) in (True, False)
    if found.problem is None:
        again = compile_query(str(found))
        assert again.problem is None, str(found)
        assert again.matches(ROW, NOW) == found.matches(ROW, NOW), str(found)
    else:
        assert found.matches(ROW, NOW)
        assert str(found.problem)
    assert 0 <= completions(text, [ROW], NOW).start <= len(text)


def index(data: bytes, directory: Path) -> None:
    """output.index.jsonl beside a log, and times as they stand in lines or are typed."""
    (directory / "output.log").write_bytes(b"first\nsecond\nthird\n")
    path = directory / "output.index.jsonl"
    path.write_bytes(data)
    text = LogText(str(directory / "output.log"))
    text.refresh()
    times = LogTimes(text, str(path))
    times.refresh()
    for row in (0, 1, 2, 3):
        assert times.time_of(row) is None or times.has_index
    for moment in (0.0, NOW, 1e18):
        times.row_at(moment)
    typed = data.decode("utf-8", "replace")
    for found in (stamp(typed, 2026), parse_moment(typed, NOW)):
        assert found is None or math.isfinite(found)
    text.close()


def log_lines(data: bytes, directory: Path) -> None:
    """Progress bars, levels and tracebacks in lines; packages, diffs and command lines of compared runs."""
    lines = data.decode("utf-8", "replace").splitlines()
    for line in lines:
        bar = bars.parse(line)
        for value in (bar.fraction, bar.current, bar.total, bar.rate, bar.eta_s) if bar else ():
            assert value is None or (math.isfinite(value) and value >= 0), bar
        assert bar is None or bar.fraction is None or bar.fraction <= 1
        if loglevels.level_of(line):
            assert any(word in b"\n" + line.encode().lower() for word in loglevels.WORDS), line
    assert len(loglevels.traceback_parts(lines)) == len(lines)
    progress = progress_of_lines(lines)
    assert progress.fraction is None or 0 <= progress.fraction <= 1
    assert progress.eta_s is None or math.isfinite(progress.eta_s)
    parse_packages(lines)
    differing_arguments(lines[:8])
    diff_of_diffs(lines[::2], lines[1::2])


def log_pane(data: bytes, directory: Path) -> None:
    """A log as the pane reads it, whole and as it grows, and what stands before `BETWEEN` searched in it."""
    typed, _, content = data.partition(BETWEEN)
    whole, grown = _opened(directory / "whole.log", content), _opened(directory / "grown.log", b"")
    for at in range(0, len(content), max(len(content) // 7, 1)):
        with (directory / "grown.log").open("ab") as file:
            file.write(content[at : at + max(len(content) // 7, 1)])
        grown.refresh()
    shown = [[row.line for row in log.rows(0, 5000)] for log in (whole, grown)]
    assert shown[0] == shown[1], "growing shows something else"
    errors, warnings = level_hits(whole)
    pattern = Pattern.parse(typed[:40].decode("utf-8", "replace").lstrip("~"))
    found = [errors, warnings] + ([search_hits(whole, pattern)] if pattern is not None else [])
    for hits in found:
        assert (
            all(0 <= row < len(shown[0]) for row in _all_rows(hits).tolist()[:5000]) or len(shown[0]) == 5000
        )
    whole.close()
    grown.close()


def _opened(path: Path, content: bytes) -> LogText:
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    log = LogText(str(path))
    log.refresh()
    while log.index is not None and log.index.step():
        pass
    return log


def _all_rows(hits: Hits) -> np.ndarray:
    while hits.step():
        pass
    rows = hits.rows()
    hits.close()
    return rows


def merged_logs(data: bytes, directory: Path) -> None:
    """Several logs by time: every line of each stands in the merged one."""
    contents = [*data.split(BETWEEN)[:4], b"2026-01-01 00:00:00 a\n", b"b\n"]
    files = []
    for number, content in enumerate(contents):
        (directory / f"rank{number}.log").write_bytes(content)
        files.append(LogFile(str(directory / f"rank{number}.log"), f"rank{number}"))
    merged = MergedLog(tuple(files))
    try:
        for _ in range(200):
            if not merged.step():
                break
        lines = Path(merged.file.path).read_bytes().count(b"\n")
    finally:
        merged.close()
    assert lines or not any(content.strip() for content in contents)


def settings(data: bytes, directory: Path) -> None:
    """config.toml, and how charts and lists were left: defaults where they are wrong, and said."""
    write(directory / "config.toml", data)
    found = load_settings(directory / "config.toml")
    keymap(found.keys)
    user_patterns(found.patterns)
    assert all(isinstance(problem, str) for problem in found.problems)
    try:
        kept = json.loads(data)
    except (ValueError, RecursionError):
        return
    view = view_from(kept)
    ChartView.from_json(view.charts)


def answers(data: bytes, directory: Path) -> None:
    """What a terminal answers, in any pieces that do not end in ESC, which may be the key."""
    text = data.decode("utf-8", "replace")
    whole, pieces = Answers(), Answers()
    left = whole.take(text)
    parts = [pieces.take(part) for part in re.findall(r"\x1b*[^\x1b]|\x1b+\Z", text)]
    assert (whole.found is None) == (pieces.found is None)
    if whole.found is None:
        assert left == "".join(parts)
    told: list[object] = []
    TerminalDriver._without_answers(SimpleNamespace(send_message=told.append), text)  # type: ignore[arg-type]
    assert mount_of("/", text.splitlines()) is None or data


def browser(data: bytes, directory: Path) -> None:
    """Messages of a browser: keys and sizes are handed on, all else is ignored."""
    handed: list[tuple[str, object]] = []

    class Service:
        """Takes what an explorer would."""

        async def send_bytes(self, keys: bytes) -> None:
            handed.append(("keys", keys))

        async def set_terminal_size(self, width: int, height: int) -> None:
            assert 0 < width <= web.MAX_COLUMNS
            assert 0 < height <= web.MAX_ROWS

        async def blur(self) -> None:
            handed.append(("blur", None))

        async def focus(self) -> None:
            handed.append(("focus", None))

    class Socket:
        """Gives the messages, and takes answers as aiohttp encodes them."""

        async def __aiter__(self) -> AsyncIterator[SimpleNamespace]:
            for message in data.split(BETWEEN):
                yield SimpleNamespace(type=WSMsgType.TEXT, data=message.decode("utf-8", "surrogateescape"))

        async def send_json(self, answer: object) -> None:
            json.dumps(answer).encode()

    serving = web.GuardedServer._process_messages(None, Socket(), Service())  # type: ignore[arg-type]
    asyncio.run(serving)
    assert all(what != "keys" or isinstance(value, bytes) for what, value in handed)
    web._name_of(data.decode("latin-1"))


def examples(*texts: str | bytes) -> Callable[[], list[bytes]]:
    """Seeds that are told here."""
    return lambda: [text if isinstance(text, bytes) else text.encode() for text in texts]


LOG_LINES = (
    "train:  45%|####5     | 45/100 [00:10<00:12,  4.50it/s, loss=0.5]\nEpoch 3/10\n",
    "45/100 ━━━━━━━━━━━━━━━━━━━━ 12s 60ms/step - loss: 0.5\n10/10 [====>.....] - ETA: 0s - loss: 1\n",
    "━━━━━━━━╺━━━━━━━ 45% 0:00:12\nWorking ━━━━━━━━━━━━ 10/100\n4.5kit [1 days, 00:10, 12.3kit/s]\n",
    'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: x\nW0101 12:00:00 x\n',
    "numpy==1.26.0\ntorch==2.1\n-e git+x\n--lr 0.1 --epochs 3\n@@ -1 +1 @@\n-a\n+b\n",
)
LOGS = (
    b"loss|/|step 1 loss 0.5\n\x1b[31mERROR\x1b[0m: x\n 10%|#  |\r 20%|## |\r100%|###|\n",
    b"o|/|2026-01-01 00:00:00 a\nx\n|/|2026-01-01 00:00:01 b\n\x1b[1A\x1b[2Kdone\n",
)
SETTINGS = (
    'theme = "nord"\nmemory_mib = 64\nsmoothing = 0.5\nnotify = false\n[keys]\nquit = "Q"\n'
    '[[patterns]]\nname = "a"\nmatch = "step (?P<step>\\\\d+) (?P<rest>.*)"\nform = "pairs"\n',
    '{"columns": ["a"], "sort": [["loss", true]], "widths": {"a": 9}, "goals": {"loss": "min"}, '
    '"charts": {"strength": 0.5, "pinned": ["loss"], "columns": 3}, "views": {"v": {"query": "lr > 1"}}}',
)
ANSWERS = (
    "\x1b_Gi=31;OK\x1b\\\x1bP>|kitty(0.31)\x1b\\\x1b[6;20;10t\x1b[?62;4c",
    "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\a\x1b[M !!\x1b[?1;2c",
    "36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw\n",
)
MESSAGES = (
    '["stdin", "j"]|/|["resize", {"width": 80, "height": 24}]|/|["ping", 1]|/|["blur"]|/|["focus"]',
    '["open", "/etc/passwd"]|/|{"a": 1}|/|[]|/|["resize", {"width": 1e9, "height": true}]',
)
