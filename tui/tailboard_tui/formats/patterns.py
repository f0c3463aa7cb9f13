"""Metrics in what a program printed: one table of line patterns, which `patterns` in config.toml extends.

A pattern says how a line begins and where its step stands; the numbers are then read from the rest of the
line as `name: number`, `name=number`, `name number` or `name | number` in the writer's own spelling.
Sources: karpathy/nanoGPT train.py, KellerJordan/modded-nanogpt, NVIDIA/Megatron-LM training.py,
pytorch/torchtune, facebookresearch/fairseq logging, keras progbar, open-mmlab/mmengine LoggerHook.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tailboard_tui.files.follow import Block
from tailboard_tui.formats.base import Rows
from tailboard_tui.formats.flat import flatten
from tailboard_tui.formats.names import number, step_name
from tailboard_tui.formats.rowbuilder import ResumeWatch, RowsBuilder
from tailboard_tui.formats.sources import Complaint

LINE_CHARS = 4_000
"""Longer lines are cut: no metrics stand further behind."""

Form = Literal["pairs", "words", "object", "groups"]
"""How numbers stand in the rest of a line: `name: 1` or `name=1`; `name 1`; JSON or a dict; named groups."""

_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf|NaN|Infinity)\b"
_NAME = r"[A-Za-z_][\w./@()-]*"
_WORD = r"[A-Za-z_(][\w./@()-]*"
"""A further word of a name: `elapsed time per iteration (ms)`."""
_VALUE = rf"(?>({_NUMBER}))(?![-:/.]\d|x[\da-f])"
"""A number as a whole, that is no begin of a date, a duration, a version or a hexadecimal number."""
_PAIR = re.compile(rf"(?<![\w.])({_NAME}(?: {_WORD}){{0,4}})\s*[:=]\s*{_VALUE}")
_WORDS = re.compile(rf"(?<![\w.])({_NAME}(?: {_NAME}){{0,3}}) {_VALUE}")
_TIME = re.compile(r"\[?(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:[.,](\d{1,6}))?")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[@-_]")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One kind of line."""

    name: str
    match: re.Pattern[str]
    """With the groups `step` or `epoch`, and `rest`, where the numbers stand; or one group a metric."""
    form: Form = "pairs"
    is_telling: bool = True
    """Whether one such line is enough to know a log of metrics."""


def _pattern(name: str, match: str, form: Form = "pairs", *, is_telling: bool = True) -> Pattern:
    return Pattern(name, re.compile(match), form, is_telling)


PATTERNS = (
    _pattern("nanogpt", r"^iter (?P<step>\d+): (?P<rest>loss .*)", "words"),
    _pattern("nanogpt-eval", r"^step (?P<step>\d+): (?P<rest>train loss .*)", "words"),
    _pattern("modded-nanogpt", r"^step:(?P<step>\d+)(?:/\d+)? (?P<rest>.*(?:loss|acc)\S*:.*)"),
    _pattern("speedrun", r"^s:(?P<step>\d+) (?P<rest>t[er]l:.*)"),
    _pattern("megatron", r"iteration\s+(?P<step>\d+)/\s*\d+ \|(?P<rest>.*\|.*)"),
    _pattern("torchtune", r"^Step (?P<step>\d+) \| (?P<rest>.*:.*)"),
    _pattern("fairseq", r"^(?>[^{]*?\| (?:INFO|train|valid))[^{]*(?P<rest>\{\".*\})\s*$", "object"),
    _pattern("fairseq-pipes", r"(?P<rest>\| epoch \d+ .*\| loss .*\| num_updates \d+.*)", "words"),
    _pattern("mmengine", r"(?:Epoch|Iter)\((?P<kind>train|val|test)\) +(?P<rest>\[.*)"),
    _pattern("dict", r"^(?P<rest>\{['\"][\w/. -]+['\"]: .*\})\s*$", "object"),
    _pattern(
        "general",
        r"(?i)\b(?:global[ _]step|step|iteration|iter|it|update|batch)s?\b[\s:=#\[(]*(?P<step>\d+)"
        r"(?P<rest>.*[:=].*)",
        is_telling=False,
    ),
    _pattern("epoch", r"(?i)\bepochs?\b[\s:=#\[(]*(?P<step>\d+)(?P<rest>.*[:=].*)", is_telling=False),
)
"""Asked in this order; the first that gives numbers has the line."""

_KERAS_EPOCH = re.compile(r"^Epoch (\d+)/(\d+)\s*$")
_KERAS_BAR = re.compile(r"^\s*(\d+)/(\d+) [\[━].*? - (?P<rest>[A-Za-z_]\S*: .*)")

_MM_PLACE = re.compile(r"\[\s*(\d+)\]\[\s*(\d+)/\s*(\d+)\]|\[\s*(\d+)/\s*(\d+)\]")


def user_patterns(settings: Iterable[Mapping[str, str]]) -> tuple[list[Pattern], list[str]]:
    """The patterns of `config.toml`: tables with `match`, a regular expression, perhaps `name` and `form`.

    Returns:
        The patterns, and what is wrong with others.
    """
    found: list[Pattern] = []
    problems: list[str] = []
    for place, table in enumerate(settings, 1):
        name = str(table.get("name") or f"pattern {place}")
        try:
            match = re.compile(str(table["match"]))
        except (KeyError, re.error) as error:
            problems.append(f"patterns: {name}: {error}")
            continue
        form = table.get("form") or ("pairs" if "rest" in match.groupindex else "groups")
        if form not in ("pairs", "words", "object", "groups"):
            problems.append(f"patterns: {name}: form must be pairs, words, object or groups")
            continue
        found.append(Pattern(name, match, form))  # type: ignore[arg-type]  # one of the four, see above
    return found, problems


