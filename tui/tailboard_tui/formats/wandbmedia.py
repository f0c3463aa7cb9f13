"""Media that W&B logs as objects with a `_type` in a run's history; their files stand in `files/media/`.

Source: wandb/sdk/data_types/{image,histogram,table}.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tailboard_tui.formats.media import MediaRecord, Place, histogram_line

_ONE_FILE = {"image-file": "image", "table-file": "table"}

MAX_IMAGES = 200
"""Logged together under one key."""


def media_records(
    run_path: str, name: str, step: float, time: float, value: Mapping[str, object]
) -> Iterator[MediaRecord]:
    """The records that an object of the history describes; none where it is of another type."""
    kind = value.get("_type")
    if kind == "histogram":
        line = _histogram(value)
        if line is not None:
            yield MediaRecord(name, "histogram", step, time, 0, line)
    elif kind == "images/separated":
        names = value.get("filenames")
        for index, path in enumerate(names[:MAX_IMAGES] if isinstance(names, list) else ()):
            yield MediaRecord(name, "image", step, time, index, b"{}", _place(run_path, path))
    elif kind in _ONE_FILE:
        place = _place(run_path, value.get("path"))
        yield MediaRecord(name, _ONE_FILE[str(kind)], step, time, 0, b"{}", place)


def _place(run_path: str, path: object) -> Place | None:
    """Of a file that is told relative to `files/`; whether it may be read is looked at when it is."""
    return Place(f"{run_path}/files", f"{run_path}/files/{path}") if isinstance(path, str) else None


def _histogram(value: Mapping[str, object]) -> bytes | None:
    counts, edges, packed = value.get("values"), value.get("bins"), value.get("packedBins")
    if not isinstance(counts, list) or not _are_numbers(counts):
        return None
    if isinstance(packed, dict):
        low, size = packed.get("min"), packed.get("size")
        if not isinstance(low, int | float) or not isinstance(size, int | float):
            return None
        edges = [low + size * index for index in range(len(counts) + 1)]
    return histogram_line(counts, edges) if isinstance(edges, list) and _are_numbers(edges) else None


def _are_numbers(values: list[object]) -> bool:
    return all(isinstance(value, int | float) for value in values)
