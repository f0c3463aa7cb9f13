"""Places on other machines: `host:path` over SSH, and the URLs that fsspec knows (`s3://`, `gs://`, `sftp://`)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

copied: dict[str, str] = {}
"""The remote places that this process reads, by the folder (or file) of their copy here."""

problems: dict[str, str] = {}
"""Why a copy is not up to date or not complete, by its folder; empty where it is."""


class RemoteError(Exception):
    """A remote place cannot be read; the message says why, and what to do."""


def is_remote(path: str) -> bool:
    """Whether `path` is `host:path` or a URL, and not something that lies here."""
    head, colon, _ = path.partition(":")
    return bool(colon and head) and "/" not in head and not os.path.lexists(path)


def connect(place: str) -> tuple[AbstractFileSystem, str]:
    """The file system of a remote place, and the place's path in it.

    `host:path` goes through SFTP, with the keys, the agent, the known hosts and `~/.ssh/config` of the user.
    A password is not asked for.

    Raises:
        RemoteError: It cannot be reached, a package is missing, or nothing stands there.
    """
    try:
        import fsspec
    except ImportError:
        raise RemoteError(
            "to read it from here, `pip install 'tailboard[remote]'`; "
            "or run tailboard there: `ssh host -t tailboard PATH`"
        ) from None
    try:
        if "://" in place:
            files, path = fsspec.core.url_to_fs(place)
        else:
            login, _, path = place.partition(":")
            user, _, host = login.rpartition("@")
            # sshfs would take any host key: `known_hosts=()` is asyncssh's word for ~/.ssh/known_hosts.
            options = {"known_hosts": (), "login_timeout": 20, "keepalive_interval": 10}
            if user:
                options["username"] = user
            files = fsspec.filesystem("ssh", host=host, skip_instance_cache=True, **options)
            path = path.removeprefix("~/") or "."
        files.info(path)
    except FileNotFoundError:
        raise RemoteError("no such file or directory") from None
    except Exception as error:  # each protocol's library has errors of its own
        raise RemoteError(reason(error)) from error
    return files, path


def reason(error: BaseException) -> str:
    """What went wrong, in one line."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]


def is_copied(path: str) -> bool:
    """Whether `path` lies in a copy that this process reads."""
    return any(path == folder or path.startswith(folder + os.sep) for folder in copied)


def copies_folder() -> str:
    """Where the copies of remote places lie; harmless when deleted."""
    from tailboard_tui.settings import (
        cache_dir,
    )  # only here: most commands are called for what lies on this machine

    return os.path.realpath(cache_dir() / "remote")


def is_copy(path: str) -> bool:
    """Whether `path` lies in any copy: what is changed there is undone by the next look."""
    return os.path.realpath(path).startswith(copies_folder() + os.sep)
