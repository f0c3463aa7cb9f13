"""Writing media: one record of media.jsonl each, what is large in a file under media/."""

from __future__ import annotations

import os
import sys

from tailboard import layout
from tailboard.encoding import plain
from tailboard.media import Content, Image
from tailboard.writer import write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailboard.recorder import Run


def as_media(value: object) -> object:
    """`value` itself where it is media, an `Image` of a bare figure or picture."""
    return value if hasattr(type(value), "media_record") else Image(value)


def write_media(run: Run, key: str, value: object, step: int | float, now: float) -> None:
    """Record the media `value` under `key`; files are made off the training path."""
    values = value if isinstance(value, list | tuple) else [value]
    for index, item in enumerate(values):
        try:
            content: Content = as_media(item).media_record()  # type: ignore[attr-defined]  # as_media
        except Exception as error:  # noqa: BLE001  a stranger's array or figure may raise anything
            run.warn("media " + key, f"{key:.200}: this cannot be kept: {type(error).__name__}: {error}")
            continue
        record = {"step": step, "time": now, "key": key, "kind": content.kind}
        if len(values) > 1:
            record["index"] = index
        run.later(lambda record=record, content=content: _write(run, record, content))  # type: ignore[misc]  # bound now


def _write(run: Run, record: dict[str, object], content: Content) -> None:
    if content.encode is not None:
        name = _file_name(record, content.ending)
        os.makedirs(os.path.join(run.dir, layout.MEDIA_DIR), exist_ok=True)
        write_whole(os.path.join(run.dir, layout.MEDIA_DIR, name), content.encode())
        record["path"] = f"{layout.MEDIA_DIR}/{name}"
    run.append(layout.MEDIA, plain({**record, **content.fields}, limit=sys.maxsize))


def _file_name(record: Mapping[str, object], ending: str) -> str:
    """A plain name that tells key and step, and never meets another one."""
    key = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in str(record["key"])[:60])
    return f"{key}-{record['step']}-{os.urandom(4).hex()}.{ending}"
