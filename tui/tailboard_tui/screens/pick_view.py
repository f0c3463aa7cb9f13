"""Choosing, saving and deleting the views that have a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from tailboard_tui.screens.pick import Choice, Pick


class PickView(Pick):
    """Gives one of `open:NAME`, `save:NAME`, `delete:NAME`; an empty NAME is the list as it comes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("delete", "delete", "delete", show=False, priority=True),
    ]

    def __init__(self, names: Sequence[str]) -> None:
        """Args: names: The views that are kept."""
        choices = [Choice(f"open:{name}", name) for name in names]
        super().__init__(
            "Views",
            [*choices, Choice("open:", "All runs", "newest first, automatic columns")],
            hint="type a name to save this view · Enter choose · Del delete",
        )

    def extra_choices(self, text: str) -> list[Choice]:
        """To save what is seen now under the name that was typed."""
        name = " ".join(text.split())
        is_known = any(choice.id == f"open:{name}" for choice in self.choices)
        return [Choice(f"save:{name}", f"{'replace' if is_known else 'save as'} “{name}”")] if name else []

    def action_delete(self) -> None:
        """Delete the highlighted view."""
        found = self.highlighted
        if found is not None and found.id.startswith("open:") and found.id != "open:":
            self.dismiss([found.id.replace("open:", "delete:", 1)])
