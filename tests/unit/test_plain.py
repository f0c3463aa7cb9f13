"""Signs of the screens as ASCII."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tailboard_tui.text.plain import _TABLE, plain
from tailboard_tui.widgets.cells import sparkline, width_of
from tailboard_tui.widgets.run_table_columns import STATUS_GLYPHS


def test_no_box_block_or_braille_character_is_left() -> None:
    drawn = "".join(map(chr, (*range(0x2500, 0x25A0), *range(0x2800, 0x2900))))
    assert plain(drawn).isascii()


def test_the_signs_of_statuses_stay_apart_where_a_person_acts_on_them() -> None:
    signs = {status: plain(glyph) for status, glyph in STATUS_GLYPHS.items()}
    assert all(sign.isascii() for sign in signs.values())
    assert len(set(signs.values())) == len(set(STATUS_GLYPHS.values()))


def test_a_rising_line_rises_in_ascii_too() -> None:
    assert plain(sparkline(tuple(map(float, range(8))), 8)) == "_.-~=+*#"


@settings(max_examples=200, deadline=None)
@given(
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E) | st.sampled_from(sorted(map(chr, _TABLE))))
)
def test_every_text_takes_as_many_cells_as_before(text: str) -> None:
    assert width_of(plain(text)) == width_of(text)
    assert len(plain(text)) == len(text)
