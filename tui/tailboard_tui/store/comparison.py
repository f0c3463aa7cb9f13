"""All that runs are compared by, put together: what `compare` prints and Info shows of marked runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tailboard_tui.store.compare import MetricComparison, metric_comparisons
from tailboard_tui.store.differences import Difference, config_differences
from tailboard_tui.store.goal import key_metric
from tailboard_tui.store.model import Points, RunRow
from tailboard_tui.store.origins import Origins, origins


@dataclass(frozen=True, slots=True)
class Comparison:
    """Values in the order of `rows`."""

    rows: tuple[RunRow, ...]
    baseline: int
    """Index of the run that the others are compared with."""
    config: tuple[Difference, ...]
    metrics: tuple[MetricComparison, ...]
    origins: Origins

    def only_differences(self) -> Comparison:
        """Without what is the same in all runs, and without noise."""
        found = self.origins
        return replace(
            self,
            config=only_differing(self.config),
            metrics=tuple(item for item in self.metrics if item.differs),
            origins=replace(
                found,
                code=only_differing(found.code),
                surroundings=only_differing(found.surroundings),
                packages=only_differing(found.packages),
                data=only_differing(found.data),
            ),
        )

    def decisive(self) -> MetricComparison | None:
        """The metric that runs of this kind are judged by, if some of them are better in it than others."""
        names = [item.name for item in self.metrics]
        definitions = next((row.facts.metric_defs for row in self.rows if row.facts.metric_defs), ())
        chosen = key_metric(names, definitions)
        return next((item for item in self.metrics if item.name == chosen and item.leaders), None)


def compare_runs(
    rows: Sequence[RunRow],
    points: Sequence[Points | None],
    baseline: int = 0,
    known_origins: Origins | None = None,
) -> Comparison:
    """Compare runs in every respect. It reads files and walks points: for a worker.

    Args:
        points: Of each run; None where they are not read.
        baseline: Index of the run that the others are compared with.
        known_origins: What `origins` gave for these runs before, where their facts are the same still.
    """
    return Comparison(
        rows=tuple(rows),
        baseline=baseline,
        config=tuple(config_differences(rows, baseline)),
        metrics=tuple(metric_comparisons(rows, points, baseline)),
        origins=known_origins or origins([row.facts for row in rows], baseline),
    )


def only_differing(found: Sequence[Difference]) -> tuple[Difference, ...]:
    """What differs and means something."""
    return tuple(item for item in found if item.differs and not item.is_noise)
