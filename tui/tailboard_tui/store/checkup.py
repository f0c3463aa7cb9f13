"""What `tailboard doctor` looks at: the machine, the terminal, and one tree of runs. Writes nothing."""

from __future__ import annotations

import locale
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from tailboard_tui.settings import cache_dir, config_dir, load_settings, state_dir
from tailboard_tui.text import units
from tailboard_tui.text.graphics import PROTOCOLS, Graphics

State = Literal["ok", "note", "bad"]

PACKAGES = ("textual", "rich", "numpy", "msgspec", "watchdog", "platformdirs", "pandas", "plotext")
EXTRAS = {
    "pillow": "JPEG, GIF, WebP and rare PNG in the Media tab",
    "textual-serve": "`tailboard serve`",
    "nvidia-ml-py": "GPU samples",
}
EXTRA_NAMES = {"pillow": "images", "textual-serve": "serve", "nvidia-ml-py": "gpu"}

FEW_WATCHES = 8192
FEW_INSTANCES = 64
"""Below these inotify limits an editor and a few programs use everything up."""

LITTLE_SPACE_BYTES = 1024**3
LITTLE_CACHE_BYTES = 16 * 1024**2
"""The points of one large run take more."""

SKEW_S = 60.0
"""A file newer than our clock by more than this comes from a machine with another idea of the time."""

SHOWN_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    topic: str
    state: State
    text: str
    """What was found."""
    advice: str = ""
    """What to do about it."""


def machine(
    environment: Mapping[str, str], *, is_terminal: bool, graphics: Graphics | None = None
) -> Iterator[Check]:
    """What is installed, and what the terminal and the directories of the user can do.

    Args:
        is_terminal: Whether stdout is one.
        graphics: What the terminal answered about its graphics, if it did.
    """
    yield from _versions()
    yield from _plug_ins()
    yield from _terminal(environment, is_terminal)
    yield _graphics(graphics)
    yield from _settings()
    yield from _directories()
    yield from _events()


def _versions() -> Iterator[Check]:
    from importlib import metadata

    def version(name: str) -> str | None:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return None

    own = version("tailboard") or "(not installed, run from its sources)"
    yield Check("tailboard", "ok", f"{own} on Python {sys.version.split()[0]}, {sys.platform}")
    found = {name: version(name) for name in PACKAGES}
    missing = [name for name, installed in found.items() if installed is None]
    text = ", ".join(f"{name} {installed}" for name, installed in found.items() if installed)
    if missing:
        yield Check("packages", "bad", f"missing: {', '.join(missing)}", "pip install tailboard")
    yield Check("packages", "ok", text)
    for name, purpose in EXTRAS.items():
        installed = version(name)
        if installed is None:
            yield Check(
                "extras", "note", f"no {name}: {purpose}", f"pip install 'tailboard[{EXTRA_NAMES[name]}]'"
            )
        else:
            yield Check("extras", "ok", f"{name} {installed}: {purpose}")


def _plug_ins() -> Iterator[Check]:
    """Formats that other packages add, where there are some."""
    from tailboard_tui.formats import detect

    own = {known.name for known in detect.FORMATS}
    added = [known.name for known in detect.formats() if known.name not in own]
    if added:
        yield Check("formats", "ok", f"from other packages: {', '.join(added)}")
    for problem in dict.fromkeys(detect.PLUG_IN_PROBLEMS):
        yield Check("formats", "bad", f"a plug-in cannot be loaded: {problem}", "update it or uninstall it")


def _terminal(environment: Mapping[str, str], is_terminal: bool) -> Iterator[Check]:
    term = environment.get("TERM", "")
    if not is_terminal:
        yield Check("terminal", "note", "stdout is no terminal: the screen needs one, the commands do not")
    else:
        columns, lines = shutil.get_terminal_size()
        roomy = columns >= 80 and lines >= 24
        advice = "" if roomy else "made for 80x24 and more; smaller ones work with one pane at a time"
        yield Check(
            "terminal", "ok" if roomy else "note", f"{term or 'TERM is not set'}, {columns}x{lines}", advice
        )
    if term in ("", "dumb"):
        yield Check("terminal", "bad", f"TERM is {term or 'not set'}", "set TERM, e.g. TERM=xterm-256color")
    yield _colors(environment, term)
    encoding = locale.getpreferredencoding(False)
    if encoding.lower().replace("-", "") == "utf8":
        yield Check("Unicode", "ok", encoding)
    else:
        yield Check(
            "Unicode",
            "bad",
            encoding,
            "export LANG=C.UTF-8; or `ascii = true` in config.toml draws without braille",
        )
    if environment.get("SSH_CONNECTION"):
        yield Check("connection", "ok", "over SSH: only what changed is sent")


def _colors(environment: Mapping[str, str], term: str) -> Check:
    if environment.get("NO_COLOR"):
        return Check("colours", "note", "NO_COLOR is set: none", "unset NO_COLOR to have them")
    if environment.get("COLORTERM") in ("truecolor", "24bit"):
        return Check("colours", "ok", "16 million (COLORTERM)")
    count = "256" if "256color" in term or "kitty" in term else "16"
    inside = "tmux" if environment.get("TMUX") else "screen" if environment.get("STY") else ""
    advice = "if your terminal has more: export COLORTERM=truecolor"
    if inside == "tmux":
        advice = "in tmux.conf: set -as terminal-features ',*:RGB'; then export COLORTERM=truecolor"
    return Check("colours", "note", f"{count}{f' inside {inside}' if inside else ''}", advice)


