"""The arguments of `tailboard.init`, checked."""

from __future__ import annotations

import os
from types import SimpleNamespace

from tailboard import layout
from tailboard.compat import WANDB_ARGUMENTS
from tailboard.console import complain
from tailboard.encoding import plain, text_of
from tailboard.errors import InvalidArgumentError, InvalidRunIdError
from tailboard.redact import redact_text

_RESUME = {
    "never": "never",
    "allow": "allow",
    "must": "must",
    "auto": "allow",
    None: "never",
    False: "never",
    True: "allow",
}
_MODES = frozenset({"online", "offline", "shared", "dryrun", "run", "disabled"})


class Request(SimpleNamespace):
    """The arguments of `tailboard.init`, all of them given by name. (`typing` is slow to import.)"""

    project: object
    name: object
    config: object
    dir: object
    group: object
    job_type: object
    tags: object
    notes: object
    id: str | None
    resume: object
    mode: object
    seed: object
    capture: bool
    git: bool
    system: bool | float
    ignored: dict[str, object]
    command: list[str] | None = None
    """What `tailboard run` records; None: this process."""


def check(request: Request) -> str:
    """The meaning of `resume`.

    Raises:
        InvalidArgumentError, InvalidRunIdError: As `init` says.
    """
    if not isinstance(request.resume, str | bool | None) or request.resume not in _RESUME:
        raise InvalidArgumentError(f"resume must be 'never', 'allow' or 'must', not {request.resume!r}")
    if request.mode not in _MODES:
        raise InvalidArgumentError(f"mode must be 'online' or 'disabled', not {request.mode!r}")
    if request.id is not None and (not isinstance(request.id, str) or not layout.is_run_id(request.id)):
        raise InvalidRunIdError(
            f"a run id is letters, digits, '.', '-', '_', at most 128, no path: {request.id!r:.200}"
        )
    resume = _RESUME[request.resume]
    if resume == "must" and request.id is None:
        raise InvalidArgumentError("resume='must' needs the id of the run")
    return resume


def is_disabled(request: Request) -> bool:
    """Whether nothing is to be recorded."""
    return request.mode == "disabled" or os.environ.get(layout.ENV_MODE) == "disabled"


def warn_ignored(request: Request) -> None:
    """Say which arguments have no effect."""
    unknown = sorted(set(request.ignored) - WANDB_ARGUMENTS)
    accepted = sorted(set(request.ignored) & WANDB_ARGUMENTS - {"reinit"})
    if accepted:
        complain(f"init: {', '.join(accepted)} has no meaning here and is ignored")
    if unknown:
        complain(f"init: unknown argument {', '.join(unknown)} is ignored")


def root_of(request: Request) -> str:
    """The folder of runs, absolute."""
    return os.path.abspath(os.fspath(request.dir or os.environ.get(layout.ENV_DIR) or layout.DEFAULT_DIR))  # type: ignore[call-overload, no-any-return]  # str or PathLike


def given_facts(request: Request) -> dict[str, object]:
    """The facts that the caller states; those left out are missing."""
    tags = request.tags
    if not isinstance(tags, list | tuple | set | frozenset):
        tags = [] if tags is None else [tags]
    words = {
        "name": request.name,
        "project": request.project,
        "group": request.group,
        "job_type": request.job_type,
        "notes": request.notes,
    }
    found: dict[str, object] = {
        key: redact_text(text_of(word)) if key == "notes" else text_of(word)
        for key, word in words.items()
        if word is not None
    }
    if tags:
        found["tags"] = [redact_text(text_of(tag)) for tag in tags]
    if request.seed is not None:
        found["seed"] = plain(request.seed)
    return found
