"""Faults of run.json and of every other file of a run; and what must never act."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

from faults.making import (
    CANARY,
    HOSTILE,
    POINTS,
    facts_of_run,
    fault,
    file_with,
    line,
    outside_secret,
    replace,
    run_json,
)

# ---- run.json ----------------------------------------------------------------------------------
run_json("run-empty", b"")
run_json("run-half", b'{"format":1,"id":"x","na')
run_json("run-nul", b"\0" * 4096)
run_json("run-list", b"[1,2]")
run_json("run-number", b"7")
run_json("run-text", b"hello")
run_json("run-utf16", '{"format":1}'.encode("utf-16"))
run_json("run-deep", b'{"a":' * 50_000 + b"1" + b"}" * 50_000)
run_json("run-8mb", b'{"format":1,"id":"big","name":"' + b"n" * (8 * 1024 * 1024) + b'"}')
run_json("run-no-fields", b"{}", None)
run_json("run-nan", b'{"format":1,"id":"fault-run-nan","created":NaN,"seed":Infinity}', None)
fault("run-missing", None, None, None)(lambda path: (path / "run.json").unlink())
fault("run-fifo", POINTS, True)(lambda path: replace(path / "run.json", os.mkfifo))
fault("run-directory", POINTS, None, None)(lambda path: replace(path / "run.json", Path.mkdir))
fault("run-symlink-escape", POINTS, True)(
    lambda path: replace(path / "run.json", lambda at: at.symlink_to("/etc/hostname"))
)
facts_of_run("run-id-traversal", id="../../../etc/passwd")
facts_of_run("run-id-twice", id="good-0")
facts_of_run("run-id-object", id={"a": 1})
facts_of_run("run-future-format", True, format=99)
facts_of_run("run-name-escape", name=HOSTILE)
facts_of_run("run-name-markup", name="[bold][/nope][link=file:///etc/passwd]x[@click=app.quit]y[/]")
facts_of_run("run-name-long", name="n" * 10_000)
facts_of_run("run-name-rtl", name="\u202eevil\u2067")
facts_of_run("run-name-newline", name="a\nb\r\nc\td")
facts_of_run("run-name-zalgo", name="Z" + "\u0336" * 300)
facts_of_run("run-tags-text", tags="good")
facts_of_run("run-tags-objects", tags=[{"a": 1}, None, 3, HOSTILE])
facts_of_run("run-tags-many", tags=[f"t{i}" for i in range(5_000)])
facts_of_run("run-notes-escape", notes=HOSTILE * 100)
facts_of_run("run-created-text", created="yesterday")
facts_of_run("run-created-huge", created=1e300)
facts_of_run("run-created-1e308", created=1e308)
facts_of_run("run-created-negative", created=-1e18)
facts_of_run("run-created-future", created=32_503_680_000.0)
facts_of_run("run-pid-negative", pid=-1, host="x")
facts_of_run("run-pid-one", pid=1)
facts_of_run("run-pid-huge", pid=2**70)
facts_of_run("run-pid-text", pid="4711")
facts_of_run("run-git-list", git=[1, 2])
facts_of_run("run-git-escape", git={"commit": HOSTILE, "branch": 5, "remote": ["x"], "dirty": "maybe"})
facts_of_run("run-command-list", command=["python", HOSTILE])
facts_of_run("run-hardware-text", hardware="fast")
facts_of_run(
    "run-everything-wrong",
    **{key: [{}] for key in ("name", "project", "group", "tags", "notes", "host", "user")},
)

# ---- the other files ---------------------------------------------------------------------------
file_with("config-torn", "config.json", b'{"lr": 0.1, "mo', True)
file_with("config-list", "config.json", b"[1]", True)
file_with("config-deep", "config.json", b'{"a":' * 5_000 + b"1" + b"}" * 5_000)
file_with("config-nan", "config.json", b'{"lr": NaN, "x": -Infinity}')
file_with("config-hostile", "config.json", json.dumps({HOSTILE: HOSTILE, "a": {HOSTILE: [HOSTILE]}}).encode())
file_with("config-many", "config.json", json.dumps({f"k{i}": i for i in range(20_000)}).encode())
MILLION_KEYS = b"{" + b",".join(b'"k%d":1' % number for number in range(1_000_000)) + b"}"
file_with("config-million", "config.json", MILLION_KEYS, True)
file_with("config-deep-100000", "config.json", b'{"a":' * 100_000 + b"1" + b"}" * 100_000)
file_with("config-long-value", "config.json", json.dumps({"a": "v" * 3_000_000, "k" * 100_000: 1}).encode())
fault("config-symlink-cycle", POINTS, True)(
    lambda path: replace(path / "config.json", lambda at: at.symlink_to(at.name))
)
file_with("config-binary", "config.json", bytes(range(256)), True)
file_with("events-torn", "events.jsonl", b'{"time":1,"event":"fin')
file_with("events-garbage", "events.jsonl", b"\xff\xfe\x00\n[1]\n{}\n", True)
file_with("events-unknown-status", "events.jsonl", b'{"time":1,"event":"finish","status":"exploded"}\n')
file_with("events-text-time", "events.jsonl", b'{"time":"x","event":"finish","status":"failed","error":5}\n')
file_with(
    "events-escape",
    "events.jsonl",
    json.dumps({"time": 1.0, "event": "finish", "status": "failed", "error": HOSTILE * 50}).encode() + b"\n",
)
file_with(
    "events-alert-escape",
    "events.jsonl",
    json.dumps({"time": 1.0, "event": "alert", "title": HOSTILE, "text": HOSTILE, "level": HOSTILE}).encode()
    + b"\n",
)
file_with("events-time-1e308", "events.jsonl", b'{"time":1e308,"event":"finish","status":"finished"}\n')
file_with("events-deep", "events.jsonl", b'{"time":1,"event":' * 100_000 + b"1" + b"}" * 100_000 + b"\n")
file_with("events-many", "events.jsonl", b'{"time":1.0,"event":"alert","title":"x","text":"y"}\n' * 50_000)
fault("events-fifo")(lambda path: replace(path / "events.jsonl", os.mkfifo))
file_with("summary-torn", "summary.json", b'{"best": 0.')
file_with("summary-hostile", "summary.json", json.dumps({HOSTILE: HOSTILE, "loss": "NaN"}).encode())
file_with("output-escape", "output.log", (HOSTILE + "\n").encode("utf-8", "surrogatepass") * 50)
file_with("output-binary", "output.log", bytes(range(256)) * 200)
file_with("output-long-line", "output.log", b"w" * 5_000_000)
file_with("output-returns", "output.log", b"".join(b"\r %d%%|####|" % i for i in range(20_000)))
fault("output-fifo")(lambda path: replace(path / "output.log", os.mkfifo))
fault("output-symlink")(
    lambda path: replace(path / "output.log", lambda at: at.symlink_to(outside_secret(path)))
)
file_with("index-garbage", "output.index.jsonl", b"\xff\n[]\n{}\n")
file_with("index-beyond", "output.index.jsonl", b'{"time":1,"offset":99999999,"stream":"stdout"}\n')
file_with("index-negative", "output.index.jsonl", b'{"time":-1,"offset":-5,"stream":7}\n')
file_with("annotations-garbage", "annotations.jsonl", b"\x00\xff\n[1]\n{}\n")
file_with(
    "index-hostile", "output.index.jsonl", json.dumps({"time": HOSTILE, "offset": HOSTILE}).encode() + b"\n"
)
file_with("index-time-1e308", "output.index.jsonl", b'{"time":1e308,"offset":8,"stream":"stdout"}\n')
file_with("index-nan", "output.index.jsonl", b'{"time":NaN,"offset":1e300,"stream":"stdout"}\n')
file_with("annotations-deep", "annotations.jsonl", b"[" * 100_000 + b"]" * 100_000 + b"\n")
file_with(
    "annotations-time", "annotations.jsonl", b'{"time":1e308,"name":"x","tags":[NaN,{}],"star":"yes"}\n'
)
fault("annotations-fifo")(lambda path: os.mkfifo(path / "annotations.jsonl"))
file_with(
    "annotations-hostile",
    "annotations.jsonl",
    json.dumps({"time": 1, "name": HOSTILE, "tags": 5}).encode() + b"\n",
)
file_with("artifacts-garbage", "artifacts.jsonl", b"\xff\n[]\n{}\n")
file_with(
    "artifacts-hostile", "artifacts.jsonl", json.dumps({"name": HOSTILE, "uri": HOSTILE}).encode() + b"\n"
)
file_with("artifacts-deep", "artifacts.jsonl", b"[" * 100_000 + b"]" * 100_000 + b"\n")
file_with(
    "artifacts-sizes", "artifacts.jsonl", b'{"name":"x","role":7,"uri":[],"size_bytes":1e308,"sha256":{}}\n'
)
fault("artifacts-symlink")(lambda path: (path / "artifacts.jsonl").symlink_to(outside_secret(path)))
file_with("diff-binary", "git.diff", bytes(range(256)) * 5_000)
file_with("diff-escape", "git.diff", (HOSTILE + "\n").encode("utf-8", "surrogatepass") * 100)
file_with("packages-binary", "packages.txt", bytes(range(256)) * 50)
file_with("system-garbage", "system.jsonl", b"\xff\n[]\n{}\n" + b'{"_timestamp":1,"cpu/percent":"hot"}\n')
file_with(
    "system-hostile", "system.jsonl", line(0, **{HOSTILE: 1.0, f"gpu/0/{HOSTILE}": 2.0, "gpu/x/y/z": 3.0})
)
file_with(
    "system-extremes", "system.jsonl", line(0, **{"cpu/percent": 1e308, "memory/used_bytes": -1e308}) * 2
)
file_with("system-time-1e308", "system.jsonl", b'{"_timestamp":1e308,"cpu/percent":5}\n' * 3)
file_with("system-many", "system.jsonl", line(0, **{f"gpu/{i}/util_percent": 5 for i in range(5_000)}))
fault("system-fifo")(lambda path: os.mkfifo(path / "system.jsonl"))
fault("system-symlink")(lambda path: (path / "system.jsonl").symlink_to(outside_secret(path)))
file_with("rank-file", "metrics.rank1.jsonl", b"".join(line(i, loss=2.0) for i in range(5)))
file_with("rank-huge", "metrics.rank99999999999.jsonl", line(0, loss=2.0))

# ---- what must never act -----------------------------------------------------------------------
file_with("pickle-canary", "metrics.pkl", b"cos\nsystem\n(S'touch " + CANARY.encode() + b"'\ntR.")
file_with("yaml-canary", "hparams.yaml", f"!!python/object/apply:os.system ['touch {CANARY}']\n".encode())
file_with("module-canary", "numpy.py", f"open('{CANARY}', 'w')\n".encode())
file_with("settings-canary", "config.toml", b'theme = "nope"\n[keys]\nquit = "j"\n')
file_with("event-bomb", "events.out.tfevents.1.x", struct.pack("<QI", 2**62, 0) + b"x" * 100)
file_with(
    "spreadsheet-canary", "config.json", json.dumps({"=cmd|' /C calc'!A0": "=1+1", "@x": "+1"}).encode()
)
