"""Targets that are our own files besides runs - caches, notes - and what runs name: media, pins."""

from __future__ import annotations

import contextlib
import json
import struct
import zlib
from io import BytesIO
from pathlib import Path
from unittest import mock

from checking import check_facts, write
from target_records import write_native

from reading import FIXTURES, read_all, series_of
from tailboard.artifacts import Digests, measure
from tailboard_tui.files.changes import Signature
from tailboard_tui.formats.base import RunFacts
from tailboard_tui.formats.native import NativeReader
from tailboard_tui.plot.pixels import ImageError, decode, half_blocks
from tailboard_tui.plot.spec import Look
from tailboard_tui.store import columnfile
from tailboard_tui.store import index as index_module
from tailboard_tui.store.annotations import Notebook
from tailboard_tui.store.cache import ColumnCache
from tailboard_tui.store.index import RunIndex
from tailboard_tui.store.media import MediaStore
from tailboard_tui.store.progress import Pace
from tailboard_tui.store.rowmaker import Digest
from tailboard_tui.text.graphics import Graphics
from tailboard_tui.widgets.media_content import draw_record


def column_cache(data: bytes, directory: Path) -> None:
    """A cache file whose checksums are right: the columns of the run, or none, and then it is read anew.

    The first line of the input is the header, the rest are the columns.
    """
    run = directory / "run"
    run.mkdir(exist_ok=True)
    write_native(run)
    reader = NativeReader(str(run))
    cache = ColumnCache(directory / "columns")
    (directory / "columns").mkdir(exist_ok=True)
    text, _, body = data.partition(b"\n")
    head = columnfile._PREFIX.pack(
        columnfile._MAGIC, columnfile._VERSION, len(text), zlib.crc32(text), zlib.crc32(body)
    )
    place = head + text
    with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError, OverflowError):
        place = place.ljust(int(json.loads(text)["body_at"]) % 65_536, b"\0")
    cache._path(reader).write_bytes(place + body)
    columns = cache.load(reader)
    if columns is None:
        points, _ = read_all(reader)
        assert series_of(points) == {"loss": ([0.0], [1.0])}
    reader.close()


def column_cache_seeds() -> list[bytes]:
    """What the cache keeps of a small run."""
    import tempfile

    from tailboard_tui.store.columns import RunColumns

    with tempfile.TemporaryDirectory() as scratch:
        write_native(Path(scratch))
        reader = NativeReader(scratch)
        columns = RunColumns()
        while (chunk := reader.poll()).more or columns.bytes_read == 0:
            columns.apply(chunk)
            if not chunk.more:
                break
        file = BytesIO()
        state = reader.state()
        assert state is not None
        columnfile.ColumnFile.of(scratch, state, columns).write(file)
        reader.close()
    content = file.getvalue()
    length = struct.unpack_from("<8sIIII", content)[2]
    text = content[columnfile._PREFIX.size :][:length]
    return [text + b"\n" + content[json.loads(text)["body_at"] :]]


def run_index(data: bytes, directory: Path) -> None:
    """The kept facts of ended runs, whose checksum is right: facts as they must be, or none."""
    index = RunIndex([str(directory)], directory)
    version = index_module._version().to_bytes(4, "little")
    head = index_module._MAGIC + version + zlib.crc32(data).to_bytes(4, "little")
    index._path.write_bytes(head + data)
    for run in ("", "/runs/a", *(index._entries or ())):
        entry = index.get(run, "tailboard")
        if entry is not None:
            assert isinstance(entry.facts, RunFacts)


def run_index_seeds() -> list[bytes]:
    """One entry without files, which is always as it was."""
    facts = RunFacts("id", "name", "tailboard", "/runs/a", config={"lr": 0.1}, last_values={"loss": 0.5})
    digest = Digest({}, (0.5, 1.0), Pace(), 1.0, ())
    entry = index_module.Entry("tailboard", (), (), Signature(1, 0, (), ()), facts, digest, 1, 1)
    return [index_module._encode({"/runs/a": index_module._encode(entry)})]


