"""Changing single entries of a run's JSON files that several processes may change."""

from __future__ import annotations

import contextlib
import os
import time

from tailboard.encoding import encode, plain
from tailboard.resuming import run_facts
from tailboard.writer import write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LOCK_WAIT_S = 0.5
"""Longer than any change takes; then the change is made all the same, a lock may be dead on a network."""


def change_entries(directory: str, name: str, changes: Mapping[str, object]) -> None:
    """Set some entries of the JSON object in file `name` and leave the others as they stand there.

    Raises:
        OSError: The file cannot be written.
    """
    with _locked(directory):
        entries = {**run_facts(directory, name), **changes}
        write_whole(os.path.join(directory, name), encode(plain(entries)).encode() + b"\n")


@contextlib.contextmanager
def _locked(directory: str) -> Iterator[None]:
    """An advisory lock on the directory, where the file system has such; never waits long."""
    import fcntl

    try:
        fd = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        give_up = time.monotonic() + _LOCK_WAIT_S
        while time.monotonic() < give_up:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.005)
            except OSError:
                break
        yield
    finally:
        os.close(fd)
