"""Names of wandb's that scripts mention and that mean little here."""

from __future__ import annotations

from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailboard.media import ConfusionMatrix


class AlertLevel(Enum):
    """Levels of `alert`, as wandb spells them."""

    INFO = "info"
    WARN = "warning"
    ERROR = "error"


class Settings:
    """Accepts any setting of wandb's; none has an effect."""

    def __init__(self, *args: object, **settings: object) -> None:
        self.__dict__.update(settings)


class plot:  # noqa: N801  a module in wandb
    """wandb.plot, as far as it is common."""

    @staticmethod
    def confusion_matrix(
        probs: object = None,
        y_true: object = None,
        preds: object = None,
        class_names: Sequence[str] | None = None,
        title: str | None = None,
        **ignored: object,
    ) -> ConfusionMatrix:
        """A confusion matrix from predicted classes, or from probabilities, shape (n, classes)."""
        from tailboard.media import ConfusionMatrix

        if preds is None and probs is not None:
            rows = [list(row) for row in probs]  # type: ignore[attr-defined]  # rows of numbers
            preds = [row.index(max(row)) for row in rows]
        return ConfusionMatrix(y_true, preds, class_names)


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
