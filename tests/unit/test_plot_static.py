"""Figures drawn once, images as cells, colours and letters."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tailboard.png import png
from tailboard_tui.plot import pixels, static
from tailboard_tui.plot.heatmap import Histogram, draw_heatmap
from tailboard_tui.plot.matrix import draw_matrix
from tailboard_tui.plot.palette import DARK, LIGHT, blend, run_colors, run_letters
from tailboard_tui.plot.spec import Look

number = st.floats(allow_nan=True, allow_infinity=True)


@given(
    st.lists(st.tuples(number, number), max_size=12), st.integers(30, 120), st.integers(8, 30), st.booleans()
)
@settings(max_examples=60, deadline=None)
def test_a_scatter_takes_any_numbers(
    pairs: list[tuple[float, float]], width: int, height: int, is_log: bool
) -> None:
    dots = [static.Dot(x, y, "abcdefghijkl"[i]) for i, (x, y) in enumerate(pairs)]
    text = static.scatter(dots, "t [b]x[/b] \x1b[1m", "lr", width, height, is_log_x=is_log, is_log_y=is_log)
    assert "\x1b" not in text
    assert all(cell_len(line) <= width for line in text.split("\n"))


def test_a_scatter_has_round_ticks_and_all_letters() -> None:
    dots = [static.Dot(10.0**-k, 0.1 * k, "abcd"[k]) for k in range(1, 4)]
    text = static.scatter(dots, "best loss", "lr", 60, 14, is_log_x=True)
    assert all(letter in text for letter in "bcd")
    assert "0.001" in text
    assert "0.1" in text
    assert "lr" in text


def test_a_scatter_says_what_has_no_place() -> None:
    text = static.scatter([static.Dot(1, 1, "a"), static.Dot(math.nan, 1, "b")], "best", "lr", 60, 12)
    assert "(1 without a place)" in text


@given(st.lists(st.tuples(st.text(max_size=30), number), max_size=15), st.integers(30, 120))
@example([("", -2.2250738585e-313)], 30)
@settings(max_examples=60, deadline=None)
def test_bars_take_any_names_and_numbers(values: list[tuple[str, float]], width: int) -> None:
    text = static.bars(values, "best", width, 12)
    assert "\x1b" not in text
    assert all(cell_len(line) <= width for line in text.split("\n"))


def test_a_figure_has_the_size_that_was_asked_for() -> None:
    text = static.scatter([static.Dot(1, 1, "a"), static.Dot(2, 3, "b")], "best", "lr", 140, 46).split("\n")
    assert (max(cell_len(line) for line in text), len(text)) == (140, 46)


def test_the_largest_value_has_the_longest_bar() -> None:
    lines = static.bars([("one", 1.0), ("three", 3.0)], "best", 60, 10).split("\n")
    one = next(line for line in lines if "one" in line)
    three = next(line for line in lines if "three" in line)
    assert three.count("█") > 2 * one.count("█")


def test_dots_that_meet_are_counted() -> None:
    dots = [static.Dot(1.0, 1.0, "a"), static.Dot(1.0, 1.0, "b"), static.Dot(2.0, 2.0, "c")]
    plot = [re.split("[│┤]", line) for line in static.scatter(dots, "best", "lr", 60, 14).split("\n")]
    signs = "".join(line[1] for line in plot if len(line) == 3).replace(" ", "")
    assert sorted(signs) == ["2", "c"]


@pytest.mark.parametrize(("height", "rows"), [(40, 5 + 6 + 4), (12, 5 + 4)])
def test_every_bar_is_one_row_and_they_stand_apart_where_there_is_room(height: int, rows: int) -> None:
    lines = static.bars([(f"run {i}", 5.0 - i) for i in range(5)], "best", 60, height).split("\n")
    assert len(lines) == rows
    lengths = [line.count("█") for line in lines if "█" in line]
    assert len(lengths) == 5
    assert lengths == sorted(set(lengths), reverse=True)


def test_a_matrix_shows_counts_and_shades_shares_of_a_row() -> None:
    cells = draw_matrix([[9, 1], [0, 4]], ["cat", "dog"], "val", 40, Look())
    text = cells.text()
    assert "cat" in text
    assert " 9" in text
    backgrounds = {style.background for style in cells.table} - {None}
    assert len(backgrounds) == 3


def test_a_matrix_that_is_too_wide_says_so() -> None:
    names = [f"class {i}" for i in range(30)]
    cells = draw_matrix(np.eye(30).tolist(), names, "val", 60, Look(has_color=False))
    assert "more classes" in cells.text()
    assert cells.width == 60


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_files_of_the_logger_are_read_without_pillow(channels: int) -> None:
    values = np.random.default_rng(channels).integers(0, 256, (7, 5, channels), dtype=np.uint8)
    found = pixels._decode_png(png(values.tobytes(), 5, 7, channels))
    assert np.array_equal(found, values)


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 4), min_size=6, max_size=6))
@settings(max_examples=40, deadline=None)
def test_every_png_filter_is_undone(seed: int, kinds: list[int]) -> None:
    image = pytest.importorskip("PIL.Image")
    import struct
    import zlib
    from io import BytesIO

    raw = np.random.default_rng(seed).integers(0, 256, (6, 12), dtype=np.uint8)
    rows = b"".join(bytes([kind]) + row.tobytes() for kind, row in zip(kinds, raw, strict=True))
    header = struct.pack(">IIBBBBB", 4, 6, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    with image.open(BytesIO(content)) as expected:
        assert np.array_equal(pixels._decode_png(content), np.asarray(expected))


@given(st.integers(1, 80), st.integers(1, 80), st.integers(1, 60), st.integers(1, 30), st.booleans())
@settings(max_examples=100, deadline=None)
def test_an_image_never_overflows(rows: int, columns: int, width: int, height: int, has_color: bool) -> None:
    image = np.random.default_rng(0).integers(0, 256, (rows, columns, 3), dtype=np.uint8)
    cells = pixels.half_blocks(image, width, height, has_color=has_color)
    assert 1 <= cells.width <= width
    assert 1 <= cells.height <= height


def test_a_file_that_claims_to_be_huge_is_refused() -> None:
    import struct

    content = (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + b"IHDR"
        + struct.pack(">IIBBBBB", 10**6, 10**6, 8, 2, 0, 0, 0)
    )
    with pytest.raises(pixels.ImageError):
        pixels._decode_png(content + b"\0" * 20)
    with pytest.raises(pixels.ImageError):
        pixels.decode(content + b"\0" * 20)


@given(st.lists(st.lists(number, max_size=6), max_size=6), st.integers(1, 100), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_a_heat_map_takes_any_numbers(lists: list[list[float]], width: int, height: int) -> None:
    found = [
        Histogram(float(i), np.array(values[:-1], dtype=np.float64), np.array(values, dtype=np.float64))
        for i, values in enumerate(lists)
    ]
    cells = draw_heatmap(found, 0, width, height, Look())
    assert (cells.width, cells.height) == (width, height)


def test_colours_are_distinct_stable_and_kept() -> None:
    ids = [f"run-{i}" for i in range(len(DARK))]
    colors = run_colors(ids)
    assert len(set(colors.values())) == len(DARK)
    assert run_colors(ids[:1])[ids[0]] == colors[ids[0]]
    kept = run_colors(["new", *ids[:4]], kept=colors)
    assert all(kept[run] == colors[run] for run in ids[:4])
    assert kept["new"] not in {colors[run] for run in ids[:4]}
    assert set(run_colors(ids, dark=False).values()) == set(LIGHT)


def _luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("colors", "background"), [(DARK, "#0f1317"), (LIGHT, "#fbfbfa")])
def test_every_colour_stands_out_from_its_background(colors: tuple[str, ...], background: str) -> None:
    for color in colors:
        low, high = sorted((_luminance(color), _luminance(background)))
        assert (high + 0.05) / (low + 0.05) >= 3.0, color  # WCAG 2.1, 1.4.11: graphical objects


def test_letters_are_distinct_and_kept() -> None:
    letters = run_letters([str(i) for i in range(60)])
    assert len(set(list(letters.values())[:52])) == 52
    assert run_letters(["x", "y"], kept={"y": "a"}) == {"x": "b", "y": "a"}


def test_blend_lies_between() -> None:
    assert blend("#ffffff", "#000000", 0.5) == "#808080"
