"""What can follow in a query that is being typed: keys, and the values that a key takes among the runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tailboard_tui.store.fields import FACTS, STATS, as_text, getter
from tailboard_tui.store.model import RunRow
from tailboard_tui.store.query_syntax import quoted_if_needed

LOOKED_AT = 2_000
"""Runs that completions are made of: more would be felt while typing."""

VALUE_CHARS = 200
MOST = 100

_WITH_VALUE = re.compile(r"""([^\s()!<>=:~"']+)\s*(!=|<=|>=|=|<|>|:)\s*"?([^\s()"]*)$""")
_WORD = re.compile(r"""[^\s()!<>=:~"']*$""")


@dataclass(frozen=True, slots=True)
class Completions:
    """Texts that may stand from `start` on, the likeliest first."""

    start: int
    """Index of the character in the query where what they replace begins."""
    texts: tuple[str, ...]


def completions(text: str, rows: Sequence[RunRow], now: float) -> Completions:
    """How `text`, the query up to the cursor, may go on.

    Behind a key and an operator: the values of that key, the most frequent first. Else: keys, those of
    config and metrics before what every run has; a metric's name before a dot: its statistics.

    Args:
        rows: The runs whose keys and values are offered.
        now: Unix seconds.
    """
    rows = rows[:LOOKED_AT]
    found = _WITH_VALUE.search(text)
    if found is not None:
        key, operator, begun = found.groups()
        start = found.start(3) - (text[found.start(3) - 1] == '"')
        return Completions(start, _begin_with(begun, _values(key, operator, rows, now)))
    word = _WORD.search(text)
    begun = word.group() if word is not None else ""
    return Completions(len(text) - len(begun), _begin_with(begun, _keys(begun, rows)))


def _begin_with(begun: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Those of `texts` that begin with `begun`, then those that hold it, quoted where need be."""
    folded = begun.casefold()
    known = [text for text in dict.fromkeys(texts) if folded in text.casefold()]
    known.sort(key=lambda text: not text.casefold().startswith(folded))
    return tuple(text if text.endswith(":") else quoted_if_needed(text) for text in known[:MOST])


def _values(key: str, operator: str, rows: Sequence[RunRow], now: float) -> list[str]:
    if key == "tag":
        counts = Counter(tag for row in rows for tag in row.facts.tags)
    elif key == "since" and operator == ":":
        return ["1h", "2h", "1d", "7d", "30d"]
    else:
        find = getter(key)
        counts = Counter(as_text(value) for row in rows if (value := find(row, now)) is not None)
    return [text for text, _ in counts.most_common() if text and len(text) <= VALUE_CHARS]


def _keys(begun: str, rows: Sequence[RunRow]) -> list[str]:
    metrics = dict.fromkeys(name for row in rows for name in row.metrics)
    config = dict.fromkeys(name for row in rows for name in row.facts.config)
    summary = dict.fromkeys(name for row in rows for name in row.facts.summary)
    stem = begun.rpartition(".")[0]
    stats = [f"{stem}.{stat}" for stat in STATS] if stem in metrics else []
    return [*stats, *config, *metrics, *summary, "status:", "tag:", "since:", *FACTS]