@dataclass(frozen=True, slots=True)
class Reading:
    """What one line says."""

    pattern: Pattern
    step: float
    values: Mapping[str, float]


class LogLines:
    """The decoder of a log: a clock for each pattern, since they may count different steps."""

    def __init__(self, patterns: Iterable[Pattern] = ()) -> None:
        self._patterns = (*patterns, *PATTERNS)
        self._keras_epoch = math.nan
        self._builders: dict[str, RowsBuilder] = {}
        self._resumes: dict[str, ResumeWatch] = {}

    def feed(self, block: Block) -> None:
        """The next lines of the log."""
        for raw in block.data.split(b"\n")[:-1]:
            if not any(48 <= byte <= 57 for byte in raw[:LINE_CHARS]):
                continue
            line = visible(raw)
            found = self.read(line)
            if found is None:
                continue
            name = found.pattern.name
            builder = self._builders.get(name)
            if builder is None:
                builder = self._builders[name] = RowsBuilder(name)
            builder.add(found.step, _time_of(line), found.values)

    def take(self) -> tuple[list[Rows], list[Complaint]]:
        """What came of the lines fed since the last call. A log is free text: nothing in it is wrong."""
        rows = [block for builder in self._builders.values() for block in builder.take()]
        return [self._resumes.setdefault(block.clock, ResumeWatch()).mark(block) for block in rows], []

    def read(self, line: str) -> Reading | None:
        """The numbers in one line, or None."""
        keras = self._read_keras(line)
        if keras is not None:
            return keras
        for pattern in self._patterns:
            match = pattern.match.search(line)
            if match is None:
                continue
            found = _reading(pattern, match)
            if found is not None:
                return found
        return None

    def _read_keras(self, line: str) -> Reading | None:
        """The last state of a Keras progress bar, which stands below the line of its epoch."""
        epoch = _KERAS_EPOCH.match(line)
        if epoch is not None:
            self._keras_epoch = float(epoch[1])
            return None
        bar = _KERAS_BAR.match(line)
        if bar is None or bar[1] != bar[2]:
            return None
        values = dict(_pairs(bar["rest"].replace(" - ", ", ")))
        return Reading(KERAS, self._keras_epoch, values) if values else None


KERAS = _pattern("keras", _KERAS_BAR.pattern)


def visible(raw: bytes) -> str:
    """A line as a terminal shows it in the end: behind the last carriage return, without escape sequences."""
    text = raw[-LINE_CHARS:].decode("utf-8", "replace") if b"\r" in raw or b"\b" in raw else ""
    if not text:
        text = raw[:LINE_CHARS].decode("utf-8", "replace")
    text = text.rstrip("\r\b ")
    text = text[max(text.rfind("\r"), text.rfind("\b")) + 1 :]
    return _ESCAPES.sub("", text) if "\x1b" in text else text


def _reading(pattern: Pattern, match: re.Match[str]) -> Reading | None:
    groups = match.groupdict()
    step = _number(groups.get("step"))
    if pattern.form == "groups":
        values = {name: _number(text) for name, text in groups.items() if name != "step" and text}
        values = {name: value for name, value in values.items() if not math.isnan(value)}
    elif pattern.form == "object":
        values = _object(groups["rest"] or "")
        key = step_name(values)
        if key is not None and math.isnan(step):
            step = values.pop(key)
    else:
        rest = groups.get("rest") or ""
        values = dict(_words(rest) if pattern.form == "words" else _pairs(rest))
        if pattern.name == "mmengine":
            step = _mmengine_step(rest)
        elif pattern.name == "fairseq-pipes":
            step = values.pop("num_updates", step)
    return Reading(pattern, step, values) if values else None


def _pairs(text: str) -> Iterator[tuple[str, float]]:
    for name, value in _PAIR.findall(text):
        yield name, _number(value)


def _words(text: str) -> Iterator[tuple[str, float]]:
    for name, value in _WORDS.findall(text):
        yield name, _number(value)


def _object(text: str) -> dict[str, float]:
    """The numbers of a JSON object or of a printed dict; fairseq writes them as text."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        try:
            found = ast.literal_eval(text.replace(": nan", ": 'nan'").replace(": inf", ": 'inf'"))
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            return {}
    if not isinstance(found, dict):
        return {}
    values: dict[str, float] = {}
    for name, value in flatten(found, "/").items():
        if isinstance(value, bool | None):
            continue
        read = number(value) if isinstance(value, str) and len(value) < 40 else value
        if isinstance(read, int | float):
            values[str(name)] = float(read)
    return values


def _mmengine_step(rest: str) -> float:
    """Iterations so far: `[epoch][i/n]` or `[i/n]`."""
    place = _MM_PLACE.match(rest)
    if place is None:
        return math.nan
    if place[4]:
        return float(place[4])
    return (float(place[1]) - 1) * float(place[3]) + float(place[2])


def _number(text: str | None) -> float:
    found = number(text) if text else None
    return math.nan if found is None else found


def _time_of(line: str) -> float:
    """The moment that a line begins with, by this machine's clock; NaN where there is none."""
    match = _TIME.match(line)
    if match is None:
        return math.nan
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2]}").timestamp() + float(f"0.{match[3] or 0}")
    except (ValueError, OverflowError):
        return math.nan


def looks_like_log_of_metrics(data: bytes, patterns: Iterable[Pattern] = ()) -> bool:
    """Whether some lines of a log hold metrics: one of a known program, or three of any."""
    lines = LogLines(patterns)
    score = 0
    for raw in data.split(b"\n"):
        found = lines.read(visible(raw))
        if found is not None:
            score += 3 if found.pattern.is_telling else 1
        if score >= 3:
            return True
    return False
