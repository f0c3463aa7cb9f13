"""A corpus of damaged and hostile run directories, each with the facts that must still be read.

`build(root)` writes one run directory per fault, and good runs between them. A fault says how many
points of `loss` survive (None: not told by the file), and whether a problem must be shown.
The classes follow the study of what log viewers break on; see docs/promises.md.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

POINTS = 20
GOOD_RUNS = 3
CANARY = "tailboard-canary"
"""Appears in files that must not be read and in commands that must not run."""

OSC52 = "\x1b]52;c;aGFja2Vk\x07"
HOSTILE = f"x{OSC52}\x1b[2J\x1b]0;pwned\x07\x1bP+q\x1b\\\x9b31m\u202e[@click=app.quit]q[/] [/nope]"


@dataclass(frozen=True)
class Fault:
    """One way in which a run directory can be wrong."""

    name: str
    make: Callable[[Path], None]
    points: int | None
    """Points of `loss` that must be read; None: any number."""
    has_problem: bool | None
    """Whether a problem must be shown; None: either is right."""
    is_listed: bool | None = True
    """Whether the directory is a run at all."""


FAULTS: list[Fault] = []


def fault(
    name: str,
    points: int | None = POINTS,
    problem: bool | None = None,
    is_listed: bool | None = True,
) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    """Register a function that damages a good run directory."""

    def register(make: Callable[[Path], None]) -> Callable[[Path], None]:
        FAULTS.append(Fault(name, make, points, problem, is_listed))
        return make

    return register


def line(step: int, **values: object) -> bytes:
    """A metrics line as the logger writes it."""
    record = {"_step": step, "_timestamp": 1_700_000_000.0 + step, **values}
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def good_run(path: Path) -> None:
    """A run with POINTS points of `loss`, finished."""
    path.mkdir()
    facts = {"format": 1, "id": path.name, "name": path.name, "created": 1_700_000_000.0, "tags": ["good"]}
    (path / "run.json").write_text(json.dumps(facts))
    (path / "config.json").write_text(json.dumps({"lr": 0.1, "model": {"depth": 3}}))
    (path / "metrics.jsonl").write_bytes(b"".join(line(i, loss=1 / (i + 1)) for i in range(POINTS)))
    finish = {"time": 1_700_000_100.0, "event": "finish", "status": "finished", "exit_code": 0}
    (path / "events.jsonl").write_text(json.dumps(finish) + "\n")
    (path / "output.log").write_text("epoch 1\nepoch 2\n")


def build(root: Path) -> dict[str, Fault]:
    """Write the corpus below `root`; gives the fault of each directory name."""
    for number in range(GOOD_RUNS):
        good_run(root / f"good-{number}")
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "secret.jsonl").write_bytes(line(0, loss=1.0, **{CANARY: 1.0}))
    found = {}
    for item in FAULTS:
        path = root / f"fault-{item.name}"
        good_run(path)
        item.make(path)
        found[path.name] = item
    strange_directories(root, outside)
    return found


STRANGE_DIRECTORIES = 9


def strange_directories(root: Path, outside: Path) -> None:
    """What is wrong beside the runs: names, links, depth. As many as STRANGE_DIRECTORIES says."""
    for name in (
        f"dir-{OSC52}",
        "dir-a\nb",
        "-rf",
        "dir [@click=app.quit]x",
        os.fsdecode(b"dir-\xff\xfe"),
    ):
        good_run(root / name)
    (root / "dir-empty").mkdir()
    (root / "dir-loop").symlink_to(root)
    (root / "dir-outside").symlink_to(outside)
    deep = root / "dir-deep"
    for _ in range(120):
        deep = deep / "d"
    deep.mkdir(parents=True)


def metrics(path: Path) -> Path:
    return path / "metrics.jsonl"


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def insert(path: Path, data: bytes) -> None:
    """Put `data` after the tenth line of the metrics."""
    lines = metrics(path).read_bytes().splitlines(keepends=True)
    metrics(path).write_bytes(b"".join(lines[:10]) + data + b"".join(lines[10:]))


def change_run(path: Path, **facts: object) -> None:
    found = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps({**found, **facts}))


def replace(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


def make_socket(path: Path) -> None:
    """A Unix socket at `path`; bound by a short relative name, since the address is limited to 107 bytes."""
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(path.parent)
        with socket.socket(socket.AF_UNIX) as endpoint:
            endpoint.bind(path.name)
    finally:
        os.fchdir(here)
        os.close(here)


def outside_secret(path: Path) -> Path:
    return path.parents[1] / "outside" / "secret.jsonl"


def _inserted(name: str, data: bytes, points: int | None = POINTS, problem: bool | None = True) -> None:
    fault(name, points, problem)(lambda path: insert(path, data))


def _run_json(name: str, content: bytes, problem: bool | None = True) -> None:
    fault(name, POINTS, problem)(lambda path: (path / "run.json").write_bytes(content) and None)


def _facts(fault_name: str, problem: bool | None = None, /, **facts: object) -> None:
    fault(fault_name, POINTS, problem)(lambda path: change_run(path, **facts))


def _file(name: str, file: str, content: bytes, problem: bool | None = None) -> None:
    fault(name, POINTS, problem)(lambda path: (path / file).write_bytes(content) and None)


# ---- metrics.jsonl: torn, foreign bytes, nearly JSON -------------------------------------------
fault("torn-tail", POINTS, False)(lambda path: append(metrics(path), b'{"_step":20,"_tim'))
fault("torn-then-resumed", POINTS + 5, True)(
    lambda path: append(
        metrics(path), b'{"_step":20,"lo\n' + b"".join(line(20 + i, loss=0.1) for i in range(5))
    )
)
fault("torn-utf8", POINTS, False)(lambda path: append(metrics(path), '{"é'.encode()[:-1]))
fault("empty-metrics", 0, False)(lambda path: metrics(path).write_bytes(b"") and None)
fault("nul-tail", POINTS)(lambda path: append(metrics(path), b"\0" * 4096))
fault("all-nul", 0)(lambda path: metrics(path).write_bytes(b"\0" * 8192) and None)
fault("utf16-metrics", None, True)(
    lambda path: metrics(path).write_bytes(metrics(path).read_bytes().decode().encode("utf-16")) and None
)
fault("bom")(lambda path: metrics(path).write_bytes(b"\xef\xbb\xbf" + metrics(path).read_bytes()) and None)
fault("crlf", POINTS, False)(
    lambda path: metrics(path).write_bytes(metrics(path).read_bytes().replace(b"\n", b"\r\n")) and None
)
fault("sparse-64m", POINTS)(lambda path: os.truncate(metrics(path), 64 * 1024 * 1024))
fault("binary-metrics", 0, True)(
    lambda path: metrics(path).write_bytes(bytes(range(256)) * 256 + b"\n") and None
)
_inserted("garbage-line", b"\x80\xfe\x00garbage\xff\n")
_inserted("garbage-block", bytes(range(256)) * 16 + b"\n")
_inserted("nul-page", b"\0" * 4096, POINTS, None)
_inserted("text-line", b"Traceback (most recent call last):\n")
_inserted("array-line", b"[1, 2, 3]\n")
_inserted("number-line", b"42\n")
_inserted("string-line", b'"loss"\n')
_inserted("null-line", b"null\n")
_inserted("blank-lines", b"\n\n  \n\t\n", POINTS, None)
_inserted("two-objects", b'{"_step":1,"a":1}{"_step":2,"a":2}\n')
_inserted("trailing-comma", b'{"_step":1,"a":1,}\n')
_inserted("single-quotes", b"{'_step':1,'a':1}\n")
_inserted("hex-number", b'{"_step":1,"a":0x10}\n')
_inserted("unclosed-string", b'{"_step":1,"a":"x\n')
_inserted("bad-utf8-value", b'{"_step":1,"a":"\xff\xfe"}\n', POINTS, None)
_inserted("bad-utf8-key", b'{"_step":1,"\xff":1}\n', POINTS, None)
_inserted("lone-surrogate", b'{"_step":1,"\\ud800":1}\n', POINTS, None)
_inserted("raw-line-separator", '{"_step":1,"a\u2028b\u0085c":1}\n'.encode(), POINTS, False)
_inserted("long-junk-line", b"x" * (2 * 1024 * 1024) + b"\n")
_inserted("long-json-line", b'{"_step":1,"a":"' + b"y" * (3 * 1024 * 1024) + b'"}\n')
_inserted("deep-50", b'{"a":' * 50 + b"1" + b"}" * 50 + b"\n", POINTS, None)
_inserted("deep-900", b'{"a":' * 900 + b"1" + b"}" * 900 + b"\n", POINTS, None)
_inserted("deep-100000", b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n", POINTS, None)
_inserted("deep-list", b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", POINTS, None)

# ---- values, steps and times -------------------------------------------------------------------
_inserted("nan-token", b'{"_step":9,"_timestamp":1700000009,"loss":NaN}\n', POINTS + 1, False)
_inserted("infinity-token", b'{"_step":9,"_timestamp":1700000009,"loss":-Infinity}\n', POINTS + 1, False)
_inserted("nan-string", b'{"_step":9,"_timestamp":1700000009,"loss":"NaN"}\n', POINTS + 1, False)
_inserted("huge-float", b'{"_step":9,"loss":1e400}\n', POINTS + 1, None)
_inserted("tiny-float", b'{"_step":9,"loss":5e-324}\n', POINTS + 1, None)
_inserted("huge-int", b'{"_step":9,"loss":' + b"9" * 400 + b"}\n", POINTS + 1, None)
_inserted("giant-int", b'{"_step":9,"loss":' + b"9" * 5000 + b"}\n", POINTS + 1, None)
_inserted("extreme-range", line(9, loss=-1.7e308) + line(9, loss=1.7e308), POINTS + 2, False)
_inserted("duplicate-key", b'{"_step":9,"loss":1,"loss":2}\n', POINTS + 1, None)
_inserted("null-value", line(9, loss=None), None, None)
_inserted("bool-value", line(9, loss=True), POINTS + 1, None)
_inserted("string-value", line(9, loss="diverged"), POINTS, None)
_inserted("list-value", line(9, loss=[1, 2]), POINTS, None)
_inserted("object-value", line(9, loss={"a": 1}), POINTS, None)
_inserted("huge-string", line(9, note="z" * 500_000), POINTS, None)
_inserted("no-step", b'{"loss":0.5}\n', POINTS + 1, None)
_inserted("null-step", b'{"_step":null,"loss":0.5}\n', POINTS + 1, None)
_inserted("string-step", b'{"_step":"ten","loss":0.5}\n', POINTS + 1, None)
_inserted("negative-step", line(-5, loss=0.5), POINTS + 1, False)
_inserted("float-step", b'{"_step":9.5,"loss":0.5}\n', POINTS + 1, False)
_inserted("huge-step", b'{"_step":1e300,"loss":0.5}\n', POINTS + 1, None)
_inserted("giant-step", b'{"_step":' + b"9" * 300 + b',"loss":0.5}\n', POINTS + 1, None)
_inserted("backward-step", line(2, loss=0.5), POINTS + 1, False)
_inserted("duplicate-step", line(9, loss=0.5) * 5, POINTS + 5, False)
_inserted("string-time", b'{"_step":9,"_timestamp":"noon","loss":0.5}\n', POINTS + 1, None)
_inserted("millisecond-time", b'{"_step":9,"_timestamp":1700000009000,"loss":0.5}\n', POINTS + 1, None)
_inserted("year-2999", b'{"_step":9,"_timestamp":32503680000,"loss":0.5}\n', POINTS + 1, None)
_inserted("negative-time", b'{"_step":9,"_timestamp":-1e18,"loss":0.5}\n', POINTS + 1, None)
_inserted("nan-time", b'{"_step":9,"_timestamp":NaN,"loss":0.5}\n', POINTS + 1, None)
_inserted("resume-without-step", b'{"_event":"resume"}\n', None, None)
_inserted("unknown-event", b'{"_event":"party","_step":3}\n', POINTS, None)
_inserted("resume-nan-step", b'{"_event":"resume","_step":NaN}\n', None, None)

# ---- names -------------------------------------------------------------------------------------
_inserted("many-metrics", line(9, **{f"m{i}": i for i in range(10_000)}), POINTS, None)
_inserted("growing-names", b"".join(line(9, **{f"n{i}/{i % 7}": 1.0}) for i in range(2_000)), POINTS, None)
_inserted("empty-key", line(9, **{"": 1.0}), POINTS, None)
_inserted("newline-key", line(9, **{"a\nb\tc": 1.0}), POINTS, None)
_inserted("escape-key", line(9, **{HOSTILE: 1.0}), POINTS, None)
_inserted("long-key", line(9, **{"k" * 10_000: 1.0}), POINTS, None)
_inserted("rtl-key", line(9, **{"\u202eloss\u2066": 1.0, "שלום": 2.0}), POINTS, None)
_inserted("zalgo-key", line(9, **{"Z" + "\u0301" * 500: 1.0}), POINTS, None)
_inserted("wide-key", line(9, **{"损失" * 60: 1.0, "👩‍👩‍👧‍👦": 2.0}), POINTS, None)
_inserted("path-key", line(9, **{"../../../etc/passwd": 1.0, "/abs": 2.0}), POINTS, None)
_inserted("underscore-keys", line(9, __loss=1.0, _foo=2.0, __proto__=3.0), POINTS, None)

# ---- metrics.jsonl is another kind of file -----------------------------------------------------
fault("fifo-metrics", 0, True)(lambda path: replace(metrics(path), os.mkfifo))
fault("directory-metrics", 0, True)(lambda path: replace(metrics(path), Path.mkdir))
fault("socket-metrics", 0, True)(lambda path: replace(metrics(path), make_socket))
fault("symlink-escape", 0, True)(
    lambda path: replace(metrics(path), lambda at: at.symlink_to(outside_secret(path)))
)
fault("symlink-self", 0, True)(lambda path: replace(metrics(path), lambda at: at.symlink_to(at.name)))
fault("symlink-dangling", 0, True)(lambda path: replace(metrics(path), lambda at: at.symlink_to("nowhere")))
fault("symlink-zero", 0, True)(lambda path: replace(metrics(path), lambda at: at.symlink_to("/dev/zero")))
fault("symlink-memory", 0, True)(
    lambda path: replace(metrics(path), lambda at: at.symlink_to("/proc/self/mem"))
)
fault("unreadable-metrics", None, None)(lambda path: metrics(path).chmod(0))
fault("no-metrics", 0, False)(lambda path: metrics(path).unlink())

# ---- run.json ----------------------------------------------------------------------------------
_run_json("run-empty", b"")
_run_json("run-half", b'{"format":1,"id":"x","na')
_run_json("run-nul", b"\0" * 4096)
_run_json("run-list", b"[1,2]")
_run_json("run-number", b"7")
_run_json("run-text", b"hello")
_run_json("run-utf16", '{"format":1}'.encode("utf-16"))
_run_json("run-deep", b'{"a":' * 50_000 + b"1" + b"}" * 50_000)
_run_json("run-8mb", b'{"format":1,"id":"big","name":"' + b"n" * (8 * 1024 * 1024) + b'"}')
_run_json("run-no-fields", b"{}", None)
_run_json("run-nan", b'{"format":1,"id":"fault-run-nan","created":NaN,"seed":Infinity}', None)
fault("run-missing", None, None, None)(lambda path: (path / "run.json").unlink())
fault("run-fifo", POINTS, True)(lambda path: replace(path / "run.json", os.mkfifo))
fault("run-directory", POINTS, None, None)(lambda path: replace(path / "run.json", Path.mkdir))
fault("run-symlink-escape", POINTS, True)(
    lambda path: replace(path / "run.json", lambda at: at.symlink_to("/etc/hostname"))
)
_facts("run-id-traversal", id="../../../etc/passwd")
_facts("run-id-twice", id="good-0")
_facts("run-id-object", id={"a": 1})
_facts("run-future-format", True, format=99)
_facts("run-name-escape", name=HOSTILE)
_facts("run-name-markup", name="[bold][/nope][link=file:///etc/passwd]x[@click=app.quit]y[/]")
_facts("run-name-long", name="n" * 10_000)
_facts("run-name-rtl", name="\u202eevil\u2067")
_facts("run-name-newline", name="a\nb\r\nc\td")
_facts("run-name-zalgo", name="Z" + "\u0336" * 300)
_facts("run-tags-text", tags="good")
_facts("run-tags-objects", tags=[{"a": 1}, None, 3, HOSTILE])
_facts("run-tags-many", tags=[f"t{i}" for i in range(5_000)])
_facts("run-notes-escape", notes=HOSTILE * 100)
_facts("run-created-text", created="yesterday")
_facts("run-created-huge", created=1e300)
_facts("run-created-negative", created=-1e18)
_facts("run-created-future", created=32_503_680_000.0)
_facts("run-pid-negative", pid=-1, host="x")
_facts("run-pid-one", pid=1)
_facts("run-pid-huge", pid=2**70)
_facts("run-pid-text", pid="4711")
_facts("run-git-list", git=[1, 2])
_facts("run-git-escape", git={"commit": HOSTILE, "branch": 5, "remote": ["x"], "dirty": "maybe"})
_facts("run-command-list", command=["python", HOSTILE])
_facts("run-hardware-text", hardware="fast")
_facts(
    "run-everything-wrong",
    **{key: [{}] for key in ("name", "project", "group", "tags", "notes", "host", "user")},
)

# ---- the other files ---------------------------------------------------------------------------
_file("config-torn", "config.json", b'{"lr": 0.1, "mo', True)
_file("config-list", "config.json", b"[1]", True)
_file("config-deep", "config.json", b'{"a":' * 5_000 + b"1" + b"}" * 5_000)
_file("config-nan", "config.json", b'{"lr": NaN, "x": -Infinity}')
_file("config-hostile", "config.json", json.dumps({HOSTILE: HOSTILE, "a": {HOSTILE: [HOSTILE]}}).encode())
_file("config-many", "config.json", json.dumps({f"k{i}": i for i in range(20_000)}).encode())
_file("config-binary", "config.json", bytes(range(256)), True)
_file("events-torn", "events.jsonl", b'{"time":1,"event":"fin')
_file("events-garbage", "events.jsonl", b"\xff\xfe\x00\n[1]\n{}\n", True)
_file("events-unknown-status", "events.jsonl", b'{"time":1,"event":"finish","status":"exploded"}\n')
_file("events-text-time", "events.jsonl", b'{"time":"x","event":"finish","status":"failed","error":5}\n')
_file(
    "events-escape",
    "events.jsonl",
    json.dumps({"time": 1.0, "event": "finish", "status": "failed", "error": HOSTILE * 50}).encode() + b"\n",
)
_file(
    "events-alert-escape",
    "events.jsonl",
    json.dumps({"time": 1.0, "event": "alert", "title": HOSTILE, "text": HOSTILE, "level": HOSTILE}).encode()
    + b"\n",
)
fault("events-fifo")(lambda path: replace(path / "events.jsonl", os.mkfifo))
_file("summary-torn", "summary.json", b'{"best": 0.')
_file("summary-hostile", "summary.json", json.dumps({HOSTILE: HOSTILE, "loss": "NaN"}).encode())
_file("output-escape", "output.log", (HOSTILE + "\n").encode("utf-8", "surrogatepass") * 50)
_file("output-binary", "output.log", bytes(range(256)) * 200)
_file("output-long-line", "output.log", b"w" * 5_000_000)
_file("output-returns", "output.log", b"".join(b"\r %d%%|####|" % i for i in range(20_000)))
fault("output-fifo")(lambda path: replace(path / "output.log", os.mkfifo))
fault("output-symlink")(
    lambda path: replace(path / "output.log", lambda at: at.symlink_to(outside_secret(path)))
)
_file("index-garbage", "output.index.jsonl", b"\xff\n[]\n{}\n")
_file("index-beyond", "output.index.jsonl", b'{"time":1,"offset":99999999,"stream":"stdout"}\n')
_file("index-negative", "output.index.jsonl", b'{"time":-1,"offset":-5,"stream":7}\n')
_file("annotations-garbage", "annotations.jsonl", b"\x00\xff\n[1]\n{}\n")
_file(
    "annotations-hostile",
    "annotations.jsonl",
    json.dumps({"time": 1, "name": HOSTILE, "tags": 5}).encode() + b"\n",
)
_file("artifacts-garbage", "artifacts.jsonl", b"\xff\n[]\n{}\n")
_file("artifacts-hostile", "artifacts.jsonl", json.dumps({"name": HOSTILE, "uri": HOSTILE}).encode() + b"\n")
_file("media-garbage", "media.jsonl", b"\xff\n[]\n{}\n")
_file(
    "media-traversal",
    "media.jsonl",
    json.dumps(
        {"step": 1, "time": 1.0, "key": "x", "kind": "image", "path": "../../outside/secret.jsonl"}
    ).encode()
    + b"\n",
)
_file("diff-binary", "git.diff", bytes(range(256)) * 5_000)
_file("diff-escape", "git.diff", (HOSTILE + "\n").encode("utf-8", "surrogatepass") * 100)
_file("packages-binary", "packages.txt", bytes(range(256)) * 50)
_file("system-garbage", "system.jsonl", b"\xff\n[]\n{}\n" + b'{"_timestamp":1,"cpu/percent":"hot"}\n')
_file("rank-file", "metrics.rank1.jsonl", b"".join(line(i, loss=2.0) for i in range(5)))
_file("rank-huge", "metrics.rank99999999999.jsonl", line(0, loss=2.0))

# ---- what must never act -----------------------------------------------------------------------
_file("pickle-canary", "metrics.pkl", b"cos\nsystem\n(S'touch " + CANARY.encode() + b"'\ntR.")
_file("yaml-canary", "hparams.yaml", f"!!python/object/apply:os.system ['touch {CANARY}']\n".encode())
_file("module-canary", "numpy.py", f"open('{CANARY}', 'w')\n".encode())
_file("settings-canary", "config.toml", b'theme = "nope"\n[keys]\nquit = "j"\n')
_file("event-bomb", "events.out.tfevents.1.x", struct.pack("<QI", 2**62, 0) + b"x" * 100)
_file("spreadsheet-canary", "config.json", json.dumps({"=cmd|' /C calc'!A0": "=1+1", "@x": "+1"}).encode())
