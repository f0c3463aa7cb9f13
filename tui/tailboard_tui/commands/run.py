"""`tailboard run -- COMMAND`: record the output, exit code and context of any program."""

from __future__ import annotations

import argparse
import json
import os
import sys


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "run",
        help="record any program as a run",
        description="Run COMMAND and record what it prints, how it ends and where it ran. It runs as "
        "without tailboard: same terminal, same signals, same exit status. A script inside that calls "
        "tailboard.init() logs into the same run.",
        usage="tailboard run [options] -- COMMAND [ARGUMENT ...]",
    )
    parser.add_argument("--name", help="a name for people; default: the run's id")
    parser.add_argument("--project", help="the project that the run belongs to")
    parser.add_argument("--group", help="runs of one group belong together")
    parser.add_argument("--job-type", help="train, eval ...")
    parser.add_argument(
        "--tags", action="append", default=[], metavar="TAG[,TAG...]", help="words to find the run by"
    )
    parser.add_argument("--notes", help="a longer description")
    parser.add_argument("--id", help="name of the run's directory")
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
        "--dir", "--root", dest="dir", help="the folder of runs; default $TAILBOARD_DIR, else ./runs"
    )
    parser.add_argument(
        "--parse",
        choices=("auto", "none"),
        default="none",
        help="auto: log the numbers of printed lines that look like metrics, such as `step 5: loss=0.3`",
    )
    parser.add_argument("--no-git", dest="git", action="store_false", help="do not look at the code")
    parser.add_argument("--no-system", dest="system", action="store_false", help="do not sample resources")
    parser.add_argument(
        "command", nargs=argparse.REMAINDER, metavar="COMMAND", help="the program and its arguments"
    )
    parser.set_defaults(run=run, parser=parser)


def _setting(text: str) -> tuple[str, object]:
    """`key=value` with the value read as JSON where it is such, else as text."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"not KEY=VALUE: {text!r}")
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


def run(args: argparse.Namespace) -> int:
    """Run the command; its exit status is ours."""
    from tailboard import layout
    from tailboard.command import hold_signals, record_command
    from tailboard.errors import TailboardError
    from tailboard.request import Request
    from tailboard.start import begin

    arguments: list[str] = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not arguments:
        args.parser.error("no COMMAND is given")
    if os.environ.get(layout.ENV_MODE) == "disabled":
        os.execvp(arguments[0], arguments)  # noqa: S606  running the user's command is what this is for
    tags = [tag for item in args.tags for tag in item.split(",") if tag]
    request = Request(
        project=args.project,
        name=args.name,
        config=_nested(args.config),
        dir=args.dir,
        group=args.group,
        job_type=args.job_type,
        tags=tags,
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
    hold_signals()
    try:
        recorded = begin(request, None)
    except TailboardError as error:
        print(f"tailboard run: {error}", file=sys.stderr)
        return 1
    listen = None
    if args.parse == "auto":
        from tailboard_tui.commands.run_metrics import MetricsFromOutput

        listen = MetricsFromOutput(recorded).feed
    return record_command(recorded, arguments, sample=args.system, listen=listen)
