"""What `tailboard.init` does: choose and make the run's directory, write its facts, hook up the process."""

from __future__ import annotations

import os
import sys
import time

from tailboard import context, ending, layout, ranks
from tailboard.configuration import as_dict, hydra_facts
from tailboard.console import complain
from tailboard.disabled import NoRun
from tailboard.encoding import plain
from tailboard.errors import RunExistsError, RunMissingError
from tailboard.recorder import Run
from tailboard.repository import read_git
from tailboard.request import Request, check, given_facts, is_disabled, root_of, warn_ignored
from tailboard.resuming import last_step, run_facts

_PATIENCE_S = (0.05, 0.2, 0.0)
"""Waits after each failed attempt to make the run's directory: network file systems hiccup."""


def begin(request: Request, current: Run | None) -> Run:
    """The run that `tailboard.init` returns.

    Args:
        request: The arguments.
        current: The run that is being recorded; finished first, unless `reinit` wants it or both.
    """
    resume = check(request)
    if is_disabled(request):
        return _without_directory(request, "")
    if _is_worker_importing_the_script():
        return _without_directory(
            request,
            "init() ran again in a worker process that imports the script: nothing is recorded from there; "
            "it belongs under `if __name__ == '__main__':`",
        )
    reinit = request.ignored.get("reinit")
    if current is not None and not current.is_finished:
        if reinit == "return_previous":
            return current
        if reinit != "create_new":
            current.finish()
    warn_ignored(request)
    rank = ranks.rank(os.environ) if request.command is None else 0
    now = time.time()
    joined = _joined(request, rank)
    for patience_s in _PATIENCE_S:
        try:
            if rank:
                return _record_rank(request, rank, joined)
            path, is_resumed = (joined, False) if joined else _directory(request, resume, now)
            return _record(request, path, is_resumed, joined is not None, now)
        except (RunExistsError, RunMissingError):
            raise
        except OSError as error:
            problem = error
            time.sleep(patience_s)
    complain(f"cannot write the run: {problem}; nothing is recorded, the program goes on")
    return _without_directory(request, "")


def _without_directory(request: Request, complaint: str) -> Run:
    run = NoRun(complaint, request.id or layout.new_run_id(time.time()), given_facts(request))
    run.config.update(request.config)
    return run


def _is_worker_importing_the_script() -> bool:
    """Whether this is a worker of multiprocessing, not forked, that runs the main script's top level again.

    Source: CPython, Lib/multiprocessing/spawn.py, `_main`; what `freeze_support`'s error message looks at.
    """
    process = sys.modules.get("multiprocessing.process")
    return process is not None and bool(getattr(process.current_process(), "_inheriting", False))


def _directory(request: Request, resume: str, now: float) -> tuple[str, bool]:
    """The run's directory, made now or found, and whether it was found.

    Raises:
        OSError: It cannot be made.
        RunExistsError, RunMissingError: As `init` says.
    """
    root = root_of(request)
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


def _joined(request: Request, rank: int) -> str | None:
    """The directory of `tailboard run`, when this process is the first of its rank to log inside it."""
    from tailboard.joining import claim

    path = os.environ.get(layout.ENV_RUN_DIR)
    if not path or request.command is not None or request.id is not None or request.dir is not None:
        return None
    return path if claim(path, rank) else None


def _record_rank(request: Request, rank: int, joined: str | None) -> Run:
    """The part of a run that another rank than 0 writes: its own metrics and output."""
    path = joined or _directory_of_rank_0(request)
    if path is None:
        complain(
            f"rank {rank}: rank 0 has begun no run within {ranks.WAIT_S:.0f} s; this rank is not recorded"
        )
        return _without_directory(request, "")
    run = Run(path, run_facts(path), rank=rank)
    step = last_step(path, layout.ranked(layout.METRICS, rank))
    if step is not None:
        run.resume(step + 1)
    run.config.update(request.config)
    if request.capture and joined is None:
        run.capture_output()
    ending.watch(run)
    return run


def _directory_of_rank_0(request: Request) -> str | None:
    """Where rank 0 records, waited for a while."""
    root = root_of(request)
    if request.id is None:
        return _meeting(root).wait()
    path = os.path.join(root, request.id)
    give_up = time.monotonic() + ranks.WAIT_S
    while not os.path.exists(os.path.join(path, layout.RUN)):
        if time.monotonic() > give_up:
            return None
        time.sleep(0.02)
    return path


_turns: dict[str, int] = {}
"""How many runs this process has begun, by root."""


def _meeting(root: str) -> ranks.Meeting:
    turn = _turns[root] = _turns.get(root, 0) + 1
    return ranks.Meeting(root, os.environ, turn)


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
    if request.command is not None:
        return run  # the rest waits until the command runs
    if not is_joined:
        run.record_packages_and_code(git=request.git)
        if request.id is None and ranks.world_size(os.environ) > 1:
            meeting = _meeting(os.path.dirname(path))
            meeting.publish(path)
            run.wait_for(lambda _: meeting.withdraw())
        if request.system:
            run.sample_resources(os.getpid(), request.system)
        if request.capture:
            run.capture_output()
    ending.watch(run)
    return run


def _facts_of_joined(request: Request, before: dict[str, object]) -> dict[str, object]:
    """What a script adds to the facts of the `tailboard run` around it, whose options win."""
    given = given_facts(request)
    added = {key: value for key, value in given.items() if before.get(key) in (None, [], before.get("id"))}
    tags, more = before.get("tags"), given.get("tags")
    if isinstance(tags, list) and isinstance(more, list):
        added["tags"] = [*tags, *(tag for tag in more if tag not in tags)]
    return {**added, "python": context.python_version()}


def _facts(request: Request, path: str, before: dict[str, object], now: float) -> dict[str, object]:
    """The content of run.json: what stood there, the process of now, what the caller gives."""
    process = context.identity(request.command)
    hardware = context.hardware()
    git = read_git(process["cwd"]) if request.git else {}  # type: ignore[arg-type]  # a str or None
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
    return facts | {**kept, **given_facts(request)}


def _configure(run: Run, request: Request, path: str, has_earlier: bool) -> None:
    """The config of before, if any, with that of now on top."""
    entries = {**(run_facts(path, layout.CONFIG) if has_earlier else {}), **as_dict(request.config)}
    if has_earlier:
        dict.update(run.summary, run_facts(path, layout.SUMMARY))
    if entries:
        run.config.update(entries)
