"""Where a run comes from, as lines: identity, times, environment, code, data, end, problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tailboard_tui.text import units
from tailboard_tui.text.safe import clean, clean_lines
from tailboard_tui.widgets.cells import width_of, wrap
from tailboard_tui.widgets.config_lines import KEY_LIMIT, value_part
from tailboard_tui.widgets.info_costs import cost_texts, rank_texts
from tailboard_tui.widgets.line_view import Part, ViewLine
from tailboard_tui.widgets.run_table_columns import STATUS_GLYPHS

if TYPE_CHECKING:
    from tailboard_tui.formats.base import Value
    from tailboard_tui.store.model import RunRow
    from tailboard_tui.store.resources import Resources

KEY_CELLS = 14
MAX_LINES = 20_000
"""Of one part (diff, packages); the rest is named, not shown."""

STATUS_ROLES = {
    "finished": "good",
    "failed": "error",
    "killed": "error",
    "crashed": "error",
    "stalled": "warning",
    "running": "heading",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """What is read from files for the run that Info shows."""

    diff: str = ""
    """Uncommitted changes in `git diff` form, raw text."""
    packages: str = ""
    """Installed distributions, one a line, raw text."""
    problems: tuple[str, ...] = ()


MARGIN_CELLS = 4
"""Of a pane, beside its text: cursor bar, indent, scrollbar."""

MIN_WRAP_CELLS = 20


def info_lines(
    row: RunRow, used: Resources, origin: Origin | None, now: float, folded: set[str], width: int
) -> list[ViewLine]:
    """All that is known of one run.

    Args:
        used: What its resource samples tell.
        origin: The files' content; None while it is being read.
        now: Unix seconds.
        folded: Headings whose part is folded.
        width: Cells of the pane: what went wrong is wrapped, not cut.
    """
    facts = row.facts
    status: list[Part] = [
        (f"{STATUS_GLYPHS[row.status]} {row.status}", STATUS_ROLES.get(row.status, "dim")),
        (f"  {clean(row.status_reason)}", "dim"),
    ]
    lines = [ViewLine(tuple(status), "\0status"), ViewLine(())]
    lines += _facts(_identity(row, now))
    if facts.finish is not None and facts.finish.error:
        lines += _part("Traceback", clean_lines(facts.finish.error), folded, "error")
    if row.problems:
        lines += _part(
            "Problems",
            [_problem(problem.file, problem.line, problem.message) for problem in row.problems],
            folded,
            "warning",
            width,
        )
    if facts.alerts:
        alerts = [
            f"{units.moment(alert.time)}  {clean(alert.title)}  {clean(alert.text)}" for alert in facts.alerts
        ]
        lines += _part("Alerts", alerts, folded, "warning", width)
    lines += _mapping("Ranks", rank_texts(row), folded)
    lines += _mapping("Summary", facts.summary, folded)
    lines += _mapping("Cost", cost_texts(used), folded)
    lines += _mapping("Code", _code(row), folded)
    lines += _mapping("Where it ran", _place(row), folded)
    lines += _mapping("Hardware", facts.hardware, folded)
    if facts.artifacts:
        lines += _part("Data", [_pin(pin) for pin in facts.artifacts], folded, "text")
    if origin is None:
        if facts.diff_path or facts.packages_path:
            lines += [ViewLine(()), ViewLine((("Reading the diff and the packages", "dim"),))]
        return lines
    if origin.problems:
        unread = [clean(problem) for problem in origin.problems]
        lines += _part("Not readable", unread, folded, "warning", width)
    if origin.packages:
        lines += _part("Packages", clean_lines(origin.packages.rstrip("\n")), folded, "text")
    if origin.diff:
        lines += _diff(origin.diff, folded)
    return lines


def _identity(row: RunRow, now: float) -> list[tuple[str, str]]:
    facts = row.facts
    step = "" if row.step is None else f"{row.step:g}"
    if row.total_steps:
        step += f" of {row.total_steps:g}"
    if row.progress is not None and row.ended is None:
        step += f"  {row.progress * 100:.0f}%"
    speed = "" if row.steps_per_s is None else f"{units.number(row.steps_per_s, 3)} steps/s"
    return [
        ("name", facts.name),
        ("id", facts.id),
        ("project", facts.project or ""),
        ("group", facts.group or ""),
        ("job type", facts.job_type or ""),
        ("tags", ", ".join(facts.tags)),
        ("notes", facts.notes or ""),
        ("created", "" if facts.created is None else units.moment(facts.created)),
        ("ended", "" if row.ended is None else units.moment(row.ended)),
        ("duration", _duration(row, now)),
        ("step", step),
        ("speed", speed),
        ("time left", "" if row.eta_s is None or row.ended is not None else units.duration(row.eta_s)),
        (
            "exit code",
            str(facts.finish.exit_code) if facts.finish and facts.finish.exit_code is not None else "",
        ),
        ("resumed from", facts.resumed_from or ""),
        ("format", facts.source),
        ("path", facts.path),
        ("size", units.size(facts.size_bytes) if facts.size_bytes else ""),
    ]


def _duration(row: RunRow, now: float) -> str:
    seconds = row.duration_s(now)
    if seconds is None:
        return ""
    return units.age(max(seconds, 1)) if row.ended is None else units.duration(seconds)


def _code(row: RunRow) -> dict[str, Value]:
    facts = row.facts
    dirty = {True: "uncommitted changes", False: "clean", None: None}[facts.git.dirty]
    found: dict[str, Value] = {
        "commit": facts.git.commit,
        "branch": facts.git.branch,
        "remote": facts.git.remote,
        "state": dirty,
        "seed": facts.seed,
    }
    return {name: value for name, value in found.items() if value is not None}


def _place(row: RunRow) -> dict[str, Value]:
    facts = row.facts
    found: dict[str, Value] = {
        "command": facts.command,
        "directory": facts.cwd,
        "host": facts.host,
        "user": facts.user,
        "process": facts.pid,
        "python": facts.python,
        "platform": facts.platform,
    }
    return {name: value for name, value in found.items() if value is not None}


def _facts(pairs: Iterable[tuple[str, str]]) -> list[ViewLine]:
    return [
        ViewLine(((f"{name:<{KEY_CELLS}}", "key"), (clean(value), "text")), name)
        for name, value in pairs
        if value
    ]


def heading(title: str, folded: set[str], note: str = "") -> list[ViewLine]:
    """The line above a part that folds, and a gap before it."""
    is_open = title not in folded
    parts: list[Part] = [("▾ " if is_open else "▸ ", "dim"), (title, "heading")]
    if note:
        parts.append((f"  {note}", "dim"))
    return [ViewLine(()), ViewLine(tuple(parts), title, is_open)]


def _mapping(title: str, values: Mapping[str, Value], folded: set[str]) -> list[ViewLine]:
    if not values:
        return []
    lines = heading(title, folded, "" if title not in folded else str(len(values)))
    if title not in folded:
        names = {name: clean(name[:KEY_LIMIT]) for name in values}
        room = min(max((width_of(text) for text in names.values()), default=0), 36)
        room = max(room + 2, KEY_CELLS - 2)
        lines += [
            ViewLine(
                (("  " + text + " " * max(room - width_of(text), 2), "key"), value_part(values[name])),
                f"{title}.{name}",
            )
            for name, text in names.items()
        ]
    return lines


def _part(
    title: str, texts: Sequence[str], folded: set[str], role: str, width: int | None = None
) -> list[ViewLine]:
    """A part of ready, clean lines, wrapped to a pane of `width` cells if that is given."""
    lines = heading(title, folded, str(len(texts)) if len(texts) > 1 else "")
    if width is not None and title not in folded:
        room = max(width - MARGIN_CELLS, MIN_WRAP_CELLS)
        texts = [part for text in texts[:MAX_LINES] for part in _wrapped(text, room)]
    if title not in folded:
        lines += [
            ViewLine((("  ", ""), (text, role)), f"{title}.{number}")
            for number, text in enumerate(texts[:MAX_LINES])
        ]
        if len(texts) > MAX_LINES:
            lines.append(ViewLine(((f"  and {len(texts) - MAX_LINES:,} lines more", "dim"),)))
    return lines


def _wrapped(text: str, room: int) -> list[str]:
    """Lines of one text, those after the first set in."""
    first, *rest = wrap(text, room)
    return [first, *("  " + part for line in rest for part in wrap(line, room - 2))]


def _problem(file: str, line: int | None, message: str) -> str:
    place = clean(file) + (f":{line}" if line is not None else "")
    return f"{place}  {clean(message)}"


def _pin(pin: Mapping[str, Value]) -> str:
    role, name = clean(str(pin.get("role") or "")), clean(str(pin.get("name") or pin.get("uri") or ""))
    size = pin.get("size_bytes")
    size_text = units.size(size) if isinstance(size, int | float) and not isinstance(size, bool) else ""
    digest = str(pin.get("sha256") or "")
    more = "  ".join(
        part for part in (size_text, clean(digest[:12]), clean(str(pin.get("uri") or ""))) if part
    )
    return f"{role:<7}{name}  {more}"


def _diff(text: str, folded: set[str]) -> list[ViewLine]:
    """The code diff."""
    texts = text.rstrip("\n").split("\n")
    added = sum(line.startswith("+") and not line.startswith("+++") for line in texts)
    removed = sum(line.startswith("-") and not line.startswith("---") for line in texts)
    return diff_lines("Uncommitted changes", texts, folded, f"+{added} -{removed}")


def diff_lines(title: str, texts: Sequence[str], folded: set[str], note: str) -> list[ViewLine]:
    """Raw lines of a diff as a part, coloured as git does."""
    lines = heading(title, folded, note)
    if title in folded:
        return lines
    for number, text in enumerate(texts[:MAX_LINES]):
        line = clean(text.removesuffix("\r").expandtabs(4))
        lines.append(ViewLine((("  ", ""), (line, _diff_role(line))), f"{title}.{number}"))
    if len(texts) > MAX_LINES:
        lines.append(ViewLine(((f"  and {len(texts) - MAX_LINES:,} lines more", "dim"),)))
    return lines


def _diff_role(line: str) -> str:
    if line.startswith(("diff ", "+++", "---", "index ")):
        return "heading" if line.startswith("diff ") else "dim"
    if line.startswith("@@"):
        return "hunk"
    if line.startswith("+"):
        return "added"
    return "removed" if line.startswith("-") else "text"


def compared_facts(row: RunRow, used: Resources, now: float) -> dict[str, Value]:
    """What Info compares of runs beside their metrics, code, surroundings and data, as one flat mapping."""
    facts = row.facts
    found: dict[str, Value] = {
        "status": row.status,
        "created": None if facts.created is None else units.moment(facts.created),
        "duration": _duration(row, now) or None,
        "step": row.step,
        "group": facts.group,
        "tags": ", ".join(facts.tags) or None,
        **cost_texts(used),
        **{f"summary.{name}": value for name, value in facts.summary.items()},
    }
    return {name: value for name, value in found.items() if value is not None}
