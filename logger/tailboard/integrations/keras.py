"""Keras: `model.fit(..., callbacks=[TailboardCallback()])`.

Source: https://keras.io/api/callbacks/base_callback/
"""

from __future__ import annotations

from keras.callbacks import Callback

import tailboard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailboard import Run


class TailboardCallback(Callback):  # type: ignore[misc]  # untyped where it is not installed
    """Logs every epoch, and every batch where asked."""

    def __init__(self, run: Run | None = None, batches: bool = False, **init: object) -> None:
        """Log into `run`, the current run, or a new one.

        Args:
            run: A run that is open already.
            batches: Whether each batch is logged too, under `batch/`.
            init: Arguments of `tailboard.init` for a new one.
        """
        super().__init__()
        self._run = run
        self._batches = batches
        self._init = init
        self._is_own = False
        self._step = 0

    def on_train_begin(self, logs: object = None) -> None:
        """Begin the run."""
        self._run = self._run or tailboard.run
        if self._run is None:
            self._run = tailboard.init(**self._init)  # type: ignore[arg-type]  # the user's arguments
            self._is_own = True
        self._run.config.update({"fit": dict(self.params or {})})

    def on_train_batch_end(self, batch: int, logs: Mapping[str, object] | None = None) -> None:
        """Count, and log where asked."""
        self._step += 1
        if self._batches and self._run is not None:
            self._run.log({f"batch/{name}": value for name, value in (logs or {}).items()}, step=self._step)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, object] | None = None) -> None:
        """Log the epoch under the number of batches so far."""
        if self._run is not None:
            self._run.log({"epoch": epoch, **(logs or {})}, step=self._step)

    def on_train_end(self, logs: object = None) -> None:
        """End the run if it was begun here."""
        if self._run is not None and self._is_own:
            self._run.finish()
            self._run, self._is_own = None, False
