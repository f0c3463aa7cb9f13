"""Lightning: `Trainer(logger=TailboardLogger(project="x"))`.

Source: https://lightning.ai/docs/pytorch/stable/extensions/logging.html
"""

from __future__ import annotations

import tailboard
from tailboard.configuration import as_dict

try:
    from lightning.pytorch.loggers.logger import Logger
    from lightning.pytorch.utilities import rank_zero_only
except ImportError:  # the older name of the same package
    from pytorch_lightning.loggers.logger import Logger
    from pytorch_lightning.utilities import rank_zero_only

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailboard import Run


class TailboardLogger(Logger):  # type: ignore[misc]  # untyped where it is not installed
    """Logs metrics and hyperparameters of rank 0 into one run, which begins with the first use."""

    def __init__(self, run: Run | None = None, **init: object) -> None:
        """Log into `run`, or into a new one.

        Args:
            run: A run that is open already.
            init: Arguments of `tailboard.init` for a new one.
        """
        super().__init__()
        self._run = run
        self._is_own = run is None
        self._init = init

    @property
    def experiment(self) -> Run:
        """The run."""
        if self._run is None:
            self._run = tailboard.init(**self._init)  # type: ignore[arg-type]  # the user's arguments
        return self._run

    @property
    def name(self) -> str | None:
        """The project."""
        return self._run.project if self._run is not None else None

    @property
    def version(self) -> str | None:
        """The run's id."""
        return self._run.id if self._run is not None else None

    @property
    def save_dir(self) -> str | None:
        """The run's directory: checkpoints lie beside the metrics."""
        return self._run.dir if self._run is not None else None

    @rank_zero_only  # type: ignore[untyped-decorator]  # as above
    def log_hyperparams(self, params: object, *args: object, **kwargs: object) -> None:
        """Add to the config."""
        self.experiment.config.update(as_dict(params))

    @rank_zero_only  # type: ignore[untyped-decorator]  # as above
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log one step."""
        self.experiment.log(dict(metrics), step=step)

    @rank_zero_only  # type: ignore[untyped-decorator]  # as above
    def finalize(self, status: str) -> None:
        """End a run that was begun here, with Lightning's word for how it went.

        `fit` ends with it, and a `test` after that goes on in the same run.
        """
        if self._run is not None and self._is_own and status in ("failed", "interrupted"):
            self._run.finish(1)
