"""Run data enters through `files.opening` only: whatever else opens, starts or connects is named here."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "tui" / "tailboard_tui"

NETWORK = ("socket", "http", "urllib.request", "aiohttp", "requests", "httpx", "ssl", "ftplib", "smtplib")
NETWORK += ("webbrowser", "xmlrpc", "socketserver", "textual_serve", "fsspec")
CODE_IN_DATA = ("pickle", "marshal", "shelve", "dill", "joblib", "xml", "ctypes")
ARCHIVES = ("tarfile", "zipfile", "gzip", "bz2", "lzma")
FORBIDDEN_IMPORTS = (*NETWORK, *CODE_IN_DATA, *ARCHIVES)
"""Modules whose import alone is to be explained."""

CALLS = frozenset(
    {
        *("open", "eval", "exec", "compile", "__import__", "io.open", "codecs.open", "os.open", "os.fdopen"),
        *("os.system", "os.popen", "os.fork", "mmap.mmap", "sqlite3.connect", "importlib.import_module"),
        *("importlib.metadata.entry_points", "numpy.load", "numpy.memmap", "numpy.fromfile", "numpy.loadtxt"),
        *("numpy.genfromtxt", "yaml.load", "yaml.full_load", "yaml.unsafe_load", "yaml.safe_load"),
        *(
            "shutil.copy",
            "shutil.copy2",
            "shutil.copyfile",
            "shutil.copytree",
            "runpy.run_path",
            "tempfile.mkstemp",
            "tempfile.NamedTemporaryFile",
            "PIL.Image.open",
        ),
    }
)
PREFIXES = ("subprocess.", "os.exec", "os.spawn", "os.posix_spawn", "pandas.read_")
METHODS = frozenset({"open", "read_text", "read_bytes", "write_text", "write_bytes", "rglob", "tofile"})
"""Called on any object, since a `Path` cannot be told from others; `.open()` of ours stands in OURS."""

OURS = frozenset({"Image.open", "session.open", "self._session.open", "self.query_one().open"})
"""Methods named `open` that open no path: a decoder over bytes, the log session, the filter line."""

ALLOWED = {
    # the door itself
    ("files/opening.py", "os.open"): "the one place that opens run data",
    # the system's own files
    ("files/mounts.py", "open"): "/proc/self/mountinfo",
    ("store/status.py", "open"): "/proc: boot time and start time of a process, by a number",
    ("store/watch.py", "open"): "/proc/sys/fs/inotify: the limits",
    ("cli.py", "os.open"): "/dev/null in place of a closed pipe",
    ("terminal.py", "open"): "the terminal's own descriptor",
    # the user's own files, in the XDG directories
    ("settings.py", ".open"): "config.toml of the user",
    ("view_state.py", ".open"): "what the user looked at last, in the state directory",
    ("view_state.py", "tempfile.NamedTemporaryFile"): "the same, written whole and then renamed",
    ("store/logmerge.py", "open"): "the merged log, in a temporary directory that is ours alone",
    ("store/cache.py", ".open"): "our cache, in the cache directory",
    ("store/index.py", ".open"): "our index of runs, likewise",
    ("store/cache.py", "mmap.mmap"): "the cache file, whose CRC is checked first",
    # what the user told us to write; "x" modes only: nothing is overwritten
    ("store/annotations.py", "os.open"): "appends to annotations.jsonl: O_NOFOLLOW, regular files only",
    ("store/trash.py", "os.open"): "directories by O_DIRECTORY | O_NOFOLLOW, to move runs by descriptor",
    ("store/export.py", "open"): "the file that `export -o` names",
    ("store/conversion.py", "open"): "new files in the directory that `convert -o` names",
    ("store/conversion.py", "os.fdopen"): "a descriptor that files.opening gave",
    ("store/logsession.py", "open"): "the new file that the user typed to save a log to",
    ("formats/tensorboard_write.py", "open"): "a new event file in the directory that `convert -o` names",
    # databases, opened by SQLite itself: what stands there is looked at a moment before
    ("formats/sqlitedb.py", "sqlite3.connect"): "read-only, a regular file with regular files beside it",
    # modules by the names of our own tables, and plug-ins that the user installed
    ("cli.py", "importlib.import_module"): "a command of our table",
    ("commands/completion.py", "importlib.import_module"): "the commands of our table",
    ("screens/panes.py", "importlib.import_module"): "a pane of our table",
    ("formats/detect.py", "importlib.import_module"): "a reader of our table, or of an installed plug-in",
    ("formats/registry.py", "importlib.metadata.entry_points"): "readers that the user installed",
    # programs
    ("demo.py", "subprocess.Popen"): "the demo's own trainers: this Python, our module",
    (
        "store/regex_process.py",
        "subprocess.Popen",
    ): "this Python, our matcher: an expression may take for ever",
    (
        "widgets/log_taking.py",
        "subprocess.run",
    ): "the user's $PAGER, by an argument list with an absolute path",
    # copies of places on other machines, where the user named one
    ("files/remote.py", "import fsspec"): "`host:path` and URLs, only when called for by the user",
    ("files/mirror.py", "import fsspec"): "its type",
    ("files/mirror.py", ".open"): "a file there",
    ("files/mirror.py", "open"): "its copy, in the cache directory; names that lead out of it are left out",
    ("files/mirror.py", "os.open"): "the lock beside a copy",
    # network: `serve`, and the name of this machine
    ("commands/serve.py", "import socket"): "whether the port is free",
    ("commands/web.py", "import aiohttp"): "the guarded server of `serve`",
    ("commands/web.py", "import textual_serve"): "the same",
    ("store/status.py", "import socket"): "gethostname",
    ("formats/tensorboard_write.py", "import socket"): "gethostname, as event files are named",
}
"""Who opens, starts, loads or connects otherwise, and why that is no run data, or is safe."""


def findings(source: str) -> set[str]:
    """What a module does that `CALLS`, `PREFIXES`, `METHODS` or `FORBIDDEN_IMPORTS` name."""
    tree = ast.parse(source)
    names = imported(tree)
    found = {f"import {module}" for name in names.values() if (module := forbidden(name)) is not None}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if any(word.arg == "shell" for word in node.keywords):
            found.add("shell=")
        spelled = dotted(node.func)
        head, _, rest = spelled.partition(".")
        resolved = f"{names[head]}.{rest}".rstrip(".") if head in names else spelled
        if resolved in CALLS or resolved.startswith(PREFIXES):
            if spelled not in OURS:
                found.add(resolved)
        elif isinstance(node.func, ast.Attribute) and node.func.attr in METHODS and spelled not in OURS:
            found.add(f".{node.func.attr}")
    return found


def imported(tree: ast.Module) -> dict[str, str]:
    """The dotted name behind each name that the module imports anywhere."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                names[item.asname or item.name.partition(".")[0]] = (
                    item.name if item.asname else item.name.partition(".")[0]
                )
                names[f"import {item.name}"] = item.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for item in node.names:
                names[item.asname or item.name] = f"{node.module}.{item.name}"
    return names


