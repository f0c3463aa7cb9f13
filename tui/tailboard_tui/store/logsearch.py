"""Finding a text or a regular expression in a block of a log, and in the rows on the screen.

What is searched is what the rows show: colours are looked through, and of a progress bar only the
last state counts. Plain texts are found in the raw bytes (`store.logscan`); only pieces in which escape
sequences or carriage returns leave a doubt are looked at one by one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tailboard_tui.store.logblock import BlockText, each_once, shown_bytes
from tailboard_tui.store.logpieces import IntArray
from tailboard_tui.store.logscan import Scan
from tailboard_tui.store.regex_process import RegexProcess, RegexTimeoutError
from tailboard_tui.store.regex_texts import required_texts

BLOCK_TIMEOUT_S = 2.0
"""A regular expression that needs longer for 1 MiB is stopped; an ordinary one needs 8 ms."""

SPANS_TIMEOUT_S = 0.3
"""The same for the few rows on the screen."""


MOST_TRIED = 2000
"""Lines of a block that are taken out to be tried; of more, all are tried."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is looked for, as typed: `text`, or `~regex`. Capitals make it case-sensitive."""

    text: str
    is_regex: bool
    is_case_sensitive: bool

    @classmethod
    def parse(cls, typed: str) -> Pattern | None:
        """The pattern, or None for none."""
        is_regex = typed.startswith("~")
        text = typed[1:] if is_regex else typed
        return cls(text, is_regex, has_capitals(text, is_regex=is_regex)) if text else None

    @property
    def problem(self) -> str:
        """What is wrong with a regex, for the user; empty when nothing is."""
        if not self.is_regex:
            return ""
        try:
            re.compile(self.text)
        except (re.error, RecursionError, OverflowError) as error:
            return str(error)
        return ""


def filter_problem(typed: str) -> str:
    """What is wrong with a filter as typed (`text`, `~regex`, `!text`, `!~regex`); empty when nothing is."""
    pattern = Pattern.parse(typed.removeprefix("!"))
    return f"{typed}: {pattern.problem}" if pattern is not None and pattern.problem else ""


def has_capitals(text: str, *, is_regex: bool) -> bool:
    """Smart case, as in vim: whether `text` holds a capital letter (escapes such as `\\S` aside)."""
    return any(character.isupper() for character in (re.sub(r"\\.", "", text) if is_regex else text))


def ascii_lower(text: str) -> str:
    """`text` with A to Z in lower case and every other character as it is: lengths stay."""
    return text.translate(_LOWER)


_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


