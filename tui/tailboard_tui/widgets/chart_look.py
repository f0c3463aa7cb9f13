"""The colours of charts from the theme."""

from __future__ import annotations

from textual.app import App
from textual.color import Color, ColorParseError

from tailboard_tui.plot.spec import LIGHT, Look


def look_of(app: App[object], *, is_ascii: bool = False) -> Look:
    """The look that fits the app's theme; themes of ANSI colours get our own plain one."""
    variables = app.theme_variables
    plain = Look() if app.current_theme.dark else LIGHT
    return Look(
        text=_hex(variables.get("foreground"), plain.text),
        muted=_hex(variables.get("text-dim"), plain.muted),
        axis=_hex(variables.get("axis") or variables.get("line"), plain.axis),
        accent=_hex(variables.get("accent"), plain.accent),
        error=_hex(variables.get("error"), plain.error),
        background=_hex(variables.get("background"), plain.background),
        is_ascii=is_ascii,
        has_color=not app.no_color,
    )


def _hex(value: str | None, otherwise: str) -> str:
    if not value:
        return otherwise
    try:
        color = Color.parse(value)
    except ColorParseError:
        return otherwise
    return otherwise if color.ansi is not None or color.a < 1 else color.hex6.lower()
