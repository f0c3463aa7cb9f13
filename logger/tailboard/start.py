"""What `tailboard.init` does: choose and make the run's directory, write its facts, hook up the process."""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from tailboard import context, ending, layout
from tailboard.background import Background
from tailboard.compat import WANDB_ARGUMENTS
from tailboard.configuration import as_dict, hydra_facts
from tailboard.console import complain
from tailboard.disabled import NoRun
from tailboard.encoding import plain
from tailboard.errors import InvalidArgumentError, InvalidRunIdError, RunExistsError, RunMissingError
from tailboard.recorder import Run
from tailboard.redact import redact_text
from tailboard.resuming import last_step, run_facts

_RESUME = {
    "never": "never",
    "allow": "allow",
    "must": "must",
    "auto": "allow",
    None: "never",
    False: "never",
    True: "allow",
}
_PATIENCE_S = (0.05, 0.2, 0.0)
"""Waits after each failed attempt to make the run's directory: network file systems hiccup."""

_MODES = frozenset({"online", "offline", "shared", "dryrun", "run", "disabled"})


class Request(NamedTuple):
    """The arguments of `tailboard.init`."""

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


def begin(request: Request, current: Run | None) -> Run:
    """The run that `tailboard.init` returns.

    Args:
        request: The arguments.
        current: The run that is being recorded; finished first, unless `reinit` wants it or both.
    """
    resume = _check(request)
    if _is_disabled(request):
        return _without_directory(request, "")
    reinit = request.ignored.get("reinit")
    if current is not None and not current.is_finished:
        if reinit == "return_previous":
            return current
        if reinit != "create_new":
            current.finish()
    _warn_ignored(request)
    now = time.time()
    joined = _joined(request)
    for patience_s in _PATIENCE_S:
        try:
            path, is_resumed = (joined, False) if joined else _directory(request, resume, now)
            return _record(request, path, is_resumed, joined is not None, now)
        except (RunExistsError, RunMissingError):
            raise
        except OSError as error:
            problem = error
            time.sleep(patience_s)
    complain(f"cannot write the run: {problem}; nothing is recorded, the program goes on")
    return _without_directory(request, "")


def _check(request: Request) -> str:
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


def _is_disabled(request: Request) -> bool:
    return request.mode == "disabled" or os.environ.get(layout.ENV_MODE) == "disabled"


def _warn_ignored(request: Request) -> None:
    unknown = sorted(set(request.ignored) - WANDB_ARGUMENTS)
    accepted = sorted(set(request.ignored) & WANDB_ARGUMENTS - {"reinit"})
    if accepted:
        complain(f"init: {', '.join(accepted)} has no meaning here and is ignored")
    if unknown:
        complain(f"init: unknown argument {', '.join(unknown)} is ignored")


def _without_directory(request: Request, complaint: str) -> Run:
    run = NoRun(complaint, request.id or layout.new_run_id(time.time()), _given(request))
    run.config.update(request.config)
    return run


def _root(request: Request) -> str:
    return os.path.abspath(os.fspath(request.dir or os.environ.get(layout.ENV_DIR) or layout.DEFAULT_DIR))  # type: ignore[call-overload, no-any-return]  # str or PathLike


def _directory(request: Request, resume: str, now: float) -> tuple[str, bool]:
    """The run's directory, made now or found, and whether it was found.

    Raises:
        OSError: It cannot be made.
        RunExistsError, RunMissingError: As `init` says.
    """
    root = _root(request)
    if request.id is None:
        os.makedirs(root, exist_ok=True)
        while True:
            path = os.path.join(root, layout.new_run_id(now))
            try:
                os.mkdir(path)
            except FileExistsError:
                continue
            return path, False
    path = os.path.join(root, request.id)
    if resume == "must" and not os.path.isdir(path):
        raise RunMissingError(f"resume='must', but there is no run {request.id} in {root}")
    os.makedirs(root, exist_ok=True)
    try:
        os.mkdir(path)
    except FileExistsError:
        if resume == "never":
            raise RunExistsError(
                f"there is a run {request.id} in {root}; resume='allow' continues it"
            ) from None
        return path, True
    return path, False


