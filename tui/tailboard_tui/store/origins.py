"""Where compared runs come from: code, packages, command, machine, data. It reads files: for a worker."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tailboard.layout import GIT_DIFF_LIMIT_BYTES
from tailboard_tui.files.opening import read_small
from tailboard_tui.formats.base import RunFacts, Value
from tailboard_tui.store.differences import Difference, differences

DIFF_LINES = 4_000
"""Lines of two uncommitted diffs that are compared: difflib's time grows with their product."""

PACKAGES_LIMIT_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Origins:
    """Values in the order of the runs given."""

    code: tuple[Difference, ...]
    """`commit`, `branch`, `dirty`."""
    diffs: tuple[tuple[str, ...], ...]
    """For each run the lines by which its uncommitted changes part from the baseline's: empty where they
    are the same, and for the baseline itself. Raw text, see `diff_of_diffs`."""
    surroundings: tuple[Difference, ...]
    """Command, directory, machine, Python, seed, hardware."""
    packages: tuple[Difference, ...]
    """Versions by package name; None where a run lacks it or has no list."""
    data: tuple[Difference, ...]
    """Digests (else versions, else addresses) of artifacts by `role name`."""
    problems: tuple[str, ...]
    """Files that could not be read."""


def origins(runs: Sequence[RunFacts], baseline: int = 0) -> Origins:
    """Compare where `runs` come from; what cannot be read is named in `problems`."""
    problems: list[str] = []
    diffs = [_lines(facts.diff_path, GIT_DIFF_LIMIT_BYTES, problems) for facts in runs]
    packages = [
        parse_packages(_lines(facts.packages_path, PACKAGES_LIMIT_BYTES, problems) or ()) for facts in runs
    ]
    return Origins(
        code=tuple(differences([_code(facts) for facts in runs], baseline)),
        diffs=tuple(diff_of_diffs(diffs[baseline], lines) for lines in diffs),
        surroundings=tuple(differences([_surroundings(facts) for facts in runs], baseline)),
        packages=tuple(differences(packages, baseline)),
        data=tuple(differences([_data(facts) for facts in runs], baseline)),
        problems=tuple(problems),
    )


def _lines(path: str | None, limit_bytes: int, problems: list[str]) -> list[str] | None:
    """Lines of a file, none where there is no file; None where it cannot be read."""
    if path is None:
        return []
    try:
        return read_small(path, limit_bytes).decode("utf-8", "replace").splitlines()
    except OSError as error:
        problems.append(f"{path}: {error.strerror or error}")
        return None


def parse_packages(lines: Sequence[str]) -> dict[str, Value]:
    """Versions by lower-case name from lines `name==version`; other lines stand for themselves."""
    found: dict[str, Value] = {}
    for line in lines:
        name, equals, version = line.strip().partition("==")
        if name and not name.startswith("#"):
            found[name.strip().lower().replace("_", "-")] = version.strip() if equals else "installed"
    return dict(sorted(found.items()))


def diff_of_diffs(base: Sequence[str] | None, other: Sequence[str] | None) -> tuple[str, ...]:
    """How `other` parts from `base`, in unified form with one line around; empty when they are equal.

    Lines that only say where a hunk stands (`@@`, `index`) are left out of the comparison. Where one side
    has no changes there is nothing to compare: the other's diff stands there as it is, with a line that
    says so where it is the baseline's. Of a diff that could not be read (None) nothing is said.
    """
    if base is None or other is None:
        return ()
    if not base:
        return tuple(other)
    if not other:
        return ("none recorded, while the baseline has:", *base)
    first, second = (
        [line for line in lines if not line.startswith(("@@", "index "))] for lines in (base, other)
    )
    if first == second:
        return ()
    cut = max(len(first), len(second)) > DIFF_LINES
    found = list(difflib.unified_diff(first[:DIFF_LINES], second[:DIFF_LINES], n=1, lineterm=""))[2:]
    if cut:
        found.append(f"... compared up to line {DIFF_LINES}")
    return tuple(found)


def differing_arguments(commands: Sequence[str | None]) -> list[str | None]:
    """Each command line with what all of them share left out as `…`; a flag stays with its value."""
    split = [None if command is None else command.split() for command in commands]
    present = [words for words in split if words is not None]
    shared = set(present[0]).intersection(*present[1:]) if present else set()
    return [None if words is None else " ".join(_shortened(words, shared)) for words in split]


def _shortened(words: Sequence[str], shared: set[str]) -> list[str]:
    kept: list[str] = []
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        is_flag_of_value = word.startswith("-") and following not in shared and not following.startswith("-")
        if word not in shared or (is_flag_of_value and following):
            kept.append(word)
        elif kept[-1:] != ["…"]:
            kept.append("…")
    return kept


def _code(facts: RunFacts) -> Mapping[str, Value]:
    return {"commit": facts.git.commit, "branch": facts.git.branch, "dirty": facts.git.dirty}


def _surroundings(facts: RunFacts) -> Mapping[str, Value]:
    return {
        "command": facts.command,
        "directory": facts.cwd,
        "host": facts.host,
        "user": facts.user,
        "python": facts.python,
        "platform": facts.platform,
        "seed": facts.seed,
        **{f"hardware.{key}": value for key, value in facts.hardware.items()},
    }


def _data(facts: RunFacts) -> Mapping[str, Value]:
    found: dict[str, Value] = {}
    for pin in facts.artifacts:
        key = f"{pin.get('role') or 'input'} {pin.get('name') or pin.get('uri') or '?'}"
        found[key] = pin.get("sha256") or pin.get("version") or pin.get("uri")
    return found
