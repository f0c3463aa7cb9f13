"""The plain part of YAML, in which nearly every configuration of a run is written, read without PyYAML.

That is: mappings in block style of plain words to plain scalars or to further mappings, or a list of plain
scalars. Whatever else a text holds makes it none of these, and PyYAML reads it, ten times as slowly.
What is read here is read as `yamlfile` reads it. Source: YAML 1.1 as PyYAML resolves it.
"""

from __future__ import annotations

import re

_LINE = re.compile(r"( *)([A-Za-z_][\w./-]*):(?: +(\S.*?))?[ ]*\Z", re.ASCII)
_ITEM = re.compile(r"- (\S.*?)[ ]*\Z", re.ASCII)

_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d{0,17})\Z", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\d+\.\d*(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+)\Z", re.ASCII)
_TEXT = re.compile(r"[A-Za-z_/][\w./=,@+-]*(?: [\w./=,@+-]+)*\Z", re.ASCII)

_WORDS: dict[str, bool | None] = {
    spelled: value
    for words, value in ((("true", "yes", "on"), True), (("false", "no", "off"), False), (("null",), None))
    for word in words
    for spelled in (word, word.capitalize(), word.upper())
} | {"~": None}

_NOT_PLAIN = object()


def load_plain(text: str) -> object:
    """The value of a plain text: a dict or a list; None where it is not plain, or holds nothing."""
    lines = [line for line in text.split("\n") if line and not line.isspace()]
    if not lines or lines[0].startswith("-"):
        return _list_of(lines)
    found: dict[str, object] = {}
    open_mappings: list[tuple[int, dict[str, object]]] = [(0, found)]
    waiting: tuple[dict[str, object], str] | None = None
    """The key of the line before, where it had no value: of a mapping, or of nothing."""
    for line in lines:
        match = _LINE.match(line)
        if match is None or match[2] in _WORDS:
            return None
        indent, key = len(match[1]), match[2]
        if indent > open_mappings[-1][0]:
            if waiting is None:
                return None
            inner: dict[str, object] = {}
            waiting[0][waiting[1]] = inner
            open_mappings.append((indent, inner))
        else:
            while indent < open_mappings[-1][0]:
                open_mappings.pop()
            if indent != open_mappings[-1][0]:
                return None
        mapping = open_mappings[-1][1]
        value = None if match[3] is None else _scalar(match[3])
        if value is _NOT_PLAIN:
            return None
        mapping[key] = value
        waiting = (mapping, key) if match[3] is None else None
    return found


def _list_of(lines: list[str]) -> object:
    items = [match and _scalar(match[1]) for match in map(_ITEM.match, lines)]
    return None if not items or any(item is _NOT_PLAIN or item is None for item in items) else items


def _scalar(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    return text if _TEXT.match(text) else _NOT_PLAIN
