"""Images, histograms, tables, texts, confusion matrices: what stands in media.jsonl and in the files."""

from __future__ import annotations

import io
import json
import math
import struct
import sys
import types
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tailboard
from tailboard import Run
from tailboard.pixels import pixels_of
from tailboard.png import png, size


@pytest.fixture
def run(tmp_path: Path) -> Any:
    with tailboard.init(dir=str(tmp_path), capture=False, git=False, system=False) as run:
        yield run


def media(run: Run) -> list[dict[str, Any]]:
    run.finish()
    return [json.loads(line) for line in (Path(run.dir) / "media.jsonl").read_text().splitlines()]


def decoded(content: bytes) -> tuple[int, int, int, bytes]:
    """Width, height, channels and pixels of a PNG that `png` wrote, checksums checked."""
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    at, found, data = 8, (0, 0, 0), b""
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 8 : at + 8 + length]
        assert struct.unpack(">I", content[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body)
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert depth == 8
            found = (width, height, {0: 1, 4: 2, 2: 3, 6: 4}[colour])
        elif kind == b"IDAT":
            data += body
        at += 12 + length
    width, height, channels = found
    rows = zlib.decompress(data)
    stride = width * channels + 1
    return width, height, channels, b"".join(rows[i * stride + 1 : (i + 1) * stride] for i in range(height))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.randoms())
def test_png_files_hold_the_pixels(width: int, height: int, channels: int, random: Any) -> None:
    pixels = random.randbytes(width * height * channels)
    content = png(pixels, width, height, channels)
    assert decoded(content) == (width, height, channels, pixels)
    assert size(content) == (width, height)


def test_sizes_that_do_not_fit_are_refused() -> None:
    for arguments in ((b"abc", 1, 1, 1), (b"", 0, 1, 1), (b"abcde", 1, 1, 5)):
        with pytest.raises(ValueError, match="no image"):
            png(*arguments)
    assert size(b"GIF89a") is None


class Tensor:
    """Acts like a torch tensor on a GPU that needs a gradient."""

    def __init__(self, array: Any, dtype: str = "torch.float32") -> None:
        self.array = array
        self.dtype = dtype

    def detach(self) -> Tensor:
        return self

    cpu = float = detach

    def numpy(self) -> Any:
        return self.array


@pytest.mark.parametrize(
    ("data", "channels", "values"),
    [
        (np.array([[0, 255]], np.uint8), 1, [0, 255]),
        (np.array([[False, True]]), 1, [0, 255]),
        (np.array([[0.0, 0.5, 1.0]]), 1, [0, 128, 255]),
        (np.array([[-1.0, 0.0, 1.0]]), 1, [0, 128, 255]),
        (np.array([[0.0, 100.0, 300.0]]), 1, [0, 100, 255]),
        (np.array([[math.nan, math.inf, 0.5]]), 1, [0, 255, 128]),
        (np.full((1, 2), math.nan), 1, [0, 0]),
        (np.array([[[1, 2, 3]]], np.int64), 3, [1, 2, 3]),
        (np.zeros((1, 1, 2, 5), np.uint8), 1, [0] * 10),
        (
            np.arange(15, dtype=np.uint8).reshape(3, 1, 5),
            3,
            [0, 5, 10, 1, 6, 11, 2, 7, 12, 3, 8, 13, 4, 9, 14],
        ),
        ([[0, 255], [1, 2]], 1, [0, 255, 1, 2]),
        ([[[0.0, 1.0, 0.5]]], 3, [0, 255, 128]),
        (Tensor(np.array([[0.0, 1.0]])), 1, [0, 255]),
        (Tensor(np.array([[0.0, 1.0]]), "torch.bfloat16"), 1, [0, 255]),
    ],
)
def test_arrays_of_every_form_become_pixels(data: Any, channels: int, values: list[int]) -> None:
    found = pixels_of(data)
    assert found.channels == channels
    assert list(found.values) == values
    assert found.width * found.height * channels == len(values)


