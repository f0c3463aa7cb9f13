"""The module-level interface: `init`, and what acts on the run that it began.

Imported by `import tailboard`, so it imports nothing itself; what a run needs comes with `init`.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailboard.livedict import LiveDict
    from tailboard.recorder import Run

_LAZY = {
    "Run": "recorder",
    "TailboardError": "errors",
    "AlertLevel": "compat",
    "Artifact": "artifacts",
    "ConfusionMatrix": "media",
    "Histogram": "media",
    "Image": "media",
    "Table": "media",
    "Text": "media",
    "plot": "compat",
    "Settings": "compat",
}
"""Public names that are imported when first used, and the module of each."""


class _State:
    """The run that module-level functions act on."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self.last: Run | None = None
        self.nothing: Run | None = None


_state = _State()


def init(
    project: str | None = None,
    name: str | None = None,
    config: object = None,
    *,
    dir: str | None = None,
    group: str | None = None,
    job_type: str | None = None,
    tags: Sequence[str] | str | None = None,
    notes: str | None = None,
    id: str | None = None,
    resume: str | bool | None = "never",
    mode: str = "online",
    seed: int | None = None,
    capture: bool = True,
    git: bool = True,
    system: bool | float = True,
    **ignored: object,
) -> Run:
    """Begin a run, or continue one.

    Args:
        project: What the run belongs to.
        name: A name for people; the id where none is given.
        config: Hyperparameters: a dict, argparse Namespace, dataclass, attrs, pydantic or OmegaConf object.
        dir: The folder of runs; default `$TAILBOARD_DIR`, else `./runs`.
        group: Runs of one group belong together, such as the seeds of one setting.
        job_type: `train`, `eval` ...
        tags: Free words to find the run by.
        notes: A longer description.
        id: Name of the run's directory; made up where none is given.
        resume: `never`: the id must be new; `allow`: continue it if it exists; `must`: it has to exist.
        mode: `disabled` makes everything a no-op. Other words of wandb's all mean: write to the directory.
        seed: Recorded, nothing else.
        capture: Whether stdout and stderr are copied to output.log.
        git: Whether commit, branch and uncommitted changes are recorded.
        system: Whether resources are sampled; a number: how often, in seconds.
        ignored: Arguments of wandb's init that mean nothing here: one warning.

    Raises:
        InvalidRunIdError: `id` is no plain name.
        RunExistsError: `id` is taken and `resume` is `never`.
        RunMissingError: `resume` is `must` and there is no run `id`.
        InvalidArgumentError: `resume` or `mode` is none of its words.
    """
    from tailboard.request import Request
    from tailboard.start import begin

    request = Request(
        project=project,
        name=name,
        config=config,
        dir=dir,
        group=group,
        job_type=job_type,
        tags=tags,
        notes=notes,
        id=id,
        resume=resume,
        mode=mode,
        seed=seed,
        capture=capture,
        git=git,
        system=system,
        ignored=ignored,
    )
    run = begin(request, _state.run)
    _state.run = _state.last = run
    return run


def current() -> Run:
    """The run that `init` began, else one that records nothing."""
    return _state.run or _nothing()


def _nothing() -> Run:
    if _state.nothing is None:
        from tailboard.disabled import NoRun

        _state.nothing = NoRun("no run: call tailboard.init() first")
    return _state.nothing


def ended(run: Run) -> None:
    """`run` is over: module-level calls no longer reach it."""
    if _state.run is run:
        _state.run = None


def log(data: Mapping[str, object], step: int | None = None, commit: bool | None = None) -> None:
    """As `Run.log`, on the current run."""
    current().log(data, step, commit)


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """As `Run.finish`, on the current run."""
    if _state.run is not None:
        _state.run.finish(exit_code, quiet)


def alert(title: str, text: str = "", level: object = "info", wait_duration: object = None) -> None:
    """As `Run.alert`, on the current run."""
    current().alert(title, text, level, wait_duration)


def define_metric(
    name: str,
    step_metric: str | None = None,
    summary: str | None = None,
    goal: str | None = None,
    **ignored: object,
) -> None:
    """As `Run.define_metric`, on the current run."""
    current().define_metric(name, step_metric, summary, goal, **ignored)


def log_artifact(artifact: object, *args: object, **kwargs: object) -> object:
    """As `Run.log_artifact`, on the current run."""
    return current().log_artifact(artifact, *args, **kwargs)  # type: ignore[arg-type]  # passed on as they are


def use_artifact(artifact: object, *args: object, **kwargs: object) -> object:
    """As `Run.use_artifact`, on the current run."""
    return current().use_artifact(artifact, *args, **kwargs)  # type: ignore[arg-type]  # passed on as they are


def watch(*args: object, **kwargs: object) -> None:
    """As `Run.watch`, on the current run."""
    current().watch(*args, **kwargs)


def save(*args: object, **kwargs: object) -> None:
    """As `Run.save`, on the current run."""
    current().save(*args, **kwargs)


def login(*args: object, **kwargs: object) -> bool:
    """Nothing to log in to; accepted for wandb's sake."""
    return True


class _Module(type(sys)):  # type: ignore[misc]  # the module type, without importing `types`
    """The package's module: `run`, `config` and `summary` are those of the current run, always."""

    @property
    def run(self) -> Run | None:
        """The current run, None before `init` and after `finish`."""
        return _state.run

    @property
    def config(self) -> LiveDict:
        """The current run's config."""
        return current().config

    @config.setter
    def config(self, entries: object) -> None:
        current().config.update(entries)

    @property
    def summary(self) -> LiveDict:
        """The summary of the current run, after `finish` of the last one."""
        return (_state.run or _state.last or _nothing()).summary

    def __getattr__(self, name: str) -> object:
        module = _LAZY.get(name)
        if module is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found: object = getattr(import_module("tailboard." + module), name)
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_LAZY, "run", "config", "summary"})


def install(name: str) -> None:
    """Give the module `name` the live attributes."""
    sys.modules[name].__class__ = _Module
