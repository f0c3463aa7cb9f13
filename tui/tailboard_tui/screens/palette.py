"""The command palette: the actions of the table, with their keys."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tailboard_tui.actions import ACTIONS, SCOPE_TITLES, Action, key_labels


class ActionProvider(Provider):
    """Every action that can be carried out from the screen on which the palette was opened."""

    def _offered(self) -> dict[str, Action]:
        """Actions whose binding is active now, by id, in the table's order."""
        active = {item.binding.id for item in self.screen.active_bindings.values() if item.enabled}
        return {action.id: action for action in ACTIONS if action.in_palette and action.id in active}

    def _run(self, action_id: str) -> None:
        for key, item in self.screen.active_bindings.items():
            if item.binding.id == action_id:
                self.app.simulate_key(key)
                return

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for action in self._offered().values():
            yield DiscoveryHit(self._title(action), partial(self._run, action.id), help=action.help)

    async def search(self, query: str) -> Hits:
        """Those that match."""
        matcher = self.matcher(query)
        for action in self._offered().values():
            title = self._title(action)
            score = matcher.match(f"{title} {action.help}")
            if score > 0:
                yield Hit(score, matcher.highlight(title), partial(self._run, action.id), help=action.help)

    @staticmethod
    def _title(action: Action) -> str:
        place = SCOPE_TITLES[action.scope]
        return f"{place}: {action.label}  ({key_labels(action.keys)})"
