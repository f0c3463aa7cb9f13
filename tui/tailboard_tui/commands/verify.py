"""`tailboard verify`: is the data that a run pinned still what it was?"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tailboard_tui.commands.common import (
    Cell,
    Color,
    Heading,
    Subparsers,
    add_command,
    add_json,
    add_root,
    print_table,
    resolve_run,
)
from tailboard_tui.commands.failures import FAILED, OK, message
from tailboard_tui.text.safe import clean

if TYPE_CHECKING:
    from tailboard_tui.formats.base import RunFacts, Value

State = Literal["same", "changed", "missing", "unreadable", "not checked"]

_COLORS: Mapping[State, Color] = {
    "changed": "red",
    "missing": "red",
    "unreadable": "red",
    "not checked": "dim",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one pin."""

    name: str
    role: str
    uri: str
    state: State
    detail: str
    """Why, for a person."""
    recorded: str | None
    """sha256 that the run recorded."""
    found: str | None
    """sha256 now."""


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "verify",
        "Say whether the data that a run read and made is still what it was, by size and digest.\n"
        "Exit status 0: what could be checked is the same; 1: something has changed, is gone or unreadable.",
        ("tailboard verify latest", "tailboard verify latest --json"),
    )
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="id, beginning of an id, name, path, or `latest`"
    )
    add_json(parser, "the findings as JSON, one object a line")
    add_root(parser)


def run(args: argparse.Namespace) -> int:
    """Check the pins of the runs."""
    findings: list[Finding] = []
    for ref in args.runs:
        row = resolve_run(ref, args.root)
        found = list(verify(row.facts))
        if not found:
            message(f"{clean(row.facts.id)} has pinned no data")
        findings += found
    if args.json:
        _print_json(findings)
    elif findings:
        _print_findings(findings)
    return OK if all(finding.state in ("same", "not checked") for finding in findings) else FAILED


def verify(facts: RunFacts) -> Iterator[Finding]:
    """Measure again what the run has pinned; of several pins of one thing, the last counts."""
    last = {(pin.get("role"), pin.get("name"), pin.get("uri")): pin for pin in facts.artifacts}
    for pin in last.values():
        yield _verify(pin, facts.cwd)


def _verify(pin: Mapping[str, Value], cwd: str | None) -> Finding:
    from tailboard.artifacts import is_remote, measure

    uri = str(pin.get("uri") or "")
    recorded = _text(pin.get("sha256")) or _text(pin.get("dvc_md5"))

    def finding(state: State, detail: str, found: str | None = None) -> Finding:
        return Finding(
            str(pin.get("name") or uri), str(pin.get("role") or ""), uri, state, detail, recorded, found
        )

    if is_remote(uri):
        return finding("not checked", "not on this machine")
    if recorded is None:
        return finding("not checked", "no digest was recorded")
    path = os.path.join(cwd or os.curdir, uri)
    if not os.path.lexists(path) and not os.path.lexists(path + ".dvc"):
        return finding("missing", "nothing is there any more")
    now = measure(path)
    problem = now.get("problem")
    if problem is not None:
        return finding("unreadable", str(problem))
    found = _text(now.get("sha256")) if "sha256" in pin else _text(now.get("dvc_md5"))
    if found == recorded:
        return finding("same", "", found)
    return finding("changed", f"{pin.get('size_bytes')} bytes then, {now.get('size_bytes')} now", found)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _print_json(findings: list[Finding]) -> None:
    import dataclasses
    import json

    for finding in findings:
        print(json.dumps({"format": 1, **dataclasses.asdict(finding)}))


def _print_findings(findings: list[Finding]) -> None:
    headings = [
        Heading("STATE"),
        Heading("ROLE"),
        Heading("NAME"),
        Heading("URI", least_width=20),
        Heading("DETAIL"),
    ]
    rows = (
        [
            Cell(finding.state, _COLORS.get(finding.state)),
            *(Cell(clean(text)) for text in (finding.role, finding.name, finding.uri, finding.detail)),
        ]
        for finding in findings
    )
    print_table(headings, rows)
