"""Our two themes: calm surfaces, high contrast text, one accent."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="tailboard-dark",
    primary="#6ea8fe",
    secondary="#8b98a9",
    accent="#6ea8fe",
    foreground="#dbe1e8",
    background="#0f1317",
    surface="#151a20",
    panel="#1d242c",
    success="#7cc592",
    warning="#e5b567",
    error="#f0787f",
    dark=True,
    variables={
        "text-dim": "#8a96a3",
        "line": "#2a333d",
        "cursor-row": "#243140",
        "cursor-row-blurred": "#1b232c",
        "running": "#6ea8fe",
        "block-cursor-background": "#243140",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "bold",
        "block-hover-background": "#1b232c",
        "input-cursor-background": "#dbe1e8",
        "input-selection-background": "#2f4a6d",
        "scrollbar": "#2a333d",
        "scrollbar-hover": "#3a4652",
        "scrollbar-active": "#6ea8fe",
        "scrollbar-background": "#0f1317",
        "scrollbar-background-hover": "#0f1317",
        "scrollbar-background-active": "#0f1317",
        "scrollbar-corner-color": "#0f1317",
    },
)

LIGHT = Theme(
    name="tailboard-light",
    primary="#1f5fbf",
    secondary="#5c6773",
    accent="#1f5fbf",
    foreground="#1c232b",
    background="#fbfbfa",
    surface="#f3f4f4",
    panel="#e8ebed",
    success="#1f7a3f",
    warning="#8f5f00",
    error="#bb2a35",
    dark=False,
    variables={
        "text-dim": "#5f6b77",
        "line": "#d5dade",
        "cursor-row": "#dce8f8",
        "cursor-row-blurred": "#eceff2",
        "running": "#1f5fbf",
        "block-cursor-background": "#dce8f8",
        "block-cursor-foreground": "#0b1016",
        "block-cursor-text-style": "bold",
        "block-hover-background": "#eceff2",
        "input-cursor-background": "#1c232b",
        "input-cursor-foreground": "#fbfbfa",
        "input-selection-background": "#b9d2f5",
        "scrollbar": "#d5dade",
        "scrollbar-hover": "#bcc4cb",
        "scrollbar-active": "#1f5fbf",
        "scrollbar-background": "#fbfbfa",
        "scrollbar-background-hover": "#fbfbfa",
        "scrollbar-background-active": "#fbfbfa",
        "scrollbar-corner-color": "#fbfbfa",
    },
)

THEMES = (DARK, LIGHT)

VARIABLES = {
    name: value
    for name, value in DARK.variables.items()
    if name in ("text-dim", "line", "cursor-row", "cursor-row-blurred", "running")
}
"""Defaults of the variables that only our style sheets use, for themes that do not set them."""


def variable_defaults(theme: Theme) -> dict[str, str]:
    """What our own variables are in a theme that does not know them (any of Textual's)."""
    if all(name in theme.variables for name in VARIABLES):
        return {}
    colors = theme.to_color_system().generate()
    return {
        "text-dim": colors["secondary"]
        if theme.ansi
        else colors["foreground-darken-3" if theme.dark else "foreground-lighten-3"],
        "line": colors["panel"],
        "cursor-row": colors["primary-muted"],
        "cursor-row-blurred": colors["panel"],
        "running": colors["primary"],
    }
