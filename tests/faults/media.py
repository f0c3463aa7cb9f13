"""Faults of media.jsonl and of the files below media/: pictures, tables, histograms, texts."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

from faults.making import CANARY, HOSTILE, fault, file_with, outside_secret

RUNS_A_PROGRAM = (
    f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n({CANARY}) (w) file\n".encode()
)
"""PostScript, which a viewer that converts pictures may run."""

ASKS_FOR_FILES = (
    b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    b'<svg xmlns="http://www.w3.org/2000/svg"><script href="http://x/"/><text>&e;</text></svg>'
)
CLAIMS_TEN_GIGAPIXELS = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(
    ">IIBBBBBI", 10**5, 10**5, 8, 2, 0, 0, 0, 0
)
CLAIMS_FOUR_GIGAPIXELS = (
    b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(6) + b",\0\0\0\0\xff\xff\xff\xff\0\x02\x01\0;"
)


def record(kind: object, key: str = "x", **values: object) -> bytes:
    """A line of media.jsonl."""
    return json.dumps({"step": 1, "time": 1.0, "key": key, "kind": kind, **values}).encode() + b"\n"


def _lines(name: str, *lines: bytes) -> None:
    file_with(f"media-{name}", "media.jsonl", b"".join(lines))


def _picture(name: str, make: Callable[[Path], object], path: object = "media/x.png") -> None:
    """A record of an image, and what stands at its place."""

    def damage(run: Path) -> None:
        (run / "media").mkdir()
        (run / "media.jsonl").write_bytes(record("image", path=path, caption=HOSTILE))
        make(run / "media" / "x.png")

    fault(f"media-{name}")(damage)


def _content(name: str, content: bytes) -> None:
    _picture(name, lambda at: at.write_bytes(content))


_lines("garbage", b"\xff\n[]\n{}\n")
_lines("deep", b"[" * 100_000 + b"]" * 100_000 + b"\n", b'{"key":"x","kind":' * 50_000 + b"\n")
_lines(
    "names",
    record("text", HOSTILE, text=HOSTILE),
    record(HOSTILE, HOSTILE),
    record(7),
    record(None, "k" * 10_000),
)
_lines(
    "text", record("text", text=HOSTILE * 500), record("text", text=7), record("text", text="t\n" * 20_000)
)
_lines("steps", record("text", step=1e308, text="x"), record("text", step="ten"), b'{"key":"x","step":NaN}\n')
_lines("many", record("text", text="x") * 20_000)
_lines(
    "table",
    record("table", columns=[HOSTILE], rows=[[HOSTILE]]),
    record("table", columns="abc", rows=[1, [2], [[3, {}], None]]),
    record("table", columns=["a"] * 2_000, rows=[[1] * 2_000] * 20),
    record("table", columns={}, path="media/none.jsonl"),
)
_lines(
    "histogram",
    record("histogram", counts=[1e308, -1e308, None, "x", {}], edges=[1e308, 1e308, -1e308]),
    record("histogram", counts=["NaN"], edges=["Infinity", "-Infinity"]),
    record("histogram", counts=[1] * 50_000, edges=list(range(50_001))),
    record("histogram", counts={}, edges="abc"),
)
_lines(
    "matrix",
    record("confusion_matrix", labels=[HOSTILE, 5], matrix=[[1, "x"], [None]]),
    record("confusion_matrix", labels=["a"] * 500, matrix=[[1e308] * 500] * 500),
)

# ---- pictures ----------------------------------------------------------------------------------
_content("empty", b"")
_content("text-as-picture", HOSTILE.encode("utf-8", "surrogatepass"))
_content("png-bomb", CLAIMS_TEN_GIGAPIXELS)
_content("gif-bomb", CLAIMS_FOUR_GIGAPIXELS)
_content("svg", ASKS_FOR_FILES)
_content("eps", RUNS_A_PROGRAM)
_picture("sparse", lambda at: (at.touch(), os.truncate(at, 8 * 1024**3)))
_picture("fifo", os.mkfifo)
_picture("directory", Path.mkdir)
_picture("device", lambda at: at.symlink_to("/dev/zero"))
_picture("link", lambda at: at.symlink_to(outside_secret(at.parents[1])))
_picture("cycle", lambda at: at.symlink_to(at.name))
for number, place in enumerate(
    (
        "../../outside/secret.jsonl",
        "/etc/passwd",
        "media/../run.json",
        "media/.x",
        "media/a\0b",
        "media/",
        7,
        ["x"],
    )
):
    _picture(f"path-{number}", Path.touch, place)


@fault("media-folder-link")
def _(run: Path) -> None:
    (run / "media").symlink_to(outside_secret(run).parent)
    (run / "media.jsonl").write_bytes(record("table", columns=["a"], path="media/table.jsonl"))


@fault("media-table-link")
def _(run: Path) -> None:
    (run / "media").mkdir()
    (run / "media" / "table.jsonl").symlink_to(outside_secret(run).with_name("table.jsonl"))
    (run / "media.jsonl").write_bytes(record("table", columns=["a"], path="media/table.jsonl"))


@fault("media-table-path")
def _(run: Path) -> None:
    (run / "media").mkdir()
    (run / "media.jsonl").write_bytes(record("table", columns=["a"], path="../../outside/table.jsonl"))
