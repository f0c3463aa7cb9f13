"""Metrics picked from what a recorded command prints: `tailboard run --parse auto`."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from tailboard import layout
from tailboard.resuming import last_event
from tailboard_tui.formats.patterns import LINE_CHARS, LogLines, Pattern, visible

if TYPE_CHECKING:
    from tailboard.recorder import Run

TQDM = Pattern("tqdm", re.compile(r"\d+%\|[^|]*\|[^\[]*\[[^\]]*?, *(?P<rest>[^\]]*=[^\]]*)\]"))
"""The postfix of a progress bar. Its own count begins anew with every bar, so it is no step.

Source: tqdm, std.py, format_meter.
"""

_NO_METRICS = frozenset({"v_num"})
"""What bars show beside metrics: Lightning's, the number of the version."""

_ENDS = re.compile(rb"[\r\n]")

_DIGIT = re.compile(rb"\d")
_MARK = re.compile(rb"[:=|{]|Epoch \d")
"""Every pattern asks for a number and one of these. To look for them takes a tenth of the patterns' time."""


class MetricsFromOutput:
    """Feeds on output as it comes and logs the numbers of lines that look like metrics.

    Once a script inside calls `init` itself, nothing is picked: it logs better than any pattern reads.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._lines = LogLines([TQDM])
        self._rest: dict[str, bytes] = {}
        self._last: tuple[str, float, dict[str, float]] | None = None
        self._is_joined = False

    def feed(self, stream: str, content: bytes | memoryview) -> None:
        """The next piece of a stream's output; an empty one is the end."""
        if self._is_joined:
            return
        if not content:
            for rest in self._rest.values():
                self._take(rest)
            return
        *lines, rest = _ENDS.split(self._rest.get(stream, b"") + content)
        self._rest[stream] = rest[-LINE_CHARS:]
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        if not (_DIGIT.search(line, 0, LINE_CHARS) and _MARK.search(line, 0, LINE_CHARS)):
            return
        found = self._lines.read(visible(line))
        if found is None or self._joined():
            return
        # A bar is drawn many times in one state; words for NaN compare as text.
        values = {name: value for name, value in found.values.items() if name not in _NO_METRICS}
        reading = (found.pattern.name, found.step, values)
        if not values or repr(reading) == repr(self._last):
            return
        self._last = reading
        step = None if math.isnan(found.step) else found.step
        whole = int(step) if step is not None and step == int(step) else step
        self._run.log(reading[2], step=whole)  # type: ignore[arg-type]  # any number is a step

    def _joined(self) -> bool:
        self._is_joined = self._is_joined or last_event(self._run.dir, layout.JOIN) is not None
        return self._is_joined