def _joined(request: Request) -> str | None:
    """The directory of `tailboard run`, when this process is the first to log inside its command."""
    from tailboard.joining import claim

    path = os.environ.get(layout.ENV_RUN_DIR)
    if not path or request.command is not None or request.id is not None or request.dir is not None:
        return None
    return path if claim(path, 0) else None


def _given(request: Request) -> dict[str, object]:
    """The facts that the caller states; those left out are missing."""
    tags = [request.tags] if isinstance(request.tags, str) else list(request.tags or ())  # type: ignore[call-overload]  # any iterable
    given = {
        "name": request.name,
        "project": request.project,
        "group": request.group,
        "job_type": request.job_type,
        "tags": [str(tag) for tag in tags],
        "notes": request.notes,
        "seed": request.seed,
    }
    return {key: plain(value) for key, value in given.items() if value not in (None, [])}


def _record(request: Request, path: str, is_resumed: bool, is_joined: bool, now: float) -> Run:
    """Write the first files and give the run that goes on writing."""
    before = run_facts(path) if is_resumed or is_joined else {}
    facts = _facts_of_joined(request, before) if is_joined else _facts(request, path, before, now)
    run = Run(path, {**before, **facts})
    run.change_facts(facts)
    if is_resumed:
        step = last_step(path)
        run.resume(0 if step is None else step + 1)
    elif not is_joined:
        run.event(layout.START, id=run.id, pid=os.getpid())
    _configure(run, request, path, is_resumed or is_joined)
    if not is_joined:
        background = Background(run, git=request.git)
        background.start()
        run.wait_for(background.wait)
    if request.command is None:
        if request.system and not is_joined:
            run.sample_resources(os.getpid(), request.system)
        if request.capture and not is_joined:
            run.capture_output()
        ending.watch(run)
    return run


def _facts_of_joined(request: Request, before: dict[str, object]) -> dict[str, object]:
    """What a script adds to the facts of the `tailboard run` around it, whose options win."""
    given = _given(request)
    added = {key: value for key, value in given.items() if before.get(key) in (None, [], before.get("id"))}
    tags, more = before.get("tags"), given.get("tags")
    if isinstance(tags, list) and isinstance(more, list):
        added["tags"] = [*tags, *(tag for tag in more if tag not in tags)]
    return {**added, "python": context.python_version()}


def _facts(request: Request, path: str, before: dict[str, object], now: float) -> dict[str, object]:
    """The content of run.json: what stood there, the process of now, what the caller gives."""
    process = context.identity(request.command)
    hardware = context.hardware()
    git = context.read_git(process["cwd"]) if request.git else {}  # type: ignore[arg-type]  # a str or None
    facts: dict[str, object] = {
        "format": layout.FORMAT,
        "id": os.path.basename(path),
        "name": os.path.basename(path),
    }
    facts |= {
        "project": None,
        "group": None,
        "job_type": None,
        "tags": [],
        "notes": None,
        "created": round(now, 3),
    }
    facts |= {**process, "seed": None, "git": git, "hardware": hardware, "resumed_from": None}
    hydra = hydra_facts()
    if hydra:
        facts["hydra"] = plain(hydra)
    kept = {
        key: value
        for key, value in before.items()
        if key not in (*process, "git", "hardware", "format", "id")
    }
    facts |= {**kept, **_given(request)}
    if isinstance(facts["notes"], str):
        facts["notes"] = redact_text(facts["notes"])
    return facts


def _configure(run: Run, request: Request, path: str, has_earlier: bool) -> None:
    """The config of before, if any, with that of now on top."""
    entries = {**(run_facts(path, layout.CONFIG) if has_earlier else {}), **as_dict(request.config)}
    if has_earlier:
        dict.update(run.summary, run_facts(path, layout.SUMMARY))
    if entries:
        run.config.update(entries)
