"""Images, histograms, texts and tables of other trackers' runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import until
from reading import FIXTURES
from reading import read_all as points_of
from tailboard_tui.formats.media import MediaRecord, Place
from tailboard_tui.formats.protobuf import WireError, write_bytes, write_double, write_int
from tailboard_tui.formats.tensorboard_write import write_records
from tailboard_tui.formats.tfmedia import media_of
from tailboard_tui.formats.wandb import WandbReader
from tailboard_tui.formats.wandbmedia import media_records
from tailboard_tui.store.media import media_file, numbers, table_rows
from tailboard_tui.store.media_foreign import ForeignMedia, open_media

PNG = b"\x89PNG\r\n\x1a\n"


def read_all(media: ForeignMedia) -> dict[str, list[MediaRecord]]:
    """All records, by key."""
    found: dict[str, list[MediaRecord]] = {}

    def is_complete() -> bool:
        found.clear()
        for record in media.read():
            found.setdefault(record.key, []).append(record)
        return media.is_complete

    until(is_complete)
    return found


def test_tensorboards_images_histograms_and_texts_are_found() -> None:
    run = FIXTURES / "tensorboard_x" / "plain"
    media = open_media(str(run), "tensorboard")
    assert isinstance(media, ForeignMedia)
    found = read_all(media)
    (image,) = found["sample"]
    content = media_file(str(run), image)
    assert content.startswith(PNG)
    assert content.endswith(b"IEND\xaeB`\x82")
    histograms = found["weights"]
    assert [record.step for record in histograms] == [0, 10, 20, 30]
    fields = histograms[0].fields()
    counts, edges = numbers(fields["counts"]), numbers(fields["edges"])
    assert sum(counts) == 10
    assert (edges[0], edges[-1]) == (0, 9)
    assert len(edges) == len(counts) + 1
    assert edges == sorted(edges)
    (text,) = (records for key, records in found.items() if key.startswith("notes"))
    assert text[0].fields()["text"] == "a plain text"


def tensor(plugin: str, tag: str, body: bytes) -> bytes:
    """A record with a tensor of a plug-in, as TensorFlow 2 writes it."""
    metadata = write_bytes(9, write_bytes(1, write_bytes(1, plugin.encode())))
    value = write_bytes(1, tag.encode()) + metadata + write_bytes(8, body)
    return write_double(1, 1.7e9) + write_int(2, 5) + write_bytes(5, write_bytes(1, value))


def test_tensors_of_the_plugins_are_read_and_go_on_when_the_file_grows(tmp_path: Path) -> None:
    images = b"".join(write_bytes(8, part) for part in (b"4", b"3", PNG + b"first", PNG + b"second"))
    buckets = np.array([[0, 1, 3], [1, 2, 4]], dtype="<f8").tobytes()
    histogram = write_int(1, 2) + write_bytes(4, buckets)
    path = tmp_path / "events.out.tfevents.1.host"
    with path.open("wb") as file:
        write_records(file, [tensor("images", "x", images), tensor("histograms", "h", histogram)])
    media = ForeignMedia(str(tmp_path))
    found = read_all(media)
    assert [media_file(str(tmp_path), record) for record in found["x"]] == [PNG + b"first", PNG + b"second"]
    assert [(record.index, record.step) for record in found["x"]] == [(0, 5), (1, 5)]
    assert found["h"][0].fields() == {"counts": [3, 4], "edges": [0, 1, 2]}
    with path.open("ab") as file:
        write_records(file, [tensor("text", "t", write_bytes(8, b"later"))])
    assert [record.fields() for record in read_all(media)["t"]] == [{"text": "later"}]


def test_a_large_image_is_found_though_scalars_need_no_such_records(tmp_path: Path) -> None:
    content = PNG + bytes(3 * 1024 * 1024)
    body = b"".join(write_bytes(8, part) for part in (b"9", b"9", content))
    with (tmp_path / "events.out.tfevents.1.host").open("wb") as file:
        write_records(file, [tensor("images", "x", body)])
    (record,) = read_all(ForeignMedia(str(tmp_path)))["x"]
    assert len(record.line) < 100
    assert media_file(str(tmp_path), record) == content


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["", "images", "histograms", "text"]), st.binary(max_size=300))
def test_any_bytes_are_media_or_damage(plugin: str, value: bytes) -> None:
    try:
        for found in media_of(plugin, value):
            json.loads(found.line)
    except WireError:
        pass


def test_wandbs_media_are_those_that_wandb_wrote() -> None:
    (run,) = (FIXTURES / "wandb_media").glob("run-*")
    found = read_all(ForeignMedia(str(run)))
    assert [record.step for record in found["sample"]] == [0, 1]
    assert all(media_file(str(run), record).startswith(PNG) for record in found["sample"])
    assert [record.index for record in found["several"]] == [0, 1]
    counts = numbers(found["weights"][0].fields()["counts"])
    assert sum(counts) == 100
    columns, rows = table_rows(found["table"][0], media_file(str(run), found["table"][0]))
    reader = WandbReader(str(run))
    assert points_of(reader)[0].metrics == ("loss",)
    assert set(reader.facts().summary) == {"loss"}
    assert columns == ["name", "score"]
    assert rows == [["a", 0.5], ["b", 0.25]]


@pytest.mark.parametrize("path", ["../secret", "media/../../secret", "/etc/hostname", "media/link", "", "."])
def test_no_file_outside_of_the_run_is_read(path: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    files = tmp_path / "run" / "files"
    (files / "media").mkdir(parents=True)
    (files / "media" / "link").symlink_to(tmp_path / "secret")
    for record in media_records(str(tmp_path / "run"), "x", 0, 0, {"_type": "image-file", "path": path}):
        with pytest.raises(OSError, match=r"outside|directory|regular"):
            media_file(str(tmp_path / "run"), record)


def test_a_place_in_a_file_gives_just_those_bytes(tmp_path: Path) -> None:
    (tmp_path / "events").write_bytes(b"0123456789")
    place = Place(str(tmp_path), f"{tmp_path}/events", 3, 4)
    assert media_file(str(tmp_path), MediaRecord("x", "image", 0, 0, 0, b"{}", place)) == b"3456"


def test_a_run_without_media_has_none() -> None:
    assert read_all(ForeignMedia(str(FIXTURES / "keras" / "run"))) == {}
