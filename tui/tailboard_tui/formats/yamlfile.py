"""YAML as plain data: PyYAML's safe loader, with unknown tags read as what they stand on.

`!!python/object/apply:...` in the `args.yml` of a run makes a list or mapping here, never an object.
"""

from __future__ import annotations

import yaml

from tailboard_tui.files.opening import SMALL_FILE_LIMIT_BYTES

_Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser where the wheel has it, ten times as fast."""


class _PlainLoader(_Base):  # type: ignore[misc, valid-type]  # chosen at run time, both are SafeLoaders
    """Knows no tag but YAML's own."""


def _plain(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_PlainLoader.add_multi_constructor("", _plain)


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
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {' '.join(str(error).split())[:200]}") from None
    except (RecursionError, TypeError, OverflowError, IndexError, AttributeError) as error:
        raise ValueError(f"not YAML: {type(error).__name__}") from None
    finally:
        if loader is not None:
            loader.dispose()
    return value
