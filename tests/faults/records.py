"""Faults of metrics.jsonl: its bytes, its values and names, and what stands in its place."""

from __future__ import annotations

import os
from pathlib import Path

from faults.making import (
    HOSTILE,
    POINTS,
    append,
    fault,
    inserted,
    line,
    make_socket,
    metrics,
    outside_secret,
    replace,
)

# ---- metrics.jsonl: torn, foreign bytes, nearly JSON -------------------------------------------
fault("torn-tail", POINTS, False)(lambda path: append(metrics(path), b'{"_step":20,"_tim'))
fault("torn-then-resumed", POINTS + 5, True)(
    lambda path: append(
        metrics(path), b'{"_step":20,"lo\n' + b"".join(line(20 + i, loss=0.1) for i in range(5))
    )
)
fault("torn-utf8", POINTS, False)(lambda path: append(metrics(path), '{"é'.encode()[:-1]))
fault("empty-metrics", 0, False)(lambda path: metrics(path).write_bytes(b""))
fault("nul-tail", POINTS)(lambda path: append(metrics(path), b"\0" * 4096))
fault("all-nul", 0)(lambda path: metrics(path).write_bytes(b"\0" * 8192))
fault("utf16-metrics", None, True)(
    lambda path: metrics(path).write_bytes(metrics(path).read_bytes().decode().encode("utf-16"))
)
fault("bom")(lambda path: metrics(path).write_bytes(b"\xef\xbb\xbf" + metrics(path).read_bytes()))
fault("crlf", POINTS, False)(
    lambda path: metrics(path).write_bytes(metrics(path).read_bytes().replace(b"\n", b"\r\n"))
)
fault("sparse-64m", POINTS)(lambda path: os.truncate(metrics(path), 64 * 1024 * 1024))
fault("binary-metrics", 0, True)(lambda path: metrics(path).write_bytes(bytes(range(256)) * 256 + b"\n"))
inserted("garbage-line", b"\x80\xfe\x00garbage\xff\n")
inserted("garbage-block", bytes(range(256)) * 16 + b"\n")
inserted("nul-page", b"\0" * 4096, POINTS, None)
inserted("text-line", b"Traceback (most recent call last):\n")
inserted("array-line", b"[1, 2, 3]\n")
inserted("number-line", b"42\n")
inserted("string-line", b'"loss"\n')
inserted("null-line", b"null\n")
inserted("blank-lines", b"\n\n  \n\t\n", POINTS, None)
inserted("two-objects", b'{"_step":1,"a":1}{"_step":2,"a":2}\n')
inserted("trailing-comma", b'{"_step":1,"a":1,}\n')
inserted("single-quotes", b"{'_step':1,'a':1}\n")
inserted("hex-number", b'{"_step":1,"a":0x10}\n')
inserted("unclosed-string", b'{"_step":1,"a":"x\n')
inserted("bad-utf8-value", b'{"_step":1,"a":"\xff\xfe"}\n', POINTS, None)
inserted("bad-utf8-key", b'{"_step":1,"\xff":1}\n', POINTS, None)
inserted("lone-surrogate", b'{"_step":1,"\\ud800":1}\n', POINTS, None)
inserted("raw-line-separator", '{"_step":1,"a\u2028b\u0085c":1}\n'.encode(), POINTS, False)
inserted("long-junk-line", b"x" * (2 * 1024 * 1024) + b"\n")
inserted("long-json-line", b'{"_step":1,"a":"' + b"y" * (3 * 1024 * 1024) + b'"}\n')
inserted("deep-50", b'{"a":' * 50 + b"1" + b"}" * 50 + b"\n", POINTS, None)
inserted("deep-900", b'{"a":' * 900 + b"1" + b"}" * 900 + b"\n", POINTS, None)
inserted("deep-100000", b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n", POINTS, None)
inserted("deep-list", b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", POINTS, None)

# ---- values, steps and times -------------------------------------------------------------------
inserted("nan-token", b'{"_step":9,"_timestamp":1700000009,"loss":NaN}\n', POINTS + 1, False)
inserted("infinity-token", b'{"_step":9,"_timestamp":1700000009,"loss":-Infinity}\n', POINTS + 1, False)
inserted("nan-string", b'{"_step":9,"_timestamp":1700000009,"loss":"NaN"}\n', POINTS + 1, False)
inserted("huge-float", b'{"_step":9,"loss":1e400}\n', POINTS + 1, None)
inserted("tiny-float", b'{"_step":9,"loss":5e-324}\n', POINTS + 1, None)
inserted("huge-int", b'{"_step":9,"loss":' + b"9" * 400 + b"}\n", POINTS + 1, None)
inserted("giant-int", b'{"_step":9,"loss":' + b"9" * 5000 + b"}\n", POINTS + 1, None)
inserted("extreme-range", line(9, loss=-1.7e308) + line(9, loss=1.7e308), POINTS + 2, False)
inserted("duplicate-key", b'{"_step":9,"loss":1,"loss":2}\n', POINTS + 1, None)
inserted("null-value", line(9, loss=None), None, None)
inserted("bool-value", line(9, loss=True), POINTS + 1, None)
inserted("string-value", line(9, loss="diverged"), POINTS, None)
inserted("list-value", line(9, loss=[1, 2]), POINTS, None)
inserted("object-value", line(9, loss={"a": 1}), POINTS, None)
inserted("huge-string", line(9, note="z" * 500_000), POINTS, None)
inserted("no-step", b'{"loss":0.5}\n', POINTS + 1, None)
inserted("null-step", b'{"_step":null,"loss":0.5}\n', POINTS + 1, None)
inserted("string-step", b'{"_step":"ten","loss":0.5}\n', POINTS + 1, None)
inserted("negative-step", line(-5, loss=0.5), POINTS + 1, False)
inserted("float-step", b'{"_step":9.5,"loss":0.5}\n', POINTS + 1, False)
inserted("huge-step", b'{"_step":1e300,"loss":0.5}\n', POINTS + 1, None)
inserted("giant-step", b'{"_step":' + b"9" * 300 + b',"loss":0.5}\n', POINTS + 1, None)
inserted("backward-step", line(2, loss=0.5), POINTS + 1, False)
inserted("duplicate-step", line(9, loss=0.5) * 5, POINTS + 5, False)
inserted("string-time", b'{"_step":9,"_timestamp":"noon","loss":0.5}\n', POINTS + 1, None)
inserted("millisecond-time", b'{"_step":9,"_timestamp":1700000009000,"loss":0.5}\n', POINTS + 1, None)
inserted("year-2999", b'{"_step":9,"_timestamp":32503680000,"loss":0.5}\n', POINTS + 1, None)
inserted("negative-time", b'{"_step":9,"_timestamp":-1e18,"loss":0.5}\n', POINTS + 1, None)
inserted("time-1e308", b'{"_step":9,"_timestamp":1e308,"loss":0.5}\n', POINTS + 1, None)
inserted("nan-time", b'{"_step":9,"_timestamp":NaN,"loss":0.5}\n', POINTS + 1, None)
inserted("resume-without-step", b'{"_event":"resume"}\n', None, None)
inserted("unknown-event", b'{"_event":"party","_step":3}\n', POINTS, None)
inserted("resume-nan-step", b'{"_event":"resume","_step":NaN}\n', None, None)

# ---- names -------------------------------------------------------------------------------------
inserted("many-metrics", line(9, **{f"m{i}": i for i in range(10_000)}), POINTS, None)
inserted(
    "100000-metrics",
    b"".join(line(9, **{f"m{i}": i for i in range(at, at + 10_000)}) for at in range(0, 100_000, 10_000)),
    POINTS,
    None,
)
inserted("growing-names", b"".join(line(9, **{f"n{i}/{i % 7}": 1.0}) for i in range(2_000)), POINTS, None)
inserted("empty-key", line(9, **{"": 1.0}), POINTS, None)
inserted("newline-key", line(9, **{"a\nb\tc": 1.0}), POINTS, None)
inserted("escape-key", line(9, **{HOSTILE: 1.0}), POINTS, None)
inserted("long-key", line(9, **{"k" * 10_000: 1.0}), POINTS, None)
inserted("rtl-key", line(9, **{"\u202eloss\u2066": 1.0, "שלום": 2.0}), POINTS, None)
inserted("zalgo-key", line(9, **{"Z" + "\u0301" * 500: 1.0}), POINTS, None)
inserted(
    "invisible-key",
    line(9, **{"lo\u200b\u2060\ufeff\u00adss": 1.0, "\U000e0041\U000e0042": 2.0}),
    POINTS,
    None,
)
inserted("separator-key", line(9, **{"a\u2028b\u2029c\u0085d\x1ce": 1.0}), POINTS, None)
inserted("wide-key", line(9, **{"损失" * 60: 1.0, "👩‍👩‍👧‍👦": 2.0}), POINTS, None)
inserted("path-key", line(9, **{"../../../etc/passwd": 1.0, "/abs": 2.0}), POINTS, None)
inserted("underscore-keys", line(9, __loss=1.0, _foo=2.0, __proto__=3.0), POINTS, None)

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
fault("symlink-cycle", 0, True)(
    lambda path: (
        replace(metrics(path), lambda at: at.symlink_to("other.jsonl")),
        (path / "other.jsonl").symlink_to("metrics.jsonl"),
    )
)
fault("hard-link", POINTS)(
    lambda path: replace(metrics(path), lambda at: os.link(path.parent / "good-0" / at.name, at))
)
fault("unreadable-metrics", None, None)(lambda path: metrics(path).chmod(0))
fault("no-metrics", 0, False)(lambda path: metrics(path).unlink())
