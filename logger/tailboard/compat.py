"""Names of wandb's that scripts mention and that mean little here."""

from __future__ import annotations

from enum import Enum


class AlertLevel(Enum):
    """Levels of `alert`, as wandb spells them."""

    INFO = "info"
    WARN = "warning"
    ERROR = "error"


class Settings:
    """Accepts any setting of wandb's; none has an effect."""

    def __init__(self, *args: object, **settings: object) -> None:
        self.__dict__.update(settings)


WANDB_ARGUMENTS = frozenset(
    {"entity", "reinit", "settings", "allow_val_change", "anonymous", "force", "magic", "monitor_gym"}
    | {
        "save_code",
        "sync_tensorboard",
        "resume_from",
        "fork_from",
        "config_exclude_keys",
        "config_include_keys",
        "tensorboard",
    }
)
"""Arguments of wandb.init that are accepted and do nothing."""
