"""Dicts that also give their items as attributes and tell their owner when they change."""

from __future__ import annotations

from tailboard.encoding import DEPTH_LIMIT, flatten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class LiveDict(dict[str, object]):
    """A dict whose items are attributes too: `config.lr`, `config["lr"]`, `config.model.depth`.

    Names of dict methods (`update`, `items`, `keys` ...) are reached by item access only.
    """

    __slots__ = ("_changed",)

    def __init__(
        self,
        changed: Callable[[], None],
        items: Mapping[str, object] | None = None,
        depth: int = DEPTH_LIMIT,
    ) -> None:
        """Take items.

        Args:
            changed: Called after every change, of nested dicts too.
            items: The first ones.
            depth: How deep dicts in them become live; what lies deeper, or contains itself, stays as it is.
        """
        super().__init__()
        self._changed = changed
        for key, value in (items or {}).items():
            super().__setitem__(key, self._live(value, depth))

    def _live(self, value: object, depth: int = DEPTH_LIMIT) -> object:
        return LiveDict(self._changed, value, depth - 1) if type(value) is dict and depth > 0 else value

    def __setitem__(self, key: str, value: object) -> None:
        super().__setitem__(key, self._live(value))
        self._changed()

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self._changed()

    def __getattr__(self, name: str) -> object:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"no entry {name!r}") from None

    def __setattr__(self, name: str, value: object) -> None:
        if name == "_changed":
            object.__setattr__(self, name, value)
        else:
            self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(f"no entry {name!r}") from None

    def __reduce__(self) -> tuple[type[dict[str, object]], tuple[dict[str, object]]]:
        """Copies and pickles are plain dicts: they belong to no run."""
        return dict, (dict(self),)

    def update(  # type: ignore[override]  # takes what `init(config=...)` takes, and wandb's flag
        self, other: object = None, /, allow_val_change: bool = True, **more: object
    ) -> None:
        """Set several entries at once, from anything that `init(config=...)` takes.

        Args:
            allow_val_change: Accepted for wandb's sake; values may always change.
        """
        from tailboard.configuration import as_dict

        for key, value in {**as_dict(other), **more}.items():
            super().__setitem__(key, self._live(value))
        self._changed()

    def setdefault(self, key: str, default: object = None) -> object:
        """As dict's, telling the owner."""
        if key not in self:
            self[key] = default
        return self[key]

    def setdefaults(self, other: object) -> None:
        """Set those entries that are missing."""
        from tailboard.configuration import as_dict

        for key, value in as_dict(other).items():
            self.setdefault(key, value)

    def pop(self, key: str, *default: object) -> object:
        """As dict's, telling the owner."""
        found = super().pop(key, *default)
        self._changed()
        return found

    def popitem(self) -> tuple[str, object]:
        """As dict's, telling the owner."""
        found = super().popitem()
        self._changed()
        return found

    def clear(self) -> None:
        """As dict's, telling the owner."""
        super().clear()
        self._changed()

    def __ior__(self, other: Mapping[str, object] | Iterable[tuple[str, object]]) -> LiveDict:  # type: ignore[override, misc]  # as update
        self.update(dict(other))
        return self

    def as_dict(self) -> dict[str, object]:
        """A plain copy, nested dicts too."""
        return {key: value.as_dict() if isinstance(value, LiveDict) else value for key, value in self.items()}

    def flat(self) -> dict[str, object]:
        """The leaves by dotted name."""
        return dict(flatten(self, "."))