def forbidden(name: str) -> str | None:
    """The module of `FORBIDDEN_IMPORTS` that `name` is or lies in."""
    return next((module for module in FORBIDDEN_IMPORTS if f"{name}.".startswith(f"{module}.")), None)


def dotted(node: ast.expr) -> str:
    """`a.b.c` of a call's function; other calls in between as `()`."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{dotted(node.func)}()"
    return node.id if isinstance(node, ast.Name) else "?"


def modules() -> dict[str, str]:
    """The source of every module by its path in the package."""
    return {path.relative_to(PACKAGE).as_posix(): path.read_text() for path in PACKAGE.rglob("*.py")}


@pytest.fixture(scope="module")
def found() -> set[tuple[str, str]]:
    return {(module, what) for module, source in modules().items() for what in findings(source)}


def test_nothing_opens_starts_or_connects_but_what_is_named_here(found: set[tuple[str, str]]) -> None:
    assert sorted(found - ALLOWED.keys()) == []


def test_everything_named_here_is_still_so(found: set[tuple[str, str]]) -> None:
    assert sorted(ALLOWED.keys() - found) == []


def test_yaml_is_only_read_by_a_loader_that_makes_plain_values() -> None:
    users = [module for module, source in modules().items() if "yaml" in imported(ast.parse(source))]
    assert users == ["formats/yamlfile.py"]


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("open(path)", "open"),
        ("with path.open() as file: pass", ".open"),
        ("Path(name).read_text()", ".read_text"),
        ("import os as system\nsystem.open(name, 0)", "os.open"),
        ("from os import open as look\nlook(name, 0)", "os.open"),
        ("import numpy as np\nnp.load(path)", "numpy.load"),
        ("import numpy as np\nnp.memmap(path)", "numpy.memmap"),
        ("from mmap import mmap\nmmap(0, 1)", "mmap.mmap"),
        ("import pandas as pd\npd.read_csv(path)", "pandas.read_csv"),
        ("import yaml\nyaml.load(text)", "yaml.load"),
        ("import sqlite3\nsqlite3.connect(path)", "sqlite3.connect"),
        ("import pickle", "import pickle"),
        ("from tarfile import open", "import tarfile"),
        ("from urllib.request import urlopen", "import urllib.request"),
        ("def f():\n    import gzip", "import gzip"),
        ("import http.client", "import http"),
        ("import socket", "import socket"),
        ("import subprocess\nsubprocess.run(line, shell=True)", "shell="),
        ("import subprocess\nsubprocess.run(words)", "subprocess.run"),
        ("import os\nos.system(line)", "os.system"),
        ("import os\nos.execv(path, words)", "os.execv"),
        ("eval(text)", "eval"),
        ("exec(text)", "exec"),
        ("__import__(name)", "__import__"),
    ],
)
def test_it_would_be_found(source: str, what: str) -> None:
    assert what in findings(source)
