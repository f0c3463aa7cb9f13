"""Hyperparameters in whatever form a script has them: dict, Namespace, dataclass, pydantic, OmegaConf ..."""

from __future__ import annotations

import sys

from tailboard.encoding import DEPTH_LIMIT, is_mapping, text_of
from tailboard.redact import redact_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_FIELDS = ("__dataclass_fields__", "model_fields", "__fields__")
"""Where dataclasses, pydantic 2 and pydantic 1 keep the fields of a class."""


def as_dict(config: object) -> dict[str, object]:
    """The entries of a configuration object by name; values are left as they are, nested ones become dicts.

    None gives an empty dict; something without any named entries is kept whole under `config`. Never
    raises: what cannot be read becomes its text.
    """
    if config is None:
        return {}
    found = _expand(config, DEPTH_LIMIT, [])
    return found if isinstance(found, dict) else {"config": found}


def _expand(value: object, depth: int, parents: list[int]) -> object:
    """`value` as nested dicts where it is a configuration object, else `value` itself."""
    if id(value) in parents:
        return f"<{type(value).__name__}>"
    try:
        entries = _entries(value) if depth > 0 else None
        if entries is None:
            return value
        inside = [*parents, id(value)]
        return {text_of(key): _expand(item, depth - 1, inside) for key, item in entries}
    except Exception:  # noqa: BLE001  a stranger's property or mapping may raise anything
        return text_of(value)


def _entries(value: object) -> Iterable[tuple[object, object]] | None:
    """The named entries of a configuration object, None for anything else."""
    if isinstance(value, type):
        return None
    container = _omegaconf(value)
    if container is not None:
        return container.items()
    if is_mapping(value):
        return [(key, value[key]) for key in value.keys()]  # type: ignore[attr-defined, index]  # noqa: SIM118  is_mapping
    kind = type(value)
    for names in _FIELDS:
        fields = getattr(kind, names, None)
        if isinstance(fields, dict):
            return [(name, getattr(value, name)) for name in fields if hasattr(value, name)]
    attributes = getattr(kind, "__attrs_attrs__", None)
    if attributes is not None:
        return [(item.name, getattr(value, item.name)) for item in attributes]
    for method in ("_asdict", "flag_values_dict"):  # named tuples; absl's FLAGS
        entries = getattr(value, method, None)
        if callable(entries):
            return dict(entries()).items()
    return vars(value).items() if _is_namespace(kind) else None


def _is_namespace(kind: type) -> bool:
    """argparse.Namespace, types.SimpleNamespace and classes derived from them."""
    return any(base.__name__ in ("Namespace", "SimpleNamespace") for base in kind.__mro__)


def _omegaconf(value: object) -> dict[object, object] | None:
    omegaconf = sys.modules.get("omegaconf")
    if omegaconf is None or not isinstance(value, omegaconf.DictConfig):
        return None
    try:
        return dict(omegaconf.OmegaConf.to_container(value, resolve=True))
    except Exception:  # noqa: BLE001  a missing or failing interpolation: its text is what there is
        return dict(omegaconf.OmegaConf.to_container(value, resolve=False))


def hydra_facts() -> dict[str, object]:
    """What Hydra knows of the job when it runs one: name, overrides, output directory, multirun number."""
    core = sys.modules.get("hydra.core.hydra_config")
    try:
        if core is None or not core.HydraConfig.initialized():
            return {}
        hydra = core.HydraConfig.get()
        found: dict[str, object] = {
            "job_name": hydra.job.name,
            "overrides": redact_command([str(item) for item in hydra.overrides.task]),
            "output_dir": hydra.runtime.output_dir,
            "mode": getattr(hydra.mode, "name", None),
        }
        if found["mode"] == "MULTIRUN":
            found["job_number"] = hydra.job.num
    except Exception as error:  # noqa: BLE001  another version of Hydra must not stop the training
        return {"problem": f"{type(error).__name__}: {text_of(error, 200)}"}
    return found
