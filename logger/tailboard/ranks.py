"""The processes of one distributed training: which one we are, and how the others find rank 0's run.

Rank 0 makes the run. Under torchrun, SLURM or MPI every process may call `init`; the others then write
their own files into that directory. They find it by a small file beside the runs, named after the launch.
"""

from __future__ import annotations

import json
import os
import time

from tailboard.context import first_line, process_start
from tailboard.encoding import encode_line
from tailboard.writer import write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_RANKS = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
_WORLD_SIZES = ("WORLD_SIZE", "SLURM_NTASKS", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")

_LAUNCH = (
    *("TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT", "MASTER_ADDR", "MASTER_PORT"),
    *("SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_RESTART_COUNT"),
    *("OMPI_MCA_ess_base_jobid", "PMIX_NAMESPACE"),
)
"""Variables that are the same in all processes of one launch."""

WAIT_S = 15.0
"""How long another rank waits for rank 0's `init`."""

_SKEW_S = 30.0
"""By how much processes of one launch may start apart, clocks of hosts included."""

_POLL_S = 0.02


def rank(environment: Mapping[str, str]) -> int:
    """Which process of a launch this is; 0 outside of any."""
    return _first_number(environment, _RANKS, 0)


def world_size(environment: Mapping[str, str]) -> int:
    """How many processes the launch has; 1 outside of any."""
    return _first_number(environment, _WORLD_SIZES, 1)


def _first_number(environment: Mapping[str, str], names: tuple[str, ...], otherwise: int) -> int:
    for name in names:
        text = environment.get(name, "")
        if text.isdigit():
            return int(text)
    return otherwise


class Meeting:
    """Where the ranks of one launch tell each other the run's directory."""

    def __init__(self, root: str, environment: Mapping[str, str], turn: int) -> None:
        """Nothing is read or written yet.

        Args:
            root: The folder of runs.
            environment: Of the process.
            turn: How many runs this process has begun before: the second `init` is another run.
        """
        launch = [f"{name}={environment[name]}" for name in _LAUNCH if name in environment]
        import hashlib

        digest = hashlib.sha256("\n".join([*launch, str(turn)]).encode("utf-8", "replace")).hexdigest()[:16]
        self._path = os.path.join(root, f".launch-{digest}.json")

    def publish(self, directory: str) -> None:
        """Rank 0 tells where the run is.

        Raises:
            OSError: The file cannot be written.
        """
        write_whole(self._path, encode_line({"id": os.path.basename(directory), "time": time.time()}))

    def withdraw(self) -> None:
        """The run has ended: the next launch has to make its own."""
        try:
            os.unlink(self._path)
        except OSError:
            return

    def wait(self, timeout_s: float = WAIT_S) -> str | None:
        """The directory that rank 0 has told, None when it has not within the time."""
        started = _started()
        give_up = time.monotonic() + timeout_s
        while True:
            found = self._read(started)
            if found is not None or time.monotonic() > give_up:
                return found
            time.sleep(_POLL_S)

    def _read(self, started: float) -> str | None:
        """What stands in the file, unless an earlier launch has left it."""
        try:
            with open(self._path, "rb") as file:
                found = json.loads(file.read(4096))
            name, told = str(found["id"]), float(found["time"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        directory = os.path.join(os.path.dirname(self._path), os.path.basename(name))
        return directory if told > started - _SKEW_S and os.path.isdir(directory) else None


def _started() -> float:
    """When this process started, Unix seconds; now, where that is unknown."""
    since_boot = process_start(os.getpid())
    uptime = first_line("/proc/uptime").partition(" ")[0]
    if since_boot is None or not uptime:
        return time.time()
    return time.time() - (float(uptime) - since_boot)
