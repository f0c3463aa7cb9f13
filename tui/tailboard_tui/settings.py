"""The user's settings: `config.toml` in the XDG configuration directory. Never read from a data directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import platformdirs

_DIRS = platformdirs.PlatformDirs("tailboard", appauthor=False)


def config_dir() -> Path:
    """Where `config.toml` stands."""
    return Path(_DIRS.user_config_dir)


def state_dir() -> Path:
    """What the viewer remembers: view state per project, annotations of foreign runs, the trash."""
    return Path(_DIRS.user_state_dir)


def cache_dir() -> Path:
    """Parsed columns and run facts; harmless when deleted."""
    return Path(_DIRS.user_cache_dir)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings with their defaults. Field names are the keys of `config.toml`."""

    theme: str = ""
    """A Textual theme by name; empty: dark or light as the terminal is."""
    memory_mib: int = 512
    """Budget for the points of runs that are not on screen."""
    cache_mib: int = 2048
    """Budget of the cache directory."""
    smoothing: float = 0.0
    """Strength that charts begin with, 0 to 0.99."""
    notify: bool = True
    """Terminal bell and desktop notification on alerts."""
    watch: str = "auto"
    """`auto` or `poll`; the environment variable TAILBOARD_WATCH wins."""
    ascii: bool = False
    """Draw without braille and box characters."""
    images: str = "auto"
    """How images are drawn: `auto` asks the terminal; `kitty`, `iterm`, `sixel` or `blocks` decides."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Action id to key, over the table in `action_table.py`."""
    patterns: tuple[Mapping[str, str], ...] = ()
    """Further patterns for metrics in plain logs (docs/formats.md)."""
    problems: tuple[str, ...] = ()
    """What is wrong in the file, for the user: unknown keys, wrong types. Not a setting."""


def load_settings(path: Path | None = None) -> Settings:
    """The settings of `path` (default: the user's). Wrong entries keep their default and are named.

    Never raises: an unreadable or broken file gives the defaults and one problem.
    """
    path = path or config_dir() / "config.toml"
    try:
        found = _read(path)
    except FileNotFoundError:
        found = {}
    except (OSError, ValueError) as error:  # TOML's and Unicode's errors are ValueErrors
        return _with_environment(Settings(problems=(f"{path}: {error}",)))
    defaults = Settings()
    known = {item.name for item in fields(Settings)} - {"problems"}
    good: dict[str, object] = {}
    problems: list[str] = []
    for key, value in found.items():
        if key not in known:
            problems.append(f"{path}: unknown setting {key!r}")
        elif not _fits(value, getattr(defaults, key)):
            problems.append(f"{path}: {key} must be {type(getattr(defaults, key)).__name__}")
        else:
            good[key] = tuple(value) if isinstance(value, list) else value
    return _with_environment(Settings(**good, problems=tuple(problems)))  # type: ignore[arg-type]  # checked by _fits


def _read(path: Path) -> dict[str, object]:
    with path.open("rb") as file:
        import tomllib  # most users have no such file

        return tomllib.load(file)


def _fits(value: object, default: object) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, float):
        return isinstance(value, int | float)
    if isinstance(default, tuple):
        return isinstance(value, list) and all(isinstance(item, dict) for item in value)
    if isinstance(default, Mapping):
        return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    return isinstance(value, type(default))


def _with_environment(settings: Settings) -> Settings:
    from dataclasses import replace

    watch = os.environ.get("TAILBOARD_WATCH", settings.watch)
    return replace(settings, watch=watch if watch in ("auto", "poll") else "auto")
