"""Stable-Baselines3: `model.set_logger(Logger(None, [TailboardOutputFormat(run)]))`.

Source: https://stable-baselines3.readthedocs.io/en/master/common/logger.html
"""

from __future__ import annotations

from stable_baselines3.common.logger import KVWriter

import tailboard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailboard import Run


class TailboardOutputFormat(KVWriter):  # type: ignore[misc]  # untyped where it is not installed
    """Logs the numbers and texts of each dump under the number of time steps."""

    def __init__(self, run: Run | None = None) -> None:
        self._run = run

    def write(
        self, key_values: Mapping[str, object], key_excluded: Mapping[str, tuple[str, ...]], step: int = 0
    ) -> None:
        """Log one dump, but for what is meant for other writers only."""
        run = self._run or tailboard.run
        shown = {
            name: value
            for name, value in key_values.items()
            if "tailboard" not in (key_excluded.get(name) or ()) and not hasattr(value, "frames")
        }
        if run is not None:
            run.log(shown, step=step)

    def close(self) -> None:
        """Nothing: the run is the caller's."""