@pytest.mark.parametrize("data", [5, [], [[]], "text", np.zeros(3), np.zeros((2, 2, 2, 2)), None])
def test_what_is_no_image_costs_a_warning(run: Run, data: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run.log({"x": tailboard.Image(data), "loss": 1})
    run.finish()
    assert capsys.readouterr().err.count("x: this cannot be kept") == 1
    assert '"loss":1' in (Path(run.dir) / "metrics.jsonl").read_text()


def test_an_image_is_a_record_and_a_file_inside_the_run(run: Run) -> None:
    run.log({"../../evil\x1b name": tailboard.Image(np.zeros((2, 3, 3), np.uint8), caption="c")}, step=7)
    (record,) = media(run)
    assert (record["step"], record["kind"], record["caption"]) == (7, "image", "c")
    assert (record["width"], record["height"]) == (3, 2)
    path = Path(run.dir) / record["path"]
    assert path.parent == Path(run.dir) / "media"
    assert decoded(path.read_bytes())[:3] == (3, 2, 3)
    assert (Path(run.dir) / "metrics.jsonl").read_text() == ""


def test_several_images_under_one_key_keep_their_order(run: Run) -> None:
    run.log({"s": [tailboard.Image([[value]]) for value in (1, 2, 3)], "loss": 0.5})
    records = media(run)
    assert [record["index"] for record in records] == [0, 1, 2]
    assert len({record["path"] for record in records}) == 3
    assert '"loss":0.5' in (Path(run.dir) / "metrics.jsonl").read_text()


class Drawn:
    """Acts like a PIL image or a matplotlib figure."""

    __module__ = "PIL.Image"

    def convert(self) -> None: ...

    def show(self) -> None: ...

    def save(self, file: io.BytesIO, format: str) -> None:
        file.write(png(b"\0\1\2", 3, 1, 1))


class Figure:
    __module__ = "matplotlib.figure"

    def show(self) -> None: ...

    def savefig(self, file: io.BytesIO, format: str) -> None:
        file.write(png(b"\0\1", 2, 1, 1))


def test_bare_figures_and_pictures_are_images(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    pyplot = types.ModuleType("matplotlib.pyplot")
    pyplot.gcf = Figure  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", pyplot)
    run.log({"a": Drawn(), "b": Figure(), "c": pyplot})
    assert [(record["key"], record["width"]) for record in media(run)] == [("a", 3), ("b", 2), ("c", 2)]


def test_a_picture_file_is_copied(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "x.PNG"
    source.write_bytes(png(b"\0", 1, 1, 1))
    run.log({"a": tailboard.Image(str(source))})
    (record,) = media(run)
    assert (Path(run.dir) / record["path"]).read_bytes() == source.read_bytes()


@pytest.mark.parametrize("values", [[1, 2, 2, 4], np.array([1, 2, 2, 4.0]), [[1], [2, 2], [4]]])
def test_histograms_count_all_finite_values(run: Run, values: Any) -> None:
    run.log({"h": tailboard.Histogram(values, num_bins=3)})
    (record,) = media(run)
    assert record["counts"] == [1, 2, 1]
    assert record["edges"] == [1, 2, 3, 4]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(), max_size=30), st.integers(1, 20), st.booleans())
@example([-1.7976931348605183e308], 1, True)
@example([1.7976931348605183e308], 3, False)
@example([1.7976931348623157e308, -8.988465674311579e307], 3, False)
def test_every_finite_value_is_in_one_bin(values: list[float], bins: int, is_array: bool) -> None:
    finite = [value for value in values if math.isfinite(value)]
    if is_array and finite and max(finite) - min(finite) > 1e300:
        return  # numpy itself refuses ranges that overflow
    found = tailboard.Histogram(np.array(values) if is_array else values, num_bins=bins)
    assert sum(found.counts) == len(finite)
    assert found.not_finite == len(values) - len(finite)
    assert len(found.edges) == (len(found.counts) + 1 if finite else 0)
    assert found.edges == sorted(found.edges)


def test_a_histogram_may_be_given_ready(run: Run) -> None:
    run.log({"h": tailboard.Histogram(np_histogram=np.histogram([1, 2, 3], 2))})
    assert media(run)[0]["counts"] == [1, 2]


def test_tables_hold_columns_and_cells(run: Run) -> None:
    table = tailboard.Table(columns=["a", "b"])
    table.add_data(1, "x")
    table.add_data(math.nan, tailboard.Image([[1]]))
    table.add_column("c", [np.float32(0.5), object])
    run.log({"t": table})
    (record,) = media(run)
    assert record["columns"] == ["a", "b", "c"]
    assert record["rows"] == [[1, "x", 0.5], ["NaN", "<Image>", "<class 'object'>"]]


def test_a_long_table_gets_a_file_of_lines(run: Run) -> None:
    run.log({"t": tailboard.Table(columns=["n"], data=[[n] for n in range(20_000)])})
    (record,) = media(run)
    assert (record["row_count"], "rows" in record) == (20_000, False)
    rows = (Path(run.dir) / record["path"]).read_text().splitlines()
    assert (len(rows), rows[-1]) == (20_000, "[19999]")


def test_a_frame_of_pandas_is_a_table(run: Run) -> None:
    import pandas as pd

    run.log({"t": tailboard.Table(dataframe=pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))})
    record = media(run)[0]
    assert (record["columns"], record["rows"]) == (["a", "b"], [[1, "x"], [2, "y"]])


def test_texts_and_confusion_matrices(run: Run) -> None:
    run.log({"text": tailboard.Text("hello\nworld")})
    probs = [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]
    run.log({"cm": tailboard.plot.confusion_matrix(probs=probs, y_true=[0, 1, 1], class_names=["cat"])})
    text, matrix = media(run)
    assert text["text"] == "hello\nworld"
    assert (matrix["class_names"], matrix["matrix"]) == (["cat", "1"], [[1, 0], [1, 1]])