def notes(data: bytes, directory: Path) -> None:
    """What the user said of runs: entries of another shape are left out."""
    path = directory / "annotations.jsonl"
    write(path, data)
    notebook = Notebook(path)
    notebook.refresh()
    for run in (*notebook._said, "/runs/a"):
        check_facts(notebook.apply(RunFacts("id", "name", "csv", run)))


def media(data: bytes, directory: Path) -> None:
    """Images, tables, histograms and texts as records: each is drawn, or says why not."""
    write_native(directory, **{"media.jsonl": data})
    (directory / "media").mkdir(exist_ok=True)
    (directory / "media" / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n" + data[:2000])
    records = MediaStore(str(directory)).read()
    for at in range(min(len(records), 5)):
        drawn = draw_record(str(directory), records[: at + 1], at, 60, 20, Look(), Graphics("kitty"))
        assert all(ord(char) >= 32 or char == "\n" for char in drawn.cells.text())


def media_seeds() -> list[bytes]:
    """A record of each kind."""
    kinds = (
        {"kind": "image", "path": "media/x.png", "caption": "c"},
        {"kind": "histogram", "counts": [1, 2, 3], "edges": [0, 1, 2, 3]},
        {"kind": "table", "columns": ["a", "b"], "rows": [[1, "x"], [2.5, None]]},
        {"kind": "text", "text": "some text"},
        {"kind": "confusion_matrix", "class_names": ["a", "b"], "matrix": [[1, 2], [3, 4]]},
    )
    lines = [json.dumps({"step": 1, "time": 1.0, "key": "k", "index": 0, **kind}) for kind in kinds]
    return ["\n".join(lines).encode() + b"\n", *(line.encode() + b"\n" for line in lines)]


def picture(data: bytes, directory: Path) -> None:
    """Image files, with Pillow and with our own decoder of PNG: pixels, or an ImageError."""
    for modules in ({}, {"PIL": None}):
        with mock.patch.dict("sys.modules", modules):
            try:
                pixels = decode(data)
            except ImageError:
                continue
        assert pixels.ndim == 3
        assert pixels.shape[2] == 3
        half_blocks(pixels, 20, 10)


def picture_seeds() -> list[bytes]:
    """A small image of each kind, and those that W&B wrote."""
    import numpy as np
    from PIL import Image

    found = [path.read_bytes() for path in sorted(FIXTURES.rglob("*.png"))[:2]]
    pixels = (np.arange(8 * 6 * 3) * 7 % 256).astype(np.uint8).reshape(6, 8, 3)
    for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP"):
        for image in (Image.fromarray(pixels), Image.fromarray(pixels).convert("P")):
            file = BytesIO()
            (image.convert("RGB") if kind == "JPEG" else image).save(file, kind)
            found.append(file.getvalue())
    return found


def pointers(data: bytes, directory: Path) -> None:
    """Files of DVC and git-lfs that stand for data: size and digest, or nothing."""
    (directory / "data.dvc").write_bytes(data)
    (directory / "weights.bin").write_bytes(b"version https://git-lfs.github.com/spec/v1\n" + data[:900])
    for name in ("data", "data.dvc", "weights.bin"):
        found = measure(str(directory / name), Digests(str(directory / "digests.jsonl")))
        assert found.get("size_bytes") is None or isinstance(found["size_bytes"], int)


NOTES = (
    '{"time": 1.0, "path": "/runs/a", "name": "n", "tags": ["x"], "notes": "m", "star": true}\n'
    '{"time": 2.0, "path": "/runs/a", "tags": [], "hidden": true}\n',
)
POINTERS = (
    "outs:\n- md5: 0123456789abcdef0123456789abcdef\n  size: 1024\n  path: data\n",
    "outs:\n- md5: x\n  size: \u00b2\n- size: " + "9" * 5000 + "\n",
    "oid sha256:0\nsize \u00b2\n",
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n",
)
