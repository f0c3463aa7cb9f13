"""Which file system a path stands on, and whether it can tell us of changes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

_NETWORK = re.compile(
    r"(nfs4?|cifs|smb3|smbfs|lustre|gpfs|beegfs|ceph|afs|glusterfs|orangefs|pvfs2|9p|virtiofs|vboxsf|prl_fs"
    r"|ncpfs|fuse.*)\Z"
)
"""File systems whose files may be changed from elsewhere without our kernel being told, any FUSE one too."""

_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted file system."""

    point: str
    kind: str
    """`ext4`, `nfs4`, `fuse.sshfs` ..."""

    @property
    def is_remote(self) -> bool:
        """Whether changes may come from elsewhere, unannounced."""
        return _NETWORK.match(self.kind) is not None


def mount_of(path: str, table: Iterable[str] | None = None) -> Mount | None:
    """The mounted file system that holds `path`; None where the system does not say (macOS).

    Args:
        table: Lines of /proc/self/mountinfo; read when not given.

    Source: proc_pid_mountinfo(5): field 5 is the mount point, with blanks as `\\040`; the type is the
    first field behind the separator `-`. Of several mounts at one point the last is on top.
    """
    if table is None:
        try:
            with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
                table = file.readlines()
        except OSError:
            return None
    real = os.path.realpath(path)
    best: Mount | None = None
    for line in table:
        before, _, behind = line.partition(" - ")
        fields, kinds = before.split(" "), behind.split(" ")
        if len(fields) < 5 or not kinds[0]:
            continue
        point = _ESCAPE.sub(lambda match: chr(int(match.group(1), 8)), fields[4])
        holds = real == point or real.startswith(point.rstrip("/") + "/")
        if holds and (best is None or len(point) >= len(best.point)):
            best = Mount(point, kinds[0])
    return best
