"""What a file of records says of its damage: the first ones told one by one."""

from __future__ import annotations

MAX_MESSAGES = 20
"""Damages told one by one; that there are more is said once."""


class Damages:
    """Messages of one file, to take out."""

    def __init__(self, count: int = 0) -> None:
        """Damages of a file in which `count` were met before."""
        self.count = count
        self._messages: list[str] = []

    def say(self, message: str) -> None:
        """Note one damage."""
        self.count += 1
        if self.count <= MAX_MESSAGES:
            self._messages.append(message)
        elif self.count == MAX_MESSAGES + 1:
            self._messages.append("more damage follows")

    def take(self) -> list[str]:
        """The messages since the last call."""
        messages, self._messages = self._messages, []
        return messages
