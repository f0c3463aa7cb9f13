"""Accelerate: `Accelerator(log_with=TailboardTracker("project"))`.

Source: https://huggingface.co/docs/accelerate/usage_guides/tracking
"""

from __future__ import annotations

from accelerate.tracking import GeneralTracker, on_main_process

import tailboard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailboard import Run


class TailboardTracker(GeneralTracker):  # type: ignore[misc]  # untyped where it is not installed
    """Logs on the main process."""

    name = "tailboard"
    requires_logging_directory = False

    @on_main_process  # type: ignore[untyped-decorator]  # as above
    def __init__(self, project: str | None = None, **init: object) -> None:
        """Begin a run.

        Args:
            project: What the run belongs to.
            init: Further arguments of `tailboard.init`.
        """
        super().__init__()
        self.run = tailboard.init(project, **init)  # type: ignore[arg-type]  # the user's arguments

    @property
    def tracker(self) -> Run:
        """The run."""
        return self.run

    @on_main_process  # type: ignore[untyped-decorator]  # as above
    def store_init_configuration(self, values: Mapping[str, object]) -> None:
        """Add to the config."""
        self.run.config.update(values)

    @on_main_process  # type: ignore[untyped-decorator]  # as above
    def log(self, values: Mapping[str, object], step: int | None = None, **kwargs: object) -> None:
        """Log one step."""
        self.run.log(dict(values), step=step)

    @on_main_process  # type: ignore[untyped-decorator]  # as above
    def finish(self) -> None:
        """End the run."""
        self.run.finish()
