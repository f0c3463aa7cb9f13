"""The query language as text and as a tree: parsing, and printing that parses to the same tree.

    query = both ("or" both)*
    both  = unary (["and"] unary)*
    unary = ("!" | "not") unary | "(" query ")" | term
    term  = "~" regex | word | field ":" ["~"] text | key ("=" "!=" "<" "<=" ">" ">=") value

Quotes, `"` or `'`, make any text a word, key or value; in them a backslash escapes the quote and itself.
docs/queries.md describes the same language for users.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

MAX_CHARS = 4_000
MAX_DEPTH = 50
"""Python's own stack is the limit behind both: a query is written by a person."""

STATUS_WORDS = ("running", "stalled", "finished", "failed", "killed", "crashed", "unknown")

_OPERATORS = ("!=", "<=", ">=", "==", "=", "<", ">")
_KEYWORDS = frozenset({"and", "or", "not"})
_BARE = re.compile(r"[^\s()\"'=<>!~:][^\s()\"'=<>!:]*\Z")
_SPAN = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+\Z")
_SPAN_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


class QueryError(ValueError):
    """The text is no query.

    Attributes:
        position: 0-based index of the character at fault; `len(text)` where something is missing at the end.
        message: What is wrong, in one sentence.
    """

    def __init__(self, position: int, message: str) -> None:
        super().__init__(f"at character {position + 1}: {message}")
        self.position = position
        self.message = message


@dataclass(frozen=True, slots=True)
class Everything:
    """The empty query."""


@dataclass(frozen=True, slots=True)
class Word:
    """In the id, name, group or a tag, whatever the case."""

    text: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression that is found in the id, name, group or a tag, whatever the case."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Field:
    """`field:text`, `field:~regex`."""

    name: str
    text: str
    is_pattern: bool = False


@dataclass(frozen=True, slots=True)
class Compare:
    """`key >= value`."""

    key: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Not:
    """What does not match the term."""

    term: Node


@dataclass(frozen=True, slots=True)
class And:
    """What matches all of two or more terms."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """What matches any of two or more terms."""

    terms: tuple[Node, ...]


Node = Everything | Word | Pattern | Field | Compare | Not | And | Or


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """The regular expression, case-insensitive.

    Raises:
        ValueError: It is none; the message says why.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(pattern, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None


def parse_span(text: str) -> float | None:
    """Seconds of `90s`, `2h`, `1d12h`, `1.5h`; None for anything else."""
    if not _SPAN.match(text):
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _SPAN_PART.findall(text))


def parse_moment(text: str, now: float) -> float | None:
    """Unix seconds of `2h` (ago), `today`, `yesterday`, `2026-11-23`, `2026-11-23T18:00`; None otherwise.

    Dates without a time zone are local. The result is never NaN.
    """
    span = parse_span(text)
    if span is not None:
        return now - span
    try:
        if text in ("today", "yesterday"):
            midnight = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
            return (midnight - timedelta(days=text == "yesterday")).timestamp()
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def parse(text: str) -> Node:
    """The tree of `text`.

    Raises:
        QueryError: It is no query.
    """
    if len(text) > MAX_CHARS:
        raise QueryError(MAX_CHARS, f"a query has at most {MAX_CHARS} characters")
    return _Parser(text).query()