def _graphics(found: Graphics | None) -> Check:
    wanted = load_settings().images
    if wanted in PROTOCOLS:
        return Check("graphics", "ok", f"{wanted}, as config.toml says")
    if found is None:
        return Check("graphics", "note", "the terminal did not answer: images are drawn with half blocks")
    name = f" ({found.terminal})" if found.terminal else ""
    if found.protocol == "blocks":
        return Check("graphics", "note", f"none in this terminal{name}: images are drawn with half blocks")
    width, height = found.cell
    return Check("graphics", "ok", f"{found.protocol}{name}, cells of {width}x{height} pixels")


def _settings() -> Iterator[Check]:
    path = config_dir() / "config.toml"
    problems = load_settings(path).problems
    if not problems:
        yield Check(
            "settings", "ok", str(path) if path.exists() else f"the defaults; {path} would change them"
        )
    for problem in problems:
        yield Check(
            "settings", "bad", problem, "correct the line, or take it out: the default is used instead"
        )


def _directories() -> Iterator[Check]:
    losses = {"cache": "the next open is slower", "state": "views and notes are not remembered"}
    for (name, loss), path in zip(losses.items(), (cache_dir(), state_dir()), strict=True):
        nearest = next(parent for parent in (path, *path.parents) if parent.exists())
        if not os.access(nearest, os.W_OK):
            advice = f"{loss}; see XDG_{name.upper()}_HOME"
            yield Check(name, "bad", f"{path} cannot be written", advice)
        elif (free := _free_bytes(str(nearest))) is not None and free < LITTLE_CACHE_BYTES:
            advice = f"{loss}; make room there, or see XDG_{name.upper()}_HOME"
            yield Check(name, "bad", f"{path}: its disk has {units.size(free)} left", advice)
        elif name == "cache":
            yield Check(name, "ok", f"{path}, {units.size(_size_of(str(path)))}; may be deleted at any time")


def _free_bytes(path: str) -> int | None:
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None


def _size_of(path: str) -> int:
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(f"{folder}/{name}").st_size
            except OSError:
                continue  # Gone meanwhile.
    return total


def _events() -> Iterator[Check]:
    from tailboard_tui.store.watch import failure, limits

    found = limits()
    if not found:
        yield Check("events", "note", "no inotify here: files are polled")
        return
    text = ", ".join(f"{name} {value}" for name, value in found.items())
    low = found.get("max_user_watches", FEW_WATCHES) < FEW_WATCHES
    low |= found.get("max_user_instances", FEW_INSTANCES) < FEW_INSTANCES
    advice = "when they run out, files are polled; sysctl fs.inotify.max_user_watches=524288" if low else ""
    yield Check("events", "note" if low else "ok", text, advice)
    reason = failure(os.sep)  # any directory serves; asking for the temporary one writes there
    if reason:
        yield Check("events", "bad", reason, "raise fs.inotify.max_user_watches or max_user_instances")
    if os.environ.get("TAILBOARD_WATCH") == "poll":
        yield Check("events", "note", "TAILBOARD_WATCH=poll: files are polled", "unset it to use events")


def tree(root: str, now: float) -> Iterator[Check]:
    """What stands below `root`: its file system, the runs, what cannot be read.

    Args:
        now: Unix seconds.
    """
    from tailboard_tui.formats.detect import find
    from tailboard_tui.store.lookup import load_rows
    from tailboard_tui.store.watch import describe

    yield Check("file system", "ok", describe(root))
    try:
        free = shutil.disk_usage(root).free
        advice = (
            "make room: what a run cannot write waits in a bounded queue, and is lost when the run ends"
            if free < LITTLE_SPACE_BYTES
            else ""
        )
        yield Check("disk", "bad" if advice else "ok", f"{units.size(free)} free", advice)
    except OSError as error:
        yield Check("disk", "note", f"cannot be asked: {error.strerror}")
    unlisted: list[str] = []
    for _ in find(root, on_error=lambda path, error: unlisted.append(f"{path}: {error.strerror}")):
        pass
    for text in unlisted[:SHOWN_PROBLEMS]:
        yield Check("folders", "bad", text, "check its permissions")
    rows = load_rows([root], full=True)
    if not rows:
        yield Check("runs", "note", "none below this folder", "docs/formats.md says what is read")
        return
    kinds = Counter(row.facts.source for row in rows)
    states = Counter(str(row.status) for row in rows)
    size = sum(row.facts.size_bytes for row in rows)
    told = ", ".join(f"{count} {name}" for name, count in (*kinds.most_common(), *states.most_common()))
    yield Check("runs", "ok", f"{len(rows)}: {told}; {units.size(size)} of points")
    newest = max((row.facts.modified for row in rows if row.facts.modified is not None), default=now)
    if newest > now + SKEW_S:
        yield Check(
            "clock",
            "bad",
            f"files are {units.duration(newest - now)} ahead of this machine",
            "synchronise the clocks: ages and stalls are told by them",
        )
    problems = [(row, problem) for row in rows for problem in row.problems]
    for row, problem in problems[:SHOWN_PROBLEMS]:
        place = problem.file + (f":{problem.line}" if problem.line is not None else "")
        yield Check("problems", "bad", f"{row.facts.path}/{place}: {problem.message}")
    if len(problems) > SHOWN_PROBLEMS:
        yield Check(
            "problems", "bad", f"and {len(problems) - SHOWN_PROBLEMS} more", "`tailboard show RUN` lists them"
        )
    elif not problems:
        yield Check("problems", "ok", "everything could be read")
