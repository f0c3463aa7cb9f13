"""Ultralytics: `add_callbacks(model)` before `model.train(...)`.

Source: https://docs.ultralytics.com/usage/callbacks/
"""

from __future__ import annotations

import tailboard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Model(Protocol):
        """What is needed of ultralytics.YOLO."""

        def add_callback(self, event: str, func: object) -> None:
            """Register a callback."""


def add_callbacks(model: Model, **init: object) -> None:
    """Have a YOLO model's training logged.

    Args:
        model: An `ultralytics.YOLO`.
        init: Arguments of `tailboard.init`, where no run is open.
    """
    begun = []
    has_trained = False

    def on_train_start(trainer: object) -> None:
        if tailboard.run is None:
            begun.append(tailboard.init(**init))  # type: ignore[arg-type]  # the user's arguments
        tailboard.config.update({"args": getattr(trainer, "args", None)})

    def on_train_epoch_end(trainer: object) -> None:
        nonlocal has_trained
        has_trained = True

    def on_fit_epoch_end(trainer: object) -> None:
        nonlocal has_trained
        if not has_trained:  # after the last epoch the best model is validated once more
            best: dict[str, object] = getattr(trainer, "metrics", {})
            tailboard.summary.update({f"best/{name}": value for name, value in best.items()})
            return
        has_trained = False
        values: dict[str, object] = {**getattr(trainer, "lr", {}), **getattr(trainer, "metrics", {})}
        name_losses = getattr(trainer, "label_loss_items", None)
        if name_losses is not None:
            values.update(name_losses(getattr(trainer, "tloss", None), prefix="train"))
        tailboard.log(values, step=getattr(trainer, "epoch", 0))

    def on_train_end(trainer: object) -> None:
        best = getattr(trainer, "best_fitness", None)
        if best is not None:
            tailboard.summary["best_fitness"] = best
        for run in begun:
            run.finish()

    for event, function in (
        ("on_train_start", on_train_start),
        ("on_train_epoch_end", on_train_epoch_end),
        ("on_fit_epoch_end", on_fit_epoch_end),
        ("on_train_end", on_train_end),
    ):
        model.add_callback(event, function)