class Finder(Protocol):
    """Finds one pattern."""

    def pieces(self, block: BlockText) -> IntArray:
        """The pieces of a block that show it, ascending; where one draws several rows, any that may show it.

        Raises:
            RegexTimeoutError: It takes too long.
        """
        ...

    def matches(self, line: str) -> bool:
        """Whether a line shows it; errors as `pieces`."""
        ...

    def spans(self, lines: list[str]) -> list[list[tuple[int, int]]]:
        """For each line where it stands, in characters."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


class TextFinder:
    """Finds a plain text. Without capitals in it, A to Z match a to z; other letters exactly."""

    def __init__(self, pattern: Pattern) -> None:
        self._folds = not pattern.is_case_sensitive
        self._text = ascii_lower(pattern.text) if self._folds else pattern.text
        self._needle = self._text.encode("utf-8", "surrogateescape")
        self._scan = Scan(self._needle, folds=self._folds)

    def pieces(self, block: BlockText) -> IntArray:
        """As `Finder`."""
        text = self._scan.prepare(block.data)
        if block.has_moves:
            return self._candidates(block, text)
        few = self._scan.rare_places(block.data, text, block.limit)
        if few is None:
            return self._all_pieces(block, text)
        found: list[int] = []
        end = -1
        for place, is_whole in few:
            if place > end:
                start, end = block.line_around(place)
                if self._is_shown(block.data[start:end], is_whole=is_whole):
                    found.append(place)
        return block.holding(np.array(found, np.int64))

    def _candidates(self, block: BlockText, text: bytes | bytearray) -> IntArray:
        """The pieces that hold the text in any of the rows that they draw."""
        _, at = self._places(block, text)
        split = self._scan.colored_places(block.data, text, block.escapes)
        return each_once(np.sort(np.append(at, block.pieces_at(split))))

    def _places(self, block: BlockText, text: bytes | bytearray) -> tuple[IntArray, IntArray]:
        """Where the text stands as it is, and in which piece."""
        scan = self._scan
        marked = block.mark(scan.are_letters(np.frombuffer(text, np.uint8)[: block.limit]))
        letters = scan.are_letters(marked.kinds | scan.case_bit).nonzero()[0]
        places, which = scan.around(block.data, text, marked.places.take(letters))
        return places, marked.pieces.take(letters.take(which))

    def _is_shown(self, line: bytes, *, is_whole: bool) -> bool:
        """Whether a line shows the text, which stands in it as it is, or may with colours in it."""
        is_sure = is_whole and b"\x1b" not in line and b"\r" not in line.rstrip(b"\r")
        return is_sure or self._needle in self._folded(shown_bytes(line))

    def _all_pieces(self, block: BlockText, text: bytes | bytearray) -> IntArray:
        """As `pieces`, where there is much to look at: all lines of the block at once."""
        places, at = self._places(block, text)
        split = self._scan.colored_places(block.data, text, block.escapes)
        split_at = block.pieces_at(split)
        count = int(max(at.max(initial=-1), split_at.max(initial=-1))) + 1
        is_altered = block.are_altered(count)
        altered = is_altered[at].nonzero()[0]
        if not len(altered) and not len(split):
            return each_once(at)
        is_found, is_doubtful = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
        is_found[at] = True
        is_found[is_altered] = False
        state = np.zeros(count, np.int64)
        within = slice(0, int(np.searchsorted(block.drawn_over, count)))
        state[block.drawn_over[within]] = block.last_states[within]
        places, at = places.take(altered), at.take(altered)
        shown = (places >= state.take(at)).nonzero()[0]
        places, at = places.take(shown), at.take(shown)
        is_sure = (state.take(at) >= 0) & self._are_text(block, places, at)
        is_found[at.compress(is_sure)] = True
        is_doubtful[at.compress(~is_sure)] = True
        is_doubtful[split_at.compress(split >= state.take(split_at))] = True
        for one in (is_doubtful & ~is_found).nonzero()[0].tolist():
            is_found[one] = self._needle in self._folded(block.shown(one))
        return is_found.nonzero()[0]

    def _are_text(self, block: BlockText, places: IntArray, at: IntArray) -> npt.NDArray[np.bool_]:
        """Of each place (ascending), in piece `at`, whether it is surely in no escape sequence."""
        if block.has_strings:
            return ~np.isin(at, block.colored)
        if not len(block.escapes):
            return np.ones(len(places), np.bool_)
        return ~self._scan.is_inside_sequence(block.data, places, block.escapes)

    def matches(self, line: str) -> bool:
        """As `Finder`."""
        return self._text in (ascii_lower(line) if self._folds else line)

    def spans(self, lines: list[str]) -> list[list[tuple[int, int]]]:
        """As `Finder`."""
        return [self._line_spans(ascii_lower(line) if self._folds else line) for line in lines]

    def close(self) -> None:
        """Nothing is held."""

    def _folded(self, data: bytes) -> bytes:
        return data.lower() if self._folds else data

    def _line_spans(self, line: str) -> list[tuple[int, int]]:
        found, at = [], line.find(self._text)
        while at >= 0:
            found.append((at, at + len(self._text)))
            at = line.find(self._text, at + len(self._text))
        return found


class RegexFinder:
    """Finds a regular expression, in a process that is stopped when it takes too long.

    Only lines that hold a text without which it cannot match are given to it.
    """

    def __init__(self, pattern: Pattern) -> None:
        ignores_case = not pattern.is_case_sensitive
        self._process = RegexProcess(pattern.text, ignores_case=ignores_case)
        self._required = required_texts(pattern.text, ignores_case=ignores_case)
        texts = self._required.texts if self._required is not None else ()
        self._texts = [TextFinder(Pattern(text, False, pattern.is_case_sensitive)) for text in texts]

    def pieces(self, block: BlockText) -> IntArray:
        """As `Finder`."""
        if block.has_moves:
            lines, pieces = block.drawn_lines()
            return each_once(pieces[self._process.matching_lines(lines, BLOCK_TIMEOUT_S)])
        if self._required is None:
            return np.array(self._process.matching_lines(block.shown_lines(), BLOCK_TIMEOUT_S), np.int64)
        tried = each_once(np.sort(np.concatenate([finder.pieces(block) for finder in self._texts])))
        if not len(tried) or self._required.is_all:
            return tried
        if len(tried) > MOST_TRIED:
            return np.array(self._process.matching_lines(block.shown_lines(), BLOCK_TIMEOUT_S), np.int64)
        lines = b"\n".join([block.shown(at) for at in tried.tolist()])
        return tried[self._process.matching_lines(lines, BLOCK_TIMEOUT_S)]

    def matches(self, line: str) -> bool:
        """As `Finder`."""
        return bool(self._process.matching_lines(line.encode("utf-8", "replace"), BLOCK_TIMEOUT_S))

    def spans(self, lines: list[str]) -> list[list[tuple[int, int]]]:
        """As `Finder`; none where it takes too long."""
        try:
            return self._process.spans(lines, SPANS_TIMEOUT_S)
        except RegexTimeoutError:
            return [[] for _ in lines]

    def close(self) -> None:
        """End the process."""
        self._process.close()


def make_finder(pattern: Pattern) -> Finder:
    """A finder for a pattern without a problem."""
    return RegexFinder(pattern) if pattern.is_regex else TextFinder(pattern)