class _Parser:
    """Recursive descent over the characters of one query."""

    def __init__(self, text: str) -> None:
        self.text: Final = text
        self.at = 0
        self.depth = 0

    def query(self) -> Node:
        self.skip_space()
        if self.at == len(self.text):
            return Everything()
        node = self.either()
        if self.at < len(self.text):
            raise QueryError(self.at, "this parenthesis was never opened")
        return node

    def either(self) -> Node:
        terms = [self.both()]
        while self.keyword("or"):
            terms.append(self.both())
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def both(self) -> Node:
        terms = [self.unary()]
        while not self.is_at_end():
            self.keyword("and")
            terms.append(self.unary())
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def unary(self) -> Node:
        self.skip_space()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise QueryError(self.at, f"nested more than {MAX_DEPTH} deep")
        if self.keyword("not") or self.negation():
            node: Node = Not(self.unary())
        elif self.text.startswith("(", self.at):
            node = self.group()
        else:
            node = self.term()
        self.depth -= 1
        self.skip_space()
        return node

    def negation(self) -> bool:
        if self.text.startswith("!", self.at) and not self.text.startswith("!=", self.at):
            self.at += 1
            return True
        return False

    def group(self) -> Node:
        opened = self.at
        self.at += 1
        node = self.either()
        if not self.text.startswith(")", self.at):
            raise QueryError(opened, "this parenthesis is never closed")
        self.at += 1
        return node

    def term(self) -> Node:
        start = self.at
        if self.at == len(self.text) or self.text[self.at] == ")":
            raise QueryError(self.at, "something to look for is missing here")
        if self.operator_here() is not None:
            raise QueryError(start, "a comparison needs a key on its left, as in lr >= 1e-3")
        for word in ("and", "or"):
            if self.keyword(word):
                raise QueryError(start, f'"{word}" stands between two terms; quote it to look for the word')
        if self.text[self.at] == "~":
            self.at += 1
            return Pattern(self.pattern())
        word = self.atom(stop_at_colon=True)
        if self.text.startswith(":", self.at):
            self.at += 1
            return self.field(word, start)
        end = self.at
        self.skip_space()
        operator = self.operator_here()
        if operator is None:
            self.at = end
            return Word(word)
        self.at += len(operator)
        return self.comparison(word, operator)

    def comparison(self, key: str, operator: str) -> Node:
        self.skip_space()
        if self.is_at_end(keywords=False):
            raise QueryError(self.at, f"a number or text is missing after {operator}")
        if self.operator_here() is not None:
            raise QueryError(self.at, "two operators in a row; there are = != < <= > >=")
        return Compare(key, "=" if operator == "==" else operator, self.atom())

    def field(self, name: str, start: int) -> Node:
        at = self.at
        if self.is_at_end(keywords=False) or self.text[at].isspace():
            raise QueryError(at, f"a text is missing after {self.text[start:at]}")
        if self.text[at] == "~":
            self.at += 1
            return Field(name, self.pattern(), is_pattern=True)
        text = self.atom()
        if name == "status" and not any(text.casefold() in word for word in STATUS_WORDS):
            raise QueryError(at, f"no such status; there are {', '.join(STATUS_WORDS)}")
        if name in ("since", "before") and parse_moment(text, 0.0) is None:
            raise QueryError(at, "a time is written 90s, 2h, 3d, today, 2026-11-23 or 2026-11-23T18:00")
        return Field(name, text)

    def pattern(self) -> str:
        at = self.at
        if self.is_at_end(keywords=False) or self.text[at].isspace():
            raise QueryError(at, "a regular expression is missing after ~")
        pattern = self.atom()
        try:
            compile_pattern(pattern)
        except ValueError as error:
            raise QueryError(at, f"not a regular expression: {error}") from None
        return pattern

    def atom(self, *, stop_at_colon: bool = False) -> str:
        """A quoted text, or characters up to a space or a parenthesis that they did not open."""
        quote = self.text[self.at]
        if quote in "\"'":
            return self.quoted(quote)
        start = self.at
        opened = 0
        while self.at < len(self.text):
            char = self.text[self.at]
            if char.isspace() or (char == ")" and opened == 0):
                break
            if stop_at_colon and (char == ":" or self.operator_here() is not None) and self.at > start:
                break
            opened += (char == "(") - (char == ")")
            self.at += 1
        if opened:
            raise QueryError(self.text.index("(", start), "this parenthesis is never closed")
        return self.text[start : self.at]

    def quoted(self, quote: str) -> str:
        start = self.at
        self.at += 1
        chars: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char == quote:
                return "".join(chars)
            if char == "\\" and self.text[self.at : self.at + 1] in (quote, "\\"):
                char = self.text[self.at]
                self.at += 1
            chars.append(char)
        raise QueryError(start, "this quote is never closed")

    def skip_space(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def operator_here(self) -> str | None:
        return next((item for item in _OPERATORS if self.text.startswith(item, self.at)), None)

    def is_keyword(self, word: str) -> bool:
        end = self.at + len(word)
        if self.text[self.at : end].lower() != word:
            return False
        return end == len(self.text) or self.text[end].isspace() or self.text[end] in "()\"'"

    def keyword(self, word: str) -> bool:
        if not self.is_keyword(word):
            return False
        self.at += len(word)
        self.skip_space()
        return True

    def is_at_end(self, *, keywords: bool = True) -> bool:
        """Whether a list of terms ends here: with the text, its group, or at an `or`."""
        if self.at == len(self.text) or self.text[self.at] == ")":
            return True
        return keywords and self.is_keyword("or")


def quoted_if_needed(text: str, *, keywords: bool = True) -> str:
    """`text` as one word, key or value of a query."""
    if _BARE.match(text) and not (keywords and text.lower() in _KEYWORDS):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def show(node: Node) -> str:
    """`node` as text that parses to an equal tree."""
    match node:
        case Everything():
            return ""
        case Word(text):
            return quoted_if_needed(text)
        case Pattern(pattern):
            return "~" + quoted_if_needed(pattern)
        case Field(name, text, is_pattern):
            return f"{quoted_if_needed(name)}:{'~' if is_pattern else ''}{quoted_if_needed(text)}"
        case Compare(key, operator, value):
            return f"{quoted_if_needed(key)} {operator} {quoted_if_needed(value)}"
        case Not(term):
            return "!" + _show_inner(term)
        case And(terms):
            return " ".join(map(_show_inner, terms))
        case Or(terms):
            return " or ".join(f"({show(term)})" if isinstance(term, Or) else show(term) for term in terms)


def _show_inner(node: Node) -> str:
    return f"({show(node)})" if isinstance(node, And | Or) else show(node)
