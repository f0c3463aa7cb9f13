"""`tailboard run -- COMMAND`: record the output, exit code and context of any program.

The program starts only when all that is needed for that is imported. So the usual options are read without
argparse, which is half of it, and nothing is imported here that can wait.
"""

from __future__ import annotations

import json
import os
import sys
from types import SimpleNamespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

_TEXTS = {
    "--name": "a name for people; default: the run's id",
    "--project": "the project that the run belongs to",
    "--group": "runs of one group belong together",
    "--job-type": "train, eval ...",
    "--notes": "a longer description",
    "--id": "name of the run's directory",
    "--dir": "the folder of runs; default $TAILBOARD_DIR, else ./runs",
}
"""Options that are kept as they are given, and their help."""

_LISTS = ("--tags", "--config")
"""Options that may be given several times."""

_FLAGS = ("--no-git", "--no-system")

_PARSE = ("auto", "none")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    from argparse import REMAINDER

    parser = subparsers.add_parser(
        "run",
        help="record any program as a run",
        description="Run COMMAND and record what it prints, how it ends and where it ran. It runs as "
        "without tailboard: same terminal, same signals, same exit status. A script inside that calls "
        "tailboard.init() logs into the same run.",
        usage="tailboard run [options] -- COMMAND [ARGUMENT ...]",
    )
    for option, text in _TEXTS.items():
        names = ("--dir", "--root") if option == "--dir" else (option,)
        parser.add_argument(*names, help=text)
    parser.add_argument(
        "--tags", action="append", default=[], metavar="TAG[,TAG...]", help="words to find the run by"
    )
    parser.add_argument("--seed", type=int, help="the random seed, recorded only")
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        type=_setting,
        help="a hyperparameter; dots nest (model.depth=4), values are JSON where they can be",
    )
    parser.add_argument(
        "--parse",
        choices=_PARSE,
        default="none",
        help="auto: log the numbers of printed lines that look like metrics, such as `step 5: loss=0.3`",
    )
    parser.add_argument("--no-git", dest="git", action="store_false", help="do not look at the code")
    parser.add_argument("--no-system", dest="system", action="store_false", help="do not sample resources")
    parser.add_argument("command", nargs=REMAINDER, metavar="COMMAND", help="the program and its arguments")
    parser.set_defaults(run=run, parser=parser)


def quick_arguments(words: Sequence[str]) -> SimpleNamespace | None:
    """What the parser of `add_parser` makes of `words`; None where it has to look itself, or to complain."""
    found = {_name(option): None for option in (*_TEXTS, "--seed")}
    chosen = SimpleNamespace(**found, tags=[], config=[], parse="none", git=True, system=True)
    rest = list(words)
    while rest and rest[0].startswith("-"):
        option, equals, value = rest.pop(0).partition("=")
        if option == "--" and not equals:
            break
        if option in _FLAGS and not equals:
            setattr(chosen, option.removeprefix("--no-"), False)
            continue
        if option not in _TEXTS and option not in _LISTS:
            return None
        if not equals:
            if not rest or rest[0].startswith("-"):
                return None
            value = rest.pop(0)
        if option in _TEXTS:
            setattr(chosen, _name(option), value)
        elif option == "--tags":
            chosen.tags.append(value)
        elif value.find("=") > 0:
            chosen.config.append(_setting(value))
        else:
            return None
    chosen.command = rest
    return chosen if rest and rest[0] != "--" else None


def _name(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")


def _setting(text: str) -> tuple[str, object]:
    """`key=value` with the value read as JSON where it is such, else as text."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        from argparse import ArgumentTypeError

        raise ArgumentTypeError(f"not KEY=VALUE: {text!r}")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def _nested(settings: list[tuple[str, object]]) -> dict[str, object]:
    """Settings with dotted keys as nested dicts; a later one wins."""
    config: dict[str, object] = {}
    for key, value in settings:
        place = config
        *parents, last = key.split(".")
        for parent in parents:
            inner = place.setdefault(parent, {})
            if not isinstance(inner, dict):
                inner = place[parent] = {}
            place = inner
        place[last] = value
    return config


def run(args: argparse.Namespace | SimpleNamespace) -> int:
    """Run the command; its exit status is ours."""
    from tailboard import layout
    from tailboard.command import become_command, hold_signals, record_command

    arguments: list[str] = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not arguments:
        args.parser.error("no COMMAND is given")
    if os.environ.get(layout.ENV_MODE) == "disabled":
        return become_command(arguments)
    hold_signals()
    from tailboard.errors import RunExistsError, TailboardError
    from tailboard.request import Request
    from tailboard.start import begin

    request = Request(
        project=args.project,
        name=args.name,
        config=_nested(args.config),
        dir=args.dir,
        group=args.group,
        job_type=args.job_type,
        tags=[tag for item in args.tags for tag in item.split(",") if tag],
        notes=args.notes,
        id=args.id,
        resume="never",
        mode="online",
        seed=args.seed,
        capture=False,
        git=args.git,
        system=args.system,
        ignored={},
        command=arguments,
    )
    try:
        recorded = begin(request, None)
    except RunExistsError:
        print(f"tailboard run: there is a run {args.id} already; choose another --id", file=sys.stderr)
        return 1
    except TailboardError as error:
        print(f"tailboard run: {error}", file=sys.stderr)
        return 1
    if recorded.is_disabled:  # it has said why
        return become_command(arguments)
    listen = None
    if args.parse == "auto":
        from tailboard_tui.commands.run_metrics import MetricsFromOutput

        listen = MetricsFromOutput(recorded).feed
    return record_command(recorded, arguments, git=args.git, sample=args.system, listen=listen)
