"""`tailboard completion`: a script that completes commands, options and runs in your shell.

The names of runs come from files and go into a shell, so only those are offered that are plain words there.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
from collections.abc import Sequence

from tailboard_tui.commands.common import Subparsers, add_command, default_roots
from tailboard_tui.commands.failures import OK

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*\Z")

ASK = "tailboard completion runs --"
"""What the scripts call, with the words of the command line behind its sub-command."""

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
            @runs@)
                local before=("${COMP_WORDS[@]:2:COMP_CWORD-2}")
                [[ "$word" == -* ]] || words="$words $(@ask@ "${before[@]}" 2>/dev/null)" ;;
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
            @runs@) found+=(${(f)"$(@ask@ "${(Q@)words[3,CURRENT-1]}" 2>/dev/null)"}) ;;
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
complete -c tailboard -n "__fish_seen_subcommand_from @runs@" -a "(@ask@ (commandline -opc)[3..] 2>/dev/null)"
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
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Print the script, or the runs."""
    if args.what == "runs":
        for word in run_words(roots_in(args.words) or default_roots()):
            print(word)
        return OK
    scripts = {"bash": bash, "zsh": zsh, "fish": fish}
    print(scripts[args.what](), end="")
    return OK


def roots_in(words: Sequence[str]) -> list[str]:
    """The places that `--root` names on a command line; bash gives `--root=X` as three words."""
    found = []
    for at, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option == "--root":
            following = [value] if equals else [part for part in words[at + 1 : at + 3] if part != "="]
            found += [os.path.expanduser(place) for place in following[:1] if place]
    return found


def run_words(roots: Sequence[str]) -> list[str]:
    """Ids and names of the runs below `roots` that a shell takes as they are."""
    from tailboard_tui.store.lookup import load_rows

    rows = load_rows(roots, full=False)
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
    for name, text in {**parts, "ask": ASK}.items():
        script = script.replace(f"@{name}@", text)
    return script
