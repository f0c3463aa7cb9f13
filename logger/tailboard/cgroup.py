"""Limits of the container or job around this process, as the kernel tells them."""

from __future__ import annotations

import os

_NO_LIMIT = 1 << 60
"""cgroup v1 says "no limit" with a huge number."""


class Cgroup:
    """Limits of the container or job around this process.

    Source: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst of the kernel.
    """

    def __init__(self, root: str = "/sys/fs/cgroup", own: str = "/proc/self/cgroup") -> None:
        self._directories: list[str] = []
        self._memory_v1: str | None = None
        for line in read_lines(own):
            _, controllers, path = line.split(":", 2)
            if controllers == "":
                self._directories = [
                    directory for directory in _upwards(root, path) if os.path.isdir(directory)
                ]
            elif "memory" in controllers.split(","):
                inside = f"{root}/memory{path}"
                self._memory_v1 = inside if os.path.isdir(inside) else f"{root}/memory"

    def memory_limit_bytes(self) -> int | None:
        """The tightest limit, None without one."""
        limits = [int(text) for text in self._texts("memory.max") if text.isdigit()]
        if self._memory_v1:
            limits += [
                int(text)
                for text in [read_text(f"{self._memory_v1}/memory.limit_in_bytes").strip()]
                if text.isdigit()
            ]
        return min((limit for limit in limits if limit < _NO_LIMIT), default=None)

    def memory_used_bytes(self) -> int:
        """What counts against the limit, without file pages that can be dropped at once."""
        directory = self._limited("memory.max") or self._memory_v1
        current = "memory.current" if directory != self._memory_v1 else "memory.usage_in_bytes"
        used = read_text(f"{directory}/{current}").strip()
        dropped = [
            int(line.split()[1])
            for line in read_lines(f"{directory}/memory.stat")
            if line.startswith(("inactive_file ", "total_inactive_file "))
        ]
        return max(int(used) - max(dropped, default=0), 0) if used.isdigit() else 0

    def cpu_quota(self) -> float | None:
        """How many CPUs' time may be used, None without a limit."""
        quotas = []
        for text in self._texts("cpu.max"):
            quota, _, period = text.partition(" ")
            if quota.isdigit() and period.isdigit():
                quotas.append(int(quota) / int(period))
        return min(quotas, default=None)

    def cpu_used_s(self) -> float:
        """CPU time used inside the limit so far."""
        for line in read_lines(f"{self._limited('cpu.max')}/cpu.stat"):
            if line.startswith("usage_usec "):
                return int(line.split()[1]) / 1e6
        return 0.0

    def _texts(self, name: str) -> list[str]:
        return [read_text(f"{directory}/{name}").strip() for directory in self._directories]

    def _limited(self, name: str) -> str | None:
        """The nearest directory upwards that sets a limit."""
        for directory in self._directories:
            text = read_text(f"{directory}/{name}").strip()
            if text and not text.startswith("max"):
                return directory
        return None


def _upwards(root: str, path: str) -> list[str]:
    """The directory of a cgroup and those above it."""
    parts = [part for part in path.strip("\n").split("/") if part not in ("", "..")]
    return ["/".join([root, *parts[:length]]) for length in range(len(parts), -1, -1)]


def read_text(path: str) -> str:
    """The content of a small file of the kernel; empty where it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def read_lines(path: str) -> list[str]:
    """Its lines."""
    return read_text(path).splitlines()
