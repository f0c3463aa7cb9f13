"""The table of actions and what derives from it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tailboard_tui.actions import (
    ACTIONS,
    SCOPE_TITLES,
    Scope,
    actions,
    bindings,
    key_label,
    keymap,
    keys_markdown,
)

ROOT = Path(__file__).resolve().parents[2]
SCOPES: tuple[Scope, ...] = tuple(SCOPE_TITLES)


@pytest.mark.parametrize("scope", SCOPES)
def test_no_key_stands_twice_in_one_scope(scope: Scope) -> None:
    keys = Counter(key for action in actions(scope) for key in action.keys.split(","))
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_action_has_an_id_of_its_own() -> None:
    assert [name for name, count in Counter(action.id for action in ACTIONS).items() if count > 1] == []


def test_every_scope_has_a_heading() -> None:
    assert {action.scope for action in ACTIONS} <= set(SCOPE_TITLES)


def test_every_action_says_in_a_sentence_what_it_does() -> None:
    assert [action.id for action in ACTIONS if not action.help.endswith(".") or not action.label] == []


@pytest.mark.parametrize("scope", [scope for scope in SCOPES if scope != "app"])
def test_a_pane_takes_no_key_that_leaves_or_helps_everywhere(scope: Scope) -> None:
    everywhere = {key for action in actions("app") for key in action.keys.split(",")}
    assert everywhere & {key for action in actions(scope) for key in action.keys.split(",")} == set()


def test_docs_keys_md_is_what_the_table_says() -> None:
    assert (ROOT / "docs/keys.md").read_text() == keys_markdown()


def test_bindings_carry_the_action_as_id_so_that_a_keymap_finds_them() -> None:
    for action, binding in zip(actions("runs"), bindings("runs", on_screen={"sort_runs"}), strict=True):
        assert not isinstance(binding, tuple)
        assert binding.id == action.id
        assert binding.action == ("screen.sort_runs" if action.id == "sort_runs" else action.id)


def test_a_key_can_be_given_to_another_action_once_its_own_gives_it_up() -> None:
    assert keymap({"refresh": "f5"}) == ({"refresh": "f5"}, [])
    good, problems = keymap({"sort_runs": "o", "toggle_mark": "s"})
    assert good == {"sort_runs": "o", "toggle_mark": "s"}
    assert problems == []


def test_a_key_that_is_taken_or_an_action_that_is_none_is_named_and_left_out() -> None:
    good, problems = keymap({"sort_runs": "slash", "fly": "f", "refresh": " , "})
    assert good == {}
    assert problems == [
        "keys.sort_runs: slash is the key of filter_runs",
        "keys.fly: no such action",
        "keys.refresh: no key given",
    ]


def test_keys_are_shown_as_people_write_them() -> None:
    assert [key_label(key) for key in ("slash", "ctrl+d", "G", "shift+tab", "pagedown", "plus")] == [
        "/",
        "Ctrl+D",
        "G",
        "Shift+Tab",
        "PgDn",
        "+",
    ]
