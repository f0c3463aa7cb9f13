"""What follows from the table of actions: bindings, footer, help screen, palette and docs/keys.md."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from textual.binding import Binding, BindingType

from tailboard_tui.action_table import ACTIONS, Action, Scope

__all__ = [
    "ACTIONS",
    "SCOPE_TITLES",
    "Action",
    "Scope",
    "actions",
    "bindings",
    "key_label",
    "key_labels",
    "keymap",
    "keys_markdown",
]


def actions(scope: Scope) -> tuple[Action, ...]:
    """The actions of one scope."""
    return tuple(action for action in ACTIONS if action.scope == scope)


def bindings(scope: Scope, on_screen: Collection[str] = ()) -> list[BindingType]:
    """Textual bindings of one scope; the action's id is the binding's, so a keymap can change its keys.

    Args:
        on_screen: Ids of actions that the screen carries out for the widget that has the keys.
    """
    return [
        Binding(
            action.keys,
            f"screen.{action.id}" if action.id in on_screen else action.id,
            action.label,
            show=action.in_footer,
            id=action.id,
        )
        for action in actions(scope)
    ]


_KEY_NAMES = {
    "question_mark": "?",
    "exclamation_mark": "!",
    "asterisk": "*",
    "slash": "/",
    "full_stop": ".",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "ampersand": "&",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "escape": "Esc",
    "enter": "Enter",
    "space": "Space",
    "tab": "Tab",
    "delete": "Del",
    "home": "Home",
    "end": "End",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
}
"""Textual's names of keys as people write them."""


def key_label(key: str) -> str:
    """A key as footer, help and docs show it: `ctrl+d` -> `Ctrl+D`, `slash` -> `/`."""
    *held, last = key.split("+")
    shown = _KEY_NAMES.get(last, last.upper() if held and len(last) == 1 else last)
    return "+".join([*(part.capitalize() for part in held), shown])


def key_labels(keys: str) -> str:
    """All keys of an action: `j ↓`."""
    return " ".join(key_label(key.strip()) for key in keys.split(","))


SCOPE_TITLES: Mapping[Scope, str] = {
    "app": "Everywhere",
    "explorer": "Explorer",
    "runs": "Run list",
    "right": "Tabs",
    "charts": "Charts",
    "media": "Media",
    "log": "Log",
    "lines": "Config, Info and lists",
    "tree": "Config and Info",
}
"""Headings of help and docs/keys.md."""


def keymap(remapped: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The `[keys]` table of `config.toml` as a Textual keymap, and what is wrong with it.

    An unknown action is left out; so is a key that another action of the same scope has already.
    """
    known = {action.id: action for action in ACTIONS}
    good: dict[str, str] = {}
    problems: list[str] = []
    for name, keys in remapped.items():
        action = known.get(name)
        wanted = [key.strip() for key in keys.split(",") if key.strip()]
        if action is None or not wanted:
            problems.append(f"keys.{name}: " + ("no such action" if action is None else "no key given"))
            continue
        taken = {
            key.strip(): other.id
            for other in actions(action.scope)
            if other.id != name
            for key in (good.get(other.id) or remapped.get(other.id) or other.keys).split(",")
        }
        clash = next((key for key in wanted if key in taken), None)
        if clash is not None:
            problems.append(f"keys.{name}: {clash} is the key of {taken[clash]}")
        else:
            good[name] = ",".join(wanted)
    return good, problems


def keys_markdown() -> str:
    """docs/keys.md."""
    parts = [
        "# Keys\n",
        'Every key can be changed in `config.toml`: `[keys]`, then `ACTION = "KEY,KEY"`.'
        " The mouse works too; hold Shift to select text with it.\n",
    ]
    for scope, title in SCOPE_TITLES.items():
        found = actions(scope)
        if found:
            parts += [f"## {title}\n", "| key | what it does | action |", "|---|---|---|"]
            parts += [_markdown_row(action) for action in found]
            parts.append("")
    return "\n".join(parts)


def _markdown_row(action: Action) -> str:
    keys = " ".join(f"`{label}`" for label in key_labels(action.keys).split(" "))
    return f"| {keys} | {action.help} | `{action.id}` |"
