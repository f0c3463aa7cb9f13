"""Summary values that `define_metric` asks for: last, min, max, mean, best, first of a metric."""

from __future__ import annotations

from tailboard.encoding import flatten, scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

KINDS = frozenset({"last", "min", "max", "mean", "best", "first", "none"})


class MetricSummaries:
    """Follows the defined metrics as they are logged. NaN and infinities count only for the last."""

    def __init__(self) -> None:
        self.is_defined = False
        self._rules: list[tuple[str, str]] = []
        self._summary: MutableMapping[str, object] = {}
        self._counts: dict[str, int] = {}
        self._means: dict[str, float] = {}
        self._values: dict[str, object] = {}

    def define(
        self,
        name: str,
        kind: str,
        goal: str,
        summary: MutableMapping[str, object],
        warn: Callable[[str, str], None],
    ) -> None:
        """Add a rule; the first that fits a metric counts.

        Args:
            name: A metric's name or a pattern of fnmatch.
            kind: One of `KINDS`.
            goal: `minimize` or `maximize`, for `best`.
            summary: Where values are kept.
            warn: Told of an unknown kind.
        """
        if kind not in KINDS:
            warn(
                "summary " + kind,
                f"define_metric: summary={kind!r:.40} is none of {', '.join(sorted(KINDS))}",
            )
            return
        if kind == "best":
            kind = "max" if goal.startswith("max") else "min"
        self._rules.append((name, kind))
        self._summary = summary
        self.is_defined = True

    def follow(self, data: Mapping[str, object]) -> bool:
        """Take in one step's values; gives whether any summary changed."""
        changed = False
        for name, value in flatten(data):
            kind = self._kind(name)
            if kind is not None and kind != "none":
                changed |= self._take(name, kind, scalar(value))
        return changed

    def finish(self) -> None:
        """Put the values into the summary, where the user has not set them."""
        for name, value in self._values.items():
            dict.setdefault(self._summary, name, value)

    def _kind(self, name: str) -> str | None:
        from fnmatch import fnmatchcase

        for pattern, kind in self._rules:
            if pattern == name or fnmatchcase(name, pattern):
                return kind
        return None

    def _take(self, name: str, kind: str, value: object) -> bool:
        before = self._values.get(name)
        if kind == "first" and before is not None:
            return False
        if kind in ("last", "first"):
            self._set(name, value)
            return value != before
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if kind == "mean":
            count = self._counts[name] = self._counts.get(name, 0) + 1
            mean = self._means.get(name, 0.0)
            self._means[name] = mean + (value - mean) / count
            self._set(name, self._means[name])
            return True
        if isinstance(before, int | float) and (value >= before if kind == "min" else value <= before):
            return False
        self._set(name, value)
        return True

    def _set(self, name: str, value: object) -> None:
        """Keep a value, in the summary too, past its notification: that would rewrite the file each time."""
        self._values[name] = value
        dict.__setitem__(self._summary, name, value)  # type: ignore[index]  # a LiveDict is a dict
