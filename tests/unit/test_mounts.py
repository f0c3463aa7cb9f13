"""Which file system a path stands on."""

from __future__ import annotations

import pytest

from tailboard_tui.files.mounts import Mount, mount_of

TABLE = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 27 0:40 / /home rw,relatime shared:5 - nfs4 server:/home rw
31 30 0:41 / /home/me/with\040blank rw - fuse.sshfs me@there:/ rw
32 27 0:42 / /homestead rw - xfs /dev/vdb rw
33 27 0:43 / /scratch rw master:1 propagate_from:2 - lustre mds:/scratch rw
34 27 0:44 / /scratch rw - tmpfs tmpfs rw
broken line
""".splitlines()


@pytest.mark.parametrize(
    ("path", "mount", "is_remote"),
    [
        ("/elsewhere", Mount("/", "ext4"), False),
        ("/home/me/runs", Mount("/home", "nfs4"), True),
        ("/home/me/with blank/runs", Mount("/home/me/with blank", "fuse.sshfs"), True),
        ("/homestead/runs", Mount("/homestead", "xfs"), False),
        ("/scratch/runs", Mount("/scratch", "tmpfs"), False),
    ],
)
def test_the_innermost_and_topmost_mount_holds_the_path(path, mount, is_remote):
    found = mount_of(path, TABLE)
    assert found == mount
    assert found.is_remote is is_remote


def test_a_lustre_file_system_is_remote():
    assert Mount("/scratch", "lustre").is_remote


def test_without_a_table_nothing_is_claimed():
    assert mount_of("/home", []) is None


def test_this_machine_s_own_table_is_understood(tmp_path):
    found = mount_of(str(tmp_path))
    assert found is None or str(tmp_path.resolve()).startswith(found.point.rstrip("/"))
