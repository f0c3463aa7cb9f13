"""`tailboard show`: all facts of one run, what its Info, Config and chart titles say."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tailboard_tui.commands.common import (
    STATUS_COLORS,
    Cell,
    Color,
    Heading,
    Subparsers,
    add_command,
    add_json,
    add_root,
    paint,
    print_table,
    resolve_run,
    roots,
)
from tailboard_tui.commands.failures import OK
from tailboard_tui.store.fields import as_text
from tailboard_tui.store.goal import best, direction
from tailboard_tui.text import units
from tailboard_tui.text.safe import clean, clean_lines

if TYPE_CHECKING:
    from tailboard_tui.formats.base import Value
    from tailboard_tui.store.model import RunRow
    from tailboard_tui.store.objects import Json
    from tailboard_tui.store.pins import SharedData

NAMED_RUNS = 10
"""Runs that are named of those that share data; `--json --details` names all."""

ERROR_CHARS = 20_000
"""The end of a traceback tells the cause; a longer one is cut at its beginning."""


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "show",
        "Show where a run comes from, its configuration, metrics and problems.",
        (
            "tailboard show latest",
            "tailboard show 20261123-1804 --json",
        ),
    )
    parser.add_argument("run", metavar="RUN", help="id, beginning of an id, name, path, or `latest`")
    add_json(parser, "one JSON object, as `ls --json`")
    parser.add_argument(
        "--details", action="store_true", help="with --json: origin, alerts, artifacts, resources too"
    )
    add_root(parser)


def run(args: argparse.Namespace) -> int:
    """Show the run."""
    now = time.time()
    row = resolve_run(args.run, args.root)
    if args.json:
        from tailboard_tui.store.objects import dumps, run_object

        print(dumps(_details(row, args.root, now) if args.details else run_object(row, now)))
        return OK
    _print_heading(row)
    _print_pairs("", _origin(row, now))
    _print_pairs("config", _values(row.facts.config.items()))
    _print_pairs("summary", _values(row.facts.summary.items()))
    _print_metrics(row)
    _print_pairs("resources", _resources(row, now))
    _print_pairs("ranks", _ranks(row))
    _print_pairs("artifacts", _artifacts(row))
    _print_pairs("same data", _same_data(row, args.root))
    _print_pairs(
        "alerts", ((units.moment(item.time), f"{item.title} {item.text}") for item in row.facts.alerts)
    )
    _print_pairs(
        "problems", ((_place(item.file, item.line), item.message) for item in row.problems), "yellow"
    )
    _print_error(row)
    return OK


def _details(row: RunRow, places: Sequence[str] | None, now: float) -> dict[str, Json]:
    from dataclasses import asdict

    from tailboard_tui.store.lookup import load_points
    from tailboard_tui.store.objects import details_object, step
    from tailboard_tui.store.ranks import rank_skew, rank_steps
    from tailboard_tui.store.resources import resources

    steps = rank_steps(row)
    return {
        **details_object(row, now),
        "resources": asdict(resources(row, load_points(row), now)),
        "ranks": {str(rank): step(last) for rank, last in steps.items()},
        "rank_skew": step(rank_skew(steps)),
        "same_data": [
            {"name": data.name, "sha256": data.sha256, "read_by": data.read_by, "made_by": data.made_by}
            for data in _shared(row, places)
        ],
    }


def _shared(row: RunRow, places: Sequence[str] | None) -> list[SharedData]:
    from tailboard_tui.store.lookup import load_rows
    from tailboard_tui.store.pins import has_digests, shared_data

    return shared_data(row, load_rows(roots(places))) if has_digests(row) else []


def _print_heading(row: RunRow) -> None:
    name = clean(row.facts.name or row.facts.id)
    status = paint(row.status, STATUS_COLORS.get(row.status))
    print(f"{paint(name, 'bold')}  {status}  {paint(clean(row.status_reason), 'dim')}".rstrip())


def _print_pairs(title: str, pairs: Iterable[tuple[str, str]], color: Color | None = None) -> None:
    """A block of names and values under a title; nothing where there are none."""
    cleaned = [(clean(name), clean(value)) for name, value in pairs]
    if not cleaned:
        return
    print()
    if title:
        print(paint(title, "cyan"))
    width = min(max(len(name) for name, _ in cleaned), 40)
    for name, value in cleaned:
        print(f"  {paint(f'{name:{width}}', 'dim')}  {paint(value, color)}")


def _origin(row: RunRow, now: float) -> Iterator[tuple[str, str]]:
    facts = row.facts
    for name, value in (
        ("id", facts.id),
        ("path", facts.path),
        ("format", facts.source),
        ("project", facts.project),
        ("group", facts.group),
        ("job type", facts.job_type),
        ("tags", ", ".join(facts.tags)),
        ("notes", facts.notes),
        ("created", _created(row, now)),
        ("took", units.duration(row.duration_s(now)) if row.started is not None else None),
        ("step", _step(row)),
        ("resumed from", facts.resumed_from),
        ("command", facts.command),
        ("directory", facts.cwd),
        ("host", " · ".join(part for part in (facts.user, facts.host) if part)),
        ("python", " · ".join(part for part in (facts.python, facts.platform) if part)),
        ("seed", None if facts.seed is None else str(facts.seed)),
        ("code", _code(row)),
        ("output", ", ".join(log.path for log in facts.log_files)),
    ):
        if value:
            yield name, value
    yield from ((name, as_text(value)) for name, value in facts.hardware.items() if value is not None)


def _created(row: RunRow, now: float) -> str | None:
    created = row.facts.created
    return None if created is None else f"{units.moment(created)} ({units.age(now - created)} ago)"


def _step(row: RunRow) -> str | None:
    if row.step is None:
        return None
    text = f"{row.step:.15g}"
    if row.total_steps:
        text += f" of {row.total_steps:.15g}"
    if row.eta_s is not None and row.ended is None:
        text += f", {units.duration(row.eta_s)} left"
    return text


def _code(row: RunRow) -> str | None:
    git = row.facts.git
    parts = [
        git.commit,
        f"on {git.branch}" if git.branch else None,
        "with uncommitted changes" if git.dirty else None,
    ]
    return " ".join(part for part in parts if part) or None


def _values(items: Iterable[tuple[str, Value]]) -> Iterator[tuple[str, str]]:
    return ((name, "null" if value is None else as_text(value)) for name, value in items)


def _print_metrics(row: RunRow) -> None:
    if not row.metrics:
        return
    print()
    headings = [
        Heading("metric", least_width=16, is_optional=False),
        *(
            Heading(title, is_number=True)
            for title in ("last", "best", "at step", "min", "max", "points", "NaN")
        ),
    ]
    lines = []
    for name, stats in row.metrics.items():
        found = best(stats, direction(name, row.facts.metric_defs))
        lines.append(
            [
                Cell(clean(name)),
                Cell(units.number(stats.last)),
                Cell(units.number(found.value) if found else "", "green"),
                Cell(f"{found.step:.15g}" if found else ""),
                Cell(units.number(stats.min)),
                Cell(units.number(stats.max)),
                Cell(str(stats.count)),
                Cell(str(stats.nan_count), "red") if stats.nan_count else Cell(""),
            ]
        )
    print_table(headings, lines)


def _resources(row: RunRow, now: float) -> Iterator[tuple[str, str]]:
    from tailboard_tui.store.lookup import load_points
    from tailboard_tui.store.resources import resources

    used = resources(row, load_points(row), now)
    if used.gpu_hours is not None:
        yield "GPU hours", f"{units.number(used.gpu_hours)} ({used.gpu_count} GPUs)"
    if used.mean_gpu_percent is not None:
        yield "GPU in use", f"{units.number(used.mean_gpu_percent, 3)} % on average"
    if used.peak_memory_bytes is not None:
        yield "peak memory", units.size(used.peak_memory_bytes)
    if used.peak_gpu_memory_bytes is not None:
        yield "peak GPU memory", units.size(used.peak_gpu_memory_bytes)
    if used.energy_kwh is not None:
        yield "GPU energy", f"{units.number(used.energy_kwh)} kWh"


def _artifacts(row: RunRow) -> Iterator[tuple[str, str]]:
    for item in row.facts.artifacts:
        size_bytes, digest = item.get("size_bytes"), item.get("sha256")
        parts = [as_text(item.get("role")), as_text(item.get("uri"))]
        if isinstance(size_bytes, int | float):
            parts.append(units.size(size_bytes))
        if isinstance(digest, str):
            parts.append(f"sha256 {digest[:12]}")
        yield as_text(item.get("name")), "  ".join(part for part in parts if part)


def _ranks(row: RunRow) -> Iterator[tuple[str, str]]:
    from tailboard_tui.store.ranks import rank_skew, rank_steps

    steps = rank_steps(row)
    for rank, last in steps.items():
        yield f"rank {rank}", f"step {last:.15g}"
    if steps:
        yield "skew", f"{units.count(rank_skew(steps))} steps between first and last"


def _same_data(row: RunRow, places: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    for data in _shared(row, places):
        for what, ids in (("read by", data.read_by), ("made by", data.made_by)):
            if ids:
                more = f" and {len(ids) - NAMED_RUNS} more" if len(ids) > NAMED_RUNS else ""
                yield data.name, f"{what} {', '.join(ids[:NAMED_RUNS])}{more}"


def _place(file: str, line: int | None) -> str:
    return file if line is None else f"{file}:{line}"


def _print_error(row: RunRow) -> None:
    finish = row.facts.finish
    if finish is None or not finish.error:
        return
    print()
    print(paint("error", "cyan"))
    for line in clean_lines(finish.error[-ERROR_CHARS:]):
        print(f"  {paint(line, 'red')}")
