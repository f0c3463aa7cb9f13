"""The line at the bottom: the keys that work now, as many as fit."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.widget import Widget

from tailboard_tui.actions import key_label


class KeyBar(Widget):
    """Keys of the focused pane first, then those that work everywhere."""

    DEFAULT_CSS = """
    KeyBar { height: 1; background: $panel; color: $text-dim; padding: 0 1; dock: bottom; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys: tuple[tuple[str, str, str], ...] = ()

    def on_mount(self) -> None:
        """Follow the bindings of whatever has the focus."""
        self.screen.bindings_updated_signal.subscribe(self, self._follow)
        self._follow(self.screen)

    def _follow(self, screen: object) -> None:
        shown: dict[str, tuple[str, str, str]] = {}
        own: list[str] = []
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if not (binding.show and active.enabled):
                continue
            label = key_label(binding.key)
            if binding.action not in shown or len(label) < len(shown[binding.action][0]):
                shown[binding.action] = (label, binding.description, binding.action)
            if active.node is not self.screen and active.node is not self.app:
                own.append(binding.action)
        keys = tuple(sorted(shown.values(), key=lambda item: item[2] not in own))
        if keys != self._keys:
            self._keys = keys
            self.refresh()

    def _fitting(self) -> list[tuple[str, str, str]]:
        """The keys that fit; help always does."""
        help_key = [item for item in self._keys if item[2] == "help"]
        others = [item for item in self._keys if item[2] != "help"]
        room = self.size.width - sum(len(key) + len(label) + 3 for key, label, _ in help_key)
        chosen = []
        for item in others:
            room -= len(item[0]) + len(item[1]) + 3
            if room < 0:
                break
            chosen.append(item)
        return chosen + help_key

    def render(self) -> Content:
        """Key in the foreground colour, its word dim."""
        parts: list[tuple[str, str]] = []
        for key, label, _ in self._fitting():
            parts += [(key, "bold $foreground"), (f" {label}  ", "$text-dim")]
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        """Do what the clicked key does."""
        x = event.get_content_offset_capture(self).x
        for key, label, action in self._fitting():
            x -= len(key) + len(label) + 3
            if x < 0:
                self.app.simulate_key(self._key_of(action))
                return

    def _key_of(self, action: str) -> str:
        found = self.screen.active_bindings.items()
        return next(key for key, active in found if active.binding.action == action)
