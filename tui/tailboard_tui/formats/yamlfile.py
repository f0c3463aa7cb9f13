"""YAML as plain data: PyYAML's safe loader, with unknown tags read as what they stand on.

`!!python/object/apply:...` in the `args.yml` of a run makes a list or mapping here, never an object.
"""

from __future__ import annotations

import re

import yaml

from tailboard_tui.files.opening import SMALL_FILE_LIMIT_BYTES

MAX_VALUES = 100_000
"""A few aliases in a few lines can stand for billions of values."""

_Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser where the wheel has it, ten times as fast."""


class _PlainLoader(_Base):  # type: ignore[misc, valid-type]  # chosen at run time, both are SafeLoaders
    """Knows no tag but YAML's own, and keeps dates as they are spelled."""


def _plain(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_PlainLoader.add_multi_constructor("", _plain)
_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}
# YAML 1.1 takes 1e-3 for text; every training script means a number.
_PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+\Z"), list("-+.0123456789")
)


def load(data: bytes) -> object:
    """The value of a YAML text.

    Raises:
        ValueError: It is none, or nested too deeply.
    """
    if len(data) >= SMALL_FILE_LIMIT_BYTES:
        raise ValueError("too large for a configuration file")
    loader = None
    try:
        loader = _PlainLoader(data.decode("utf-8", "replace"))
        value: object = loader.get_single_data()
        is_too_much = _weight(value, {}) > MAX_VALUES
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {' '.join(str(error).split())[:200]}") from None
    except (RecursionError, TypeError, OverflowError, IndexError, AttributeError) as error:
        raise ValueError(f"not YAML: {type(error).__name__}") from None
    finally:
        if loader is not None:
            loader.dispose()
    if is_too_much:
        raise ValueError(f"its aliases stand for more than {MAX_VALUES:,} values, or for themselves")
    return value


def _weight(value: object, known: dict[int, int]) -> int:
    """How many values there are once every alias is written out; too many where one contains itself."""
    if not isinstance(value, dict | list | set | tuple):
        return 1
    if id(value) not in known:
        known[id(value)] = MAX_VALUES + 1
        inner = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_weight(item, known) for item in inner)
    return known[id(value)]
