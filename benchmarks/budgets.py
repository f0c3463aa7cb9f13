"""The budgets of docs/design.md beside what the benchmarks measured: met, or by how much not.

Figures are taken from what the scripts print, so each row can be checked against `results.txt`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Outputs = Mapping[str, str]
"""What each benchmark printed, by its name."""

_NUMBER = r"(-?\d[\d,]*\.?\d*(?:e[+-]?\d+)?)"


@dataclass(frozen=True)
class Figure:
    """A measured value, taken from what was printed."""

    labels: tuple[tuple[str, str], ...]
    """Where it stands: the benchmark and what its line begins with."""
    read: Callable[[Outputs], float | None]
    """The value; None where it was not measured."""


@dataclass(frozen=True)
class Budget:
    """One line of the contract."""

    what: str
    figure: Figure
    most: float
    unit: str = "x"

    def row(self, outputs: Outputs) -> tuple[str, str, str, str]:
        """What, measured, budget, met."""
        found = self.figure.read(outputs)
        measured = "-" if found is None else f"{found:.3g} {self.unit}"
        met = "not measured" if found is None else "yes" if found <= self.most else "NO"
        return self.what, measured, f"{self.most:g} {self.unit}", met


def after(benchmark: str, label: str, then: str = "") -> Figure:
    """The first number in the line that begins with `label`, behind the text `then` in it."""
    between = f".*{re.escape(then)}" if then else r"\s"
    pattern = re.compile(rf"^{re.escape(label)}{between}\D*?{_NUMBER}", re.MULTILINE)
    return Figure(((benchmark, label),), lambda outputs: _number(pattern.search(outputs.get(benchmark, ""))))


def cell(benchmark: str, row: str, column: int) -> Figure:
    """A cell of a table with bars between its columns, the row named by its first one."""
    cells = rf"(?:[^|\n]*\|){{{column - 1}}}"
    pattern = re.compile(rf"^\| {re.escape(row)} *\|{cells} *{_NUMBER}", re.MULTILINE)
    return Figure(((benchmark, row),), lambda outputs: _number(pattern.search(outputs.get(benchmark, ""))))


def over(one: Figure, other: Figure) -> Figure:
    """The ratio of two figures."""

    def read(outputs: Outputs) -> float | None:
        above, below = one.read(outputs), other.read(outputs)
        return above / below if above is not None and below else None

    return Figure(one.labels + other.labels, read)


def worst(*figures: Figure) -> Figure:
    """The largest of several figures; None unless all were measured."""

    def read(outputs: Outputs) -> float | None:
        found = [one.read(outputs) for one in figures]
        known = [value for value in found if value is not None]
        return max(known) if len(known) == len(found) else None

    return Figure(tuple(label for one in figures for label in one.labels), read)


def slowest_search() -> Figure:
    """The slowest search of the log, as a multiple of `grep -c`."""

    def read(outputs: Outputs) -> float | None:
        found = re.findall(r"^search .* ([\d.]+)x \(", outputs.get("log", ""), re.MULTILINE)
        return max(map(float, found)) if found else None

    return Figure((("log", "search "),), read)


def _number(found: re.Match[str] | None) -> float | None:
    return None if found is None else float(found[1].replace(",", ""))


def _screen(label: str) -> Figure:
    return after("screen", label)


BUDGETS = (
    Budget("log() of 10 floats, of json + os.write", cell("logger", "tailboard", 2), 1.25),
    Budget(
        "log() of 10 floats, of wandb's",
        over(cell("logger", "tailboard", 1), cell("logger", "wandb", 1)),
        0.1,
    ),
    Budget("records lost on SIGKILL", cell("logger", "tailboard", 5), 0, "records"),
    Budget("import tailboard, of json + os + threading", after("imports", "ratio"), 2.0),
    Budget("first paint of 3 runs, of a bare app", _screen("first paint, 3 runs: ratio to bare"), 1.6),
    Budget("first paint of 10,000 runs", _screen("first paint, 10,000 runs: ratio to bare"), 1.6),
    Budget("open 100,000 x 10, of LEET's time", cell("screen", "LEET: complete, s", 3), 0.05),
    Budget("open 100,000 x 10: first chart", _screen("open 100000 x 10: first chart, s"), 0.2, "s"),
    Budget("open 1,000,000 x 10: first chart", _screen("open 1000000 x 10: first chart, s"), 0.2, "s"),
    Budget(
        "open 1,000,000 x 10 again, all of it",
        _screen("open 1000000 x 10: second open complete, s"),
        0.2,
        "s",
    ),
    Budget("10,000 runs complete, of scandir + stat + read", after("catalog", "store_over_bare"), 2.0),
    Budget("the same for `tailboard ls`", after("catalog", "load_rows_over_bare"), 2.0),
    Budget("the same from the index", after("catalog", "store_again_over_bare"), 2.0),
    Budget("10,000 foreign runs, of the same", after("catalog", "foreign_store_over_bare"), 2.0),
    Budget("the same from the index", after("catalog", "foreign_store_again_over_bare"), 2.0),
    Budget("key to repaint, loading: median", _screen("key to repaint while loading: median ms"), 30, "ms"),
    Budget("key to repaint, loading: p99", _screen("key to repaint while loading: p99 ms"), 80, "ms"),
    Budget("key to repaint, loaded: median", _screen("key to repaint, loaded: median ms"), 30, "ms"),
    Budget("key to repaint, loaded: p99", _screen("key to repaint, loaded: p99 ms"), 80, "ms"),
    Budget("redraw of 12 charts x 4 runs x 1,000,000", after("draw", "12 charts x 4 runs, 49x12"), 60, "ms"),
    Budget(
        "from log() to the screen: median",
        worst(_screen("live delay, auto: median s"), _screen("live delay, poll: median s")),
        0.3,
        "s",
    ),
    Budget("50 live runs at 10 Hz", after("live", "live_50_share"), 0.5, "cores"),
    Budget("idle with 10,000 runs", _screen("idle with 10,000 runs: CPU share"), 0.01, "cores"),
    Budget("idle with 10,000 runs: sent", _screen("idle with 10,000 runs: bytes/s"), 0, "bytes/s"),
    Budget("first paint of a large log, of a small one's", after("log", "first paint", "ms:"), 1.5),
    Budget("search of a large log, of grep -c's time", slowest_search(), 2.0),
    Budget("memory of a large log", after("log", "memory", "grows by"), 100, "MiB"),
)


def table(outputs: Outputs) -> str:
    """All budgets as aligned text, one a line, those that are not met said at the end."""
    rows = [("budget of docs/design.md", "measured", "at most", "met")]
    rows += [budget.row(outputs) for budget in BUDGETS]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    count = {word: sum(row[3] == word for row in rows) for word in ("yes", "NO", "not measured")}
    lines.append(f"met {count['yes']}, not met {count['NO']}, not measured {count['not measured']}")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def unmeasured(outputs: Outputs) -> list[str]:
    """The budgets whose benchmarks all ran, and yet gave no figure: a label may have been renamed."""
    return [
        budget.what
        for budget in BUDGETS
        if budget.figure.read(outputs) is None
        and {name for name, _ in budget.figure.labels} <= outputs.keys()
    ]
