"""`tailboard completion`: a script that completes commands, options and runs in your shell.

The names of runs come from files and go into a shell, so only those are offered that are plain words there.
"""

from __future__ import annotations

import argparse
import importlib
import re

from tailboard_tui.commands.common import Subparsers, add_command, default_roots
from tailboard_tui.commands.failures import OK

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*\Z")

TAKES_RUNS = (
    "show",
    "tail",
    "plot",
    "metrics",
    "compare",
    "wait",
    "verify",
    "export",
    "convert",
    "archive",
    "rm",
)

BASH = """\
# tailboard completion for bash: eval "$(tailboard completion bash)"
_tailboard() {
    local word="${COMP_WORDS[COMP_CWORD]}" words=""
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="@commands@"
    else
        case "${COMP_WORDS[1]}" in
@cases@
        esac
        case "${COMP_WORDS[1]}" in
            @runs@) [[ "$word" == -* ]] || words="$words $(tailboard completion runs 2>/dev/null)" ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o default -F _tailboard tailboard
"""

ZSH = """\
#compdef tailboard
# tailboard completion for zsh: eval "$(tailboard completion zsh)"
_tailboard() {
    local -a found
    if (( CURRENT == 2 )); then
        found=(@described@)
        _describe command found
    else
        case "${words[2]}" in
@cases@
        esac
        case "${words[2]}" in
            @runs@) found+=(${(f)"$(tailboard completion runs 2>/dev/null)"}) ;;
        esac
        compadd -- $found
    fi
    _files
}
compdef _tailboard tailboard
"""

FISH = """\
# tailboard completion for fish: tailboard completion fish | source
@lines@
complete -c tailboard -n "__fish_seen_subcommand_from @runs@" -a "(tailboard completion runs 2>/dev/null)"
"""


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "completion",
        "Print a script that completes commands, options and runs.",
        (
            'eval "$(tailboard completion bash)"       in ~/.bashrc',
            'eval "$(tailboard completion zsh)"        in ~/.zshrc, after compinit',
            "tailboard completion fish | source        in config.fish",
        ),
    )
    parser.add_argument(
        "what", choices=("bash", "zsh", "fish", "runs"), help="the shell; `runs` is what the scripts ask"
    )


def run(args: argparse.Namespace) -> int:
    """Print the script, or the runs."""
    if args.what == "runs":
        for word in run_words():
            print(word)
        return OK
    scripts = {"bash": bash, "zsh": zsh, "fish": fish}
    print(scripts[args.what](), end="")
    return OK


def run_words() -> list[str]:
    """Ids and names of the runs in the default place that a shell takes as they are."""
    from tailboard_tui.store.lookup import load_rows

    rows = load_rows(default_roots(), full=False)
    words = [word for row in rows for word in (row.facts.id, row.facts.name)]
    return ["latest", *dict.fromkeys(word for word in words if PLAIN.match(word))]


def options() -> dict[str, list[str]]:
    """The long options of every command, from the parsers themselves."""
    from tailboard_tui.commands.table import COMMANDS, EXPLORE

    found = {EXPLORE: ["--root"]}
    for name in COMMANDS:
        if name != EXPLORE:
            subparsers = argparse.ArgumentParser().add_subparsers()
            importlib.import_module(f"tailboard_tui.commands.{name}").add_parser(subparsers)
            known = subparsers.choices[name]._option_string_actions
            found[name] = sorted(option for option in known if option.startswith("--"))
    return found


def bash() -> str:
    """The script for bash."""
    cases = "\n".join(
        f'            {name}) words="{" ".join(known)}" ;;' for name, known in options().items()
    )
    return _filled(BASH, commands=" ".join(options()), cases=cases, runs="|".join(TAKES_RUNS))


def zsh() -> str:
    """The script for zsh."""
    from tailboard_tui.commands.table import COMMANDS

    quoted = " ".join(
        "'" + f"{command.name}:{command.help}".replace("'", "'\\''") + "'" for command in COMMANDS.values()
    )
    cases = "\n".join(
        f"            {name}) found=({' '.join(known)}) ;;" for name, known in options().items()
    )
    return _filled(ZSH, described=quoted, cases=cases, runs="|".join(TAKES_RUNS))


def fish() -> str:
    """The script for fish."""
    from tailboard_tui.commands.table import COMMANDS

    lines = []
    for command in COMMANDS.values():
        help_text = command.help.replace("\\", "\\\\").replace("'", "\\'")
        lines.append(f"complete -c tailboard -n __fish_use_subcommand -a {command.name} -d '{help_text}'")
    for name, known in options().items():
        lines += [
            f'complete -c tailboard -n "__fish_seen_subcommand_from {name}" -l {option.removeprefix("--")}'
            for option in known
        ]
    return _filled(FISH, lines="\n".join(lines), runs=" ".join(TAKES_RUNS))


def _filled(script: str, **parts: str) -> str:
    for name, text in parts.items():
        script = script.replace(f"@{name}@", text)
    return script
