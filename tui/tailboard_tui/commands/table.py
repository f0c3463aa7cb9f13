"""The one table of commands: the command line, its help, completion and docs/commands.md derive from it."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """One row of the table of commands."""

    name: str
    arguments: str
    help: str


EXPLORE = "explore"
"""The command that is meant when none is named."""

GROUPS: tuple[tuple[str, tuple[Command, ...]], ...] = (
    (
        "Look",
        (
            Command(EXPLORE, "[PATH ...]", "the screen: runs, charts, output (the default)"),
            Command("ls", "[PATH ...] [-q QUERY] [--sort KEY] [-n N]", "list runs"),
            Command("show", "RUN", "all facts of one run"),
            Command("tail", "RUN [-f]", "what a run printed"),
            Command("plot", "RUN ... -m METRIC", "draw metrics into the terminal's scrollback"),
            Command("metrics", "RUN -m METRIC", "the points of a metric"),
            Command("compare", "RUN RUN ...", "what differs between runs, and which was best"),
        ),
    ),
    (
        "Record",
        (
            Command("run", "[options] -- COMMAND", "record any program: output, exit code, origin"),
            Command("wait", "RUN ...", "wait for runs to end"),
            Command("demo", "", "live made-up runs, to look around"),
        ),
    ),
    (
        "Keep",
        (
            Command("verify", "RUN ...", "is the data that a run pinned still the same?"),
            Command("export", "RUN ... -o FILE", "points as .csv, .parquet or .jsonl"),
            Command("convert", "RUN ... -o DIR", "runs of any format as our own, or as event files"),
            Command("archive", "RUN ...", "move runs to the trash folder, or back"),
            Command("rm", "RUN ...", "the same, and empty the trash"),
        ),
    ),
    (
        "Set up",
        (
            Command("doctor", "[PATH]", "check the machine and a tree of runs"),
            Command("serve", "[PATH ...]", "the screen in a browser"),
            Command("completion", "bash|zsh|fish", "completion for your shell"),
        ),
    ),
)

COMMANDS = {command.name: command for _, commands in GROUPS for command in commands}

EXAMPLES = (
    ("tailboard", "the runs in ./runs or $TAILBOARD_DIR"),
    ("tailboard ~/experiments", "any folder of runs, of any known format"),
    ("tailboard ls -q 'lr >= 1e-3 status:finished'", "runs that match a query"),
    ("tailboard ls --sort val/acc.best -n 5", "the five best"),
    ("tailboard compare latest baseline", "what made the difference"),
    ("tailboard run -- python train.py", "record a program as it is"),
)


def help_text() -> str:
    """What `tailboard --help` prints."""
    lines = ["tailboard [PATH ...]   the run explorer for the terminal", ""]
    width = max(map(len, COMMANDS))
    for title, commands in GROUPS:
        lines.append(f"{title}:")
        lines += [f"  {command.name:{width}}  {command.help}" for command in commands]
        lines.append("")
    lines.append("Examples:")
    width = max(len(example) for example, _ in EXAMPLES)
    lines += [f"  {example:{width}}  {what}" for example, what in EXAMPLES]
    lines += [
        "",
        "RUN is an id, its beginning, a name, a path, or `latest`; --root says where to look.",
        "`tailboard COMMAND --help` tells more; commands that print facts take --json.",
        "A path that is named like a command is written ./NAME.",
    ]
    return "\n".join(lines)
