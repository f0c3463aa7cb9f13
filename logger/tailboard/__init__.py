"""tailboard: records training runs as directories of plain files. Standard library only.

    import tailboard

    with tailboard.init(project="mnist", config={"lr": 1e-3}) as run:
        for step in range(1000):
            run.log({"train/loss": loss}, step=step)

The module may stand in for wandb in usual scripts: `import tailboard as wandb`.
"""

from tailboard.session import (
    alert,
    define_metric,
    finish,
    init,
    log,
    log_artifact,
    login,
    save,
    use_artifact,
    watch,
)
from tailboard.session import install as _install

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tailboard.artifacts import Artifact
    from tailboard.compat import AlertLevel, Settings, plot
    from tailboard.errors import TailboardError
    from tailboard.livedict import LiveDict
    from tailboard.media import ConfusionMatrix, Histogram, Image, Table, Text
    from tailboard.recorder import Run

    run: Run | None
    config: LiveDict
    summary: LiveDict

__version__ = "0.1.0"

__all__ = [
    "AlertLevel",
    "Artifact",
    "ConfusionMatrix",
    "Histogram",
    "Image",
    "Run",
    "Settings",
    "Table",
    "TailboardError",
    "Text",
    "alert",
    "config",
    "define_metric",
    "finish",
    "init",
    "log",
    "log_artifact",
    "login",
    "plot",
    "run",
    "save",
    "summary",
    "use_artifact",
    "watch",
]

_install(__name__)
