"""Which keys of a JSON line are metrics."""

from __future__ import annotations

from dataclasses import dataclass

from tailboard.layout import EVENT, STEP, TIMESTAMP


@dataclass(frozen=True, slots=True)
class Keys:
    """Which keys of a line are not metrics."""

    step: tuple[str, ...] = (STEP,)
    """The first of these that holds a number tells a line's step."""
    time: tuple[str, ...] = (TIMESTAMP,)
    """Likewise its time: Unix seconds, or ISO 8601 text."""
    event: str | None = EVENT
    """A line with this key is no point; `resume` begins a resumed segment."""
    prefix: str = "_"
    """Other keys that begin with it belong to the format; doubled it stands for itself. "" for none."""
    ignored: frozenset[str] = frozenset()

    def metric(self, key: str) -> str | None:
        """The metric that a key names, or None where it names none."""
        if key in self.ignored or key in self.step or key in self.time or key == self.event:
            return None
        if self.prefix and key.startswith(self.prefix):
            return key[len(self.prefix) :] if key.startswith(self.prefix * 2) else None
        return key
