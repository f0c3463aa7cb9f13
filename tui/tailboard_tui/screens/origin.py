"""Reading what Info shows from files: the code diff and the list of packages. Runs in a worker thread."""

from __future__ import annotations

import os

from tailboard_tui.files.opening import read_small
from tailboard_tui.widgets.info_lines import Origin

LIMIT_BYTES = 1024 * 1024
"""What the logger writes at most."""


def read_origin(diff_path: str | None, packages_path: str | None) -> Origin:
    """The content of both files; one that cannot be read is named in `problems`."""
    problems: list[str] = []

    def text(path: str | None) -> str:
        if path is None:
            return ""
        try:
            return read_small(path, LIMIT_BYTES).decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
        except OSError as error:
            problems.append(f"{os.path.basename(path)}: {error.strerror or error}")
            return ""

    return Origin(text(diff_path), text(packages_path), tuple(problems))
