"""What lies beside the metrics of a foreign run: its configuration, its output, its name."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tailboard_tui.files.opening import read_small
from tailboard_tui.formats.base import LogFile, Problem, Value
from tailboard_tui.formats.flat import flatten
from tailboard_tui.formats.listing import Entries
from tailboard_tui.formats.yamlplain import load_plain

CONFIG_FILES = (
    "config.yaml",
    "config.yml",
    "config.json",
    "hparams.yaml",
    "hparams.json",
    "hyperparameters.json",
    "args.yaml",
    "args.yml",
    "args.json",
    "params.yaml",
    "params.json",
    "training_args.json",
    "progress_config.json",
)
"""Names under which training scripts leave their configuration, the more telling last."""

_CONFIG_NAMES = frozenset(CONFIG_FILES)

PLAIN_BYTES = 64 * 1024
"""Longer YAML files are no plain ones."""

_LOG_NAME = re.compile(
    r"\.(?:log|out|err)\Z|\A(?:stdout|stderr|cout|output|log|logs?)\.txt\Z|\A(?:stdout|stderr)\Z"
)

_PLAIN_NAME = re.compile(
    r"\A(?:version_\d+|\d{1,3}|train|training|tensorboard|tb|tb_logs|logs?|events|csv|outputs?|results?|runs?|"
    r"run|default|dvclive|vis_data|metrics|models?)\Z",
    re.IGNORECASE,
)
"""Directory names that tell nothing without the one above."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the files beside the metrics say."""

    config: Mapping[str, Value] = field(default_factory=dict)
    log_files: tuple[LogFile, ...] = ()
    problems: tuple[Problem, ...] = ()


def title(path: str) -> str:
    """A name for the run at `path`: its own, with that of the directory above where it says nothing."""
    parent, base = os.path.split(path)
    names = [base]
    while _PLAIN_NAME.match(names[0]) and len(names) < 3 and os.path.basename(parent):
        parent, above = os.path.split(parent)
        names.insert(0, above)
    return "/".join(names)


def log_files(path: str, entries: Entries) -> tuple[LogFile, ...]:
    """The files in a run's directory that it printed to."""
    return tuple(LogFile(f"{path}/{name}", name) for name in entries.files if _LOG_NAME.search(name))


def config_paths(path: str, entries: Entries) -> list[str]:
    """The configuration files of a run directory; later ones win."""
    names = _CONFIG_NAMES.intersection(entries.files)
    found = [f"{path}/{name}" for name in CONFIG_FILES if name in names] if names else []
    if ".hydra" in entries.directories:
        found.append(f"{path}/.hydra/config.yaml")
    return found


def surroundings(path: str, entries: Entries) -> Surroundings:
    """All that the files beside the metrics in the directory `path` say."""
    config: dict[str, Value] = {}
    problems: list[Problem] = []
    for file in config_paths(path, entries):
        found = read_mapping(file, file.removeprefix(f"{path}/"), problems)
        config.update(flatten(found))
    return Surroundings(config, log_files(path, entries), tuple(problems))


def read_mapping(path: str, name: str, problems: list[Problem]) -> Mapping[str, object]:
    """A small JSON or YAML file that holds one mapping; empty, with the reason told, where it does not.

    Args:
        path: The file.
        name: What a problem calls it.
        problems: Told there.
    """
    found = read_value(path, name, problems)
    return found if isinstance(found, dict) else {}


def read_value(path: str, name: str, problems: list[Problem]) -> object:
    """The value of a small JSON or YAML file; None, with the reason told, where it has none."""
    parse: Callable[[bytes], object] = json_value if path.endswith(".json") else yaml_value
    try:
        return parse(read_small(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        problems.append(Problem(name, None, error.strerror or str(error)))
    except ValueError as error:
        problems.append(Problem(name, None, str(error)))
    return None


def json_value(data: bytes) -> object:
    """The value of a JSON text.

    Raises:
        ValueError: It is none.
    """
    try:
        return json.loads(data.decode("utf-8-sig", "replace"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def yaml_value(data: bytes) -> object:
    """The value of a YAML text; errors as `json_value`. What is not plain goes to the safe loader."""
    found = load_plain(data.decode("utf-8", "replace")) if len(data) < PLAIN_BYTES else None
    if found is not None:
        return found
    from tailboard_tui.formats.yamlfile import load

    return load(data)
