"""Hugging Face Transformers: `Trainer(..., callbacks=[TailboardCallback()])`.

Source: https://huggingface.co/docs/transformers/main_classes/callback
"""

from __future__ import annotations

from transformers import TrainerCallback

import tailboard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tailboard import Run


class TailboardCallback(TrainerCallback):  # type: ignore[misc]  # untyped where it is not installed
    """Logs what the Trainer logs, under the Trainer's global step, with `train/` and `eval/` names."""

    def __init__(self, run: Run | None = None, **init: object) -> None:
        """Log into `run`, the current run, or a new one.

        Args:
            run: A run that is open already.
            init: Arguments of `tailboard.init` for a new one.
        """
        self._run = run
        self._init = init
        self._is_own = False

    def on_train_begin(self, args: object, state: object, control: object, **kwargs: object) -> None:
        """Begin the run and note the training arguments and the model's config."""
        if not getattr(state, "is_world_process_zero", True):
            return
        if self._run is None:
            self._run = tailboard.run
        if self._run is None:
            self._run = tailboard.init(**{"name": getattr(args, "run_name", None), **self._init})  # type: ignore[arg-type]  # the user's
            self._is_own = True
        nothing: type[dict[str, object]] = dict
        self._run.config.update({"args": getattr(args, "to_sanitized_dict", nothing)()})
        model = getattr(getattr(kwargs.get("model"), "config", None), "to_dict", nothing)()
        if model:
            self._run.config.update({"model": model})

    def on_log(
        self,
        args: object,
        state: object,
        control: object,
        logs: dict[str, object] | None = None,
        **kwargs: object,
    ) -> None:
        """Log the numbers, `eval_loss` as `eval/loss` and `loss` as `train/loss`."""
        if self._run is None or not logs:
            return
        numbers = {_renamed(name): value for name, value in logs.items() if isinstance(value, int | float)}
        self._run.log(numbers, step=getattr(state, "global_step", None))

    def on_train_end(self, args: object, state: object, control: object, **kwargs: object) -> None:
        """End the run if it was begun here."""
        if self._run is not None and self._is_own:
            self._run.finish()
            self._run, self._is_own = None, False


def _renamed(name: str) -> str:
    for kind in ("eval", "test", "predict"):
        if name.startswith(kind + "_"):
            return kind + "/" + name[len(kind) + 1 :]
    return "train/" + name
