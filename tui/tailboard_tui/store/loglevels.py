"""Errors, warnings and tracebacks in the words of the logging libraries in use.

Python logging, loguru, absl and glog, accelerate, Lightning, SLURM, pytest, plain Python exceptions and
warnings. A metric that is called `error` is none of them: words in lower case count only where a
program puts a level.
"""

from __future__ import annotations

import re
from typing import Literal

Level = Literal["error", "warning"]

TracebackPart = Literal["", "head", "frame", "end"]
"""What a line is of a traceback: nothing, its first line, one of its frames, the exception."""

HEAD_CHARS = 400
"""Only so much of a line is looked at: levels stand at the beginning."""

_RANK = r"(?:\[[\w.…-]{1,24}\]:? *)?(?:\[(?:rank)?\d+\]:? ?|\d+: )?"
"""What torchrun and srun put before each line, `[rank0]: `, `3: `, and merged logs before that."""

_ERROR = re.compile(
    rf"^{_RANK}(?:"
    r"[EF]\d{4} \d\d:\d\d"
    r"|E(?:   |$)"
    r"|(?:FAILED|ERROR) "
    r"|(?:slurmstepd|srun|sbatch|salloc): error:"
    r"|(?:error|fatal|fatal error)\b:"
    r"|Traceback \(most recent call last\):"
    r"|(?:[A-Za-z_]\w*\.){0,8}[A-Za-z_]\w*(?:Error|Exception|Interrupt|Exit)(?::|$)"
    r"|(?:Segmentation fault|Killed|Aborted|Bus error)\b"
    r")"
    r"|(?<![\w-])(?:ERROR|CRITICAL|FATAL|SEVERE)(?![\w-])"
    r"|: (?:fatal )?error: "
    r"|\bCUDA (?:out of memory|error)\b"
    r"|\(core dumped\)"
    r"|(?:DUE TO TIME LIMIT|oom-kill)"
)
_WARNING = re.compile(
    rf"^{_RANK}(?:W\d{{4}} \d\d:\d\d|(?:warning|warn)\b:)"
    r"|(?<![\w-])WARN(?:ING)?(?![\w-])"
    r"|\b[A-Z]\w*Warning(?::|$)"
    r"|: warning: "
)
_TRACEBACK = re.compile(
    rf"^(\s*(?:[|+-] )?{_RANK}\s*)(?:Exception Group )?Traceback \(most recent call last\):"
)
_PREFIX = re.compile(rf"^{_RANK}")

WORDS = (
    *(b"error", b"exception", b"traceback", b"warn", b"critical", b"fatal", b"severe", b"interrupt", b"exit"),
    *(
        b"killed",
        b"aborted",
        b"fault",
        b"failed",
        b"oom-kill",
        b"core dumped",
        b"out of memory",
        b"time limit",
    ),
    *(b"\ne", b"\nw", b"\nf"),
)
"""In lower case: a line, with the newline before it, holds one of these if `level_of` finds anything."""


def level_of(text: str) -> Level | None:
    """How bad a line says it is, or None."""
    head = text[:HEAD_CHARS]
    if _ERROR.search(head):
        return "error"
    if _WARNING.search(head):
        return "warning"
    return None


def traceback_indent(text: str) -> int | None:
    """Characters before a line's `Traceback (most recent call last):`, or None when it has none."""
    found = _TRACEBACK.match(text[:HEAD_CHARS])
    return len(found[1]) if found else None


def is_inside_traceback(text: str, indent: int) -> bool:
    """Whether a line after a traceback's first belongs to its frames; the next line then ends it.

    Args:
        text: The line.
        indent: As `traceback_indent` of the first line.
    """
    if not text.strip():
        return False
    rest = text[indent:]
    return rest[:1] in (" ", "\t") or not rest


def traceback_parts(texts: list[str]) -> list[TracebackPart]:
    """For each of consecutive lines, what it is of a traceback."""
    parts: list[TracebackPart] = []
    indent: int | None = None
    for text in texts:
        head = traceback_indent(text)
        if head is not None:
            indent = head
            parts.append("head")
        elif indent is None:
            parts.append("")
        elif is_inside_traceback(text, indent):
            parts.append("frame")
        else:
            parts.append("end" if text.strip() else "")
            indent = None
    return parts
