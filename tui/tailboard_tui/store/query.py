"""Queries over runs: the same in the filter of the run list, in `-q` and in saved views."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tailboard_tui.store.fields import (
    MOMENTS,
    SPANS,
    Getter,
    as_number,
    as_text,
    begun,
    fact,
    getter,
    parse_number,
)
from tailboard_tui.store.model import RunRow
from tailboard_tui.store.query_syntax import (
    And,
    Compare,
    Everything,
    Field,
    Node,
    Not,
    Or,
    Pattern,
    QueryError,
    Word,
    compile_pattern,
    parse,
    parse_moment,
    parse_span,
    show,
)

__all__ = ["Query", "QueryError", "compile_query"]

Test = Callable[[RunRow, float], bool]

TEXT_LIMIT = 1_000
"""Characters of a text that a regular expression looks at: names come from files of any size."""

_ORDER: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Query:
    """A compiled query. One with a `problem` filters nothing."""

    text: str
    """As the user wrote it."""
    node: Node
    problem: QueryError | None
    _test: Test

    def matches(self, row: RunRow, now: float) -> bool:
        """Whether the run is wanted. Never raises.

        Args:
            now: Unix seconds, for `since:` and durations of live runs.
        """
        return self._test(row, now)

    def filter(self, rows: Iterable[RunRow], now: float) -> list[RunRow]:
        """The runs that are wanted, in their order."""
        test = self._test
        return [row for row in rows if test(row, now)]

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that it asks for; words, tags and times ask for none."""
        return tuple(dict.fromkeys(_keys(self.node)))

    def __str__(self) -> str:
        return show(self.node)


def compile_query(text: str) -> Query:
    """The query of `text`. Never raises: what is wrong is in `problem`, with its position."""
    try:
        node = parse(text)
    except QueryError as problem:
        return Query(text, Everything(), problem, _compile(Everything()))
    return Query(text, node, None, _compile(node))


def _keys(node: Node) -> Iterator[str]:
    match node:
        case Field(name="has", text=key, is_pattern=False) | Compare(key=key):
            yield key
        case Field(name="tag" | "tags" | "since" | "before"):
            return
        case Field(name=key):
            yield key
        case Not(term):
            yield from _keys(term)
        case And(terms) | Or(terms):
            for term in terms:
                yield from _keys(term)


def _compile(node: Node) -> Test:
    match node:
        case Everything():
            return lambda row, now: True
        case Word(text):
            return _word(text)
        case Pattern(pattern):
            search = compile_pattern(pattern).search
            return lambda row, now: any(search(text[:TEXT_LIMIT]) for text in _names(row))
        case Field():
            return _field(node)
        case Compare():
            return _compare(node)
        case Not(term):
            inner = _compile(term)
            return lambda row, now: not inner(row, now)
        case And(terms):
            tests = [_compile(term) for term in terms]
            return lambda row, now: all(test(row, now) for test in tests)
        case Or(terms):
            tests = [_compile(term) for term in terms]
            return lambda row, now: any(test(row, now) for test in tests)


def _names(row: RunRow) -> tuple[str, ...]:
    facts = row.facts
    return (facts.id, facts.name, facts.group or "", *facts.tags)


def _word(text: str) -> Test:
    wanted = text.casefold()
    return lambda row, now: any(wanted in name.casefold() for name in _names(row))


def _field(node: Field) -> Test:
    name, text = node.name, node.text
    if not node.is_pattern:
        if name == "since":
            return lambda row, now: _is_from(row, text, now)
        if name == "before":
            return lambda row, now: begun(row) is not None and not _is_from(row, text, now)
        if name == "has":
            wanted = getter(text)
            return lambda row, now: wanted(row, now) is not None
    found = _finder(node)
    if name in ("tag", "tags"):
        return lambda row, now: any(map(found, row.facts.tags))
    value_of = fact(name) or getter(name)

    def test(row: RunRow, now: float) -> bool:
        value = value_of(row, now)
        return value is not None and found(as_text(value))

    return test


def _is_from(row: RunRow, text: str, now: float) -> bool:
    when, begin = begun(row), parse_moment(text, now)
    return when is not None and begin is not None and when >= begin


def _finder(node: Field) -> Callable[[str], bool]:
    if node.is_pattern:
        search = compile_pattern(node.text).search
        return lambda text: search(text[:TEXT_LIMIT]) is not None
    wanted = node.text.casefold()
    return lambda text: wanted in text.casefold()


def _compare(node: Compare) -> Test:
    """A comparison by number where both sides are numbers, by text otherwise.

    A run without a value matches no comparison, `!=` included. A number and a text differ and have no
    order. Texts compare whatever their case.
    """
    holds = _ORDER[node.operator]
    value_of = getter(node.key)
    if node.key in MOMENTS or node.key in SPANS:
        return _compare_time(node, value_of, holds)
    literal = parse_number(node.value)
    if literal is not None:
        limit = literal
        spelled = node.value.casefold()
        is_equality = node.operator in ("=", "!=")
        nan_equals = limit != limit and is_equality

        def by_number(row: RunRow, now: float) -> bool:
            value = value_of(row, now)
            number = as_number(value)
            if number is not None:
                return (number != number) == (node.operator == "=") if nan_equals else holds(number, limit)
            if value is None or not is_equality:
                return False
            return (as_text(value).casefold() == spelled) == (node.operator == "=")

        return by_number
    return _compare_text(node, value_of)


def _compare_text(node: Compare, value_of: Getter) -> Test:
    wanted = node.value.casefold()
    holds = _ORDER[node.operator]
    is_order = node.operator not in ("=", "!=")

    def by_text(row: RunRow, now: float) -> bool:
        value = value_of(row, now)
        if value is None or (is_order and as_number(value) is not None):
            return False
        text = as_text(value).casefold()
        return holds((text > wanted) - (text < wanted), 0)

    return by_text


def _compare_time(node: Compare, value_of: Getter, holds: Callable[[float, float], bool]) -> Test:
    """A fact in seconds against `2h`, a moment against `2026-11-23`; config keys of that name too."""

    def test(row: RunRow, now: float) -> bool:
        number = as_number(value_of(row, now))
        limit = parse_number(node.value)
        if limit is None:
            limit = parse_span(node.value) if node.key in SPANS else parse_moment(node.value, now)
        return number is not None and limit is not None and holds(number, limit)

    return test
