"""Which runs stand below the roots, kept up to date by looking only at directories that changed.

`Catalog.step` looks at a few directories and says which runs came and went, so that the caller can
do other work in between. A listing that fails for a moment changes nothing.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tailboard_tui.files import remote
from tailboard_tui.formats.detect import MAX_DEPTH, Format, Found, format_of, is_inside, look

MAX_DIRECTORIES = 50_000
"""Directories that are no runs and yet searched, over all roots: `/` given as a root ends here."""

CHECKED_AT_ONCE = 500
"""Directories whose times are compared in one `check`: 2 ms."""

RELIST_S = 30.0
"""Directories are listed anew this often even when their time did not move (NFS attribute caches)."""

SETTLED_S = 2.0
"""A directory changed less than this before it was listed may change again within the same tick of
its time stamp (2 s on FAT and some network file systems), so it is listed once more."""

GONE_AFTER = 2
"""Looks in a row that must find a root missing before its runs are dropped: automounts blink."""


@dataclass(frozen=True, slots=True)
class Place:
    """One root as the user gave it, and what is to be said of it."""

    path: str
    """Absolute path, as given."""
    problem: str = ""
    """`not found`, `cannot be read: Permission denied` ...; empty where all is well."""
    runs: int = 0


@dataclass(frozen=True, slots=True)
class CatalogChange:
    """Runs that came and went."""

    found: tuple[Found, ...] = ()
    removed: tuple[str, ...] = ()
    """Their paths."""


@dataclass(slots=True)
class _Node:
    """A directory or file below a root that is a run, or may hold some."""

    path: str
    top: str
    depth: int
    format: Format | None = None
    """Set where it is a run."""
    is_listed: bool = False
    """Whether it is searched for runs."""
    children: dict[str, Found | None] = field(default_factory=dict)
    """Paths below it: a Found for single files, None for directories."""
    modified_ns: int = -1
    listed_at: float = 0.0
    is_settled: bool = False
    misses: int = 0


class Catalog:
    """The runs below some roots. Belongs to one thread; times come in as `now`, Unix seconds."""

    def __init__(self, roots: Sequence[str], *, max_depth: int = MAX_DEPTH) -> None:
        self._given = tuple(dict.fromkeys(os.path.abspath(root) for root in roots))
        self._tops = {given: os.path.realpath(given) for given in self._given}
        self._max_depth = max_depth
        self._nodes: dict[str, _Node] = {}
        self._listed: dict[str, None] = {}
        self._unchecked: list[str] = []
        self._problems: dict[str, str] = {}
        self._counts = dict.fromkeys(self._tops.values(), 0)
        self._waiting: deque[_Node] = deque()
        self._queued: set[str] = set()
        for top in self._counts:
            self._queue(_Node(top, top, 0))

    @property
    def is_busy(self) -> bool:
        """Whether `step` has something to do."""
        return bool(self._waiting)

    def places(self) -> tuple[Place, ...]:
        """The roots with what is wrong with them."""
        return tuple(Place(given, self._problem(top), self._counts[top]) for given, top in self._tops.items())

    def _problem(self, top: str) -> str:
        if problem := remote.problems.get(top):
            return problem
        below = sum(1 for path in self._problems if path != top and is_inside(path, top))
        unread = f"{below} of its directories cannot be read" if below else ""
        return self._problems.get(top, unread)

    def directories(self) -> Iterator[str]:
        """Real paths worth an event watch: the roots, then what lies right below them."""
        roots = list(self._counts)
        yield from roots
        for path in self._listed:
            if path not in self._counts and os.path.dirname(path) in self._counts:
                yield path

    def step(self, now: float, most: int = 64) -> CatalogChange:
        """Look at up to `most` directories of those that wait."""
        found: list[Found] = []
        removed: list[str] = []
        for _ in range(most):
            if not self._waiting:
                break
            node = self._waiting.popleft()
            self._queued.discard(node.path)
            self._look(node, now, found, removed)
        return CatalogChange(tuple(found), tuple(removed))

    def check(self, now: float) -> None:
        """Queue the directories that changed: all roots, and the next few of the others in turn."""
        if not self._unchecked:
            self._unchecked = [path for path in self._listed if path not in self._counts]
        some, self._unchecked = self._unchecked[:CHECKED_AT_ONCE], self._unchecked[CHECKED_AT_ONCE:]
        for path in (*self._counts, *some):
            node = self._node(path)
            if node is not None and self._is_due(node, now):
                self._queue(node)

    def relist(self) -> None:
        """Queue every directory, changed or not."""
        for path in (*self._counts, *self._listed):
            node = self._node(path)
            if node is not None:
                self._queue(node)

    def _node(self, path: str) -> _Node | None:
        """What is known of a path; a root that is missing is still looked for."""
        known = self._nodes.get(path)
        return _Node(path, path, 0) if known is None and path in self._counts else known

    def _is_due(self, node: _Node, now: float) -> bool:
        if not node.is_settled or now - node.listed_at > RELIST_S:
            return True
        try:
            return os.stat(node.path).st_mtime_ns != node.modified_ns
        except OSError:
            return True

    def _queue(self, node: _Node) -> None:
        if node.path not in self._queued:
            self._queued.add(node.path)
            self._waiting.append(node)

    def _look(self, node: _Node, now: float, found: list[Found], removed: list[str]) -> None:
        """List one directory, note what is new in it and drop what is no longer there."""
        try:
            listing = look(node.path, node.top)
            is_listed = listing.claimed is None or listing.claimed.nests
            if is_listed:  # what changes meanwhile is not settled, and listed once more
                changed = os.stat(node.path)
                node.modified_ns, node.is_settled = changed.st_mtime_ns, now - changed.st_mtime > SETTLED_S
        except NotADirectoryError:
            self._take_file(node, found, removed)
            return
        except OSError as error:
            self._miss(node, error, removed)
            return
        node.listed_at, node.misses = now, 0
        self._problems.pop(node.path, None)
        self._nodes.setdefault(node.path, node)
        self._claim(node, listing.claimed, found, removed)
        children: dict[str, Found | None] = {single.path: single for single in listing.files}
        if is_listed and node.depth < self._max_depth:
            children.update(dict.fromkeys(listing.directories))
        self._list(node, is_listed)
        for path in node.children.keys() - children.keys():
            self._forget(path, removed)
        for path, single in children.items():
            if path not in node.children or path not in self._nodes:
                self._meet(path, single, node, found)
        node.children = children

    def _claim(self, node: _Node, claimed: Format | None, found: list[Found], removed: list[str]) -> None:
        """Note of which format the directory is now, if of any."""
        if node.format == claimed:
            return
        if node.format is not None:
            removed.append(node.path)
            self._counts[node.top] -= 1
        node.format = claimed
        if claimed is not None:
            found.append(Found(node.path, claimed))
            self._counts[node.top] += 1

    def _list(self, node: _Node, is_listed: bool) -> None:
        if is_listed and not node.is_listed:
            self._listed[node.path] = None
        elif node.is_listed and not is_listed:
            self._listed.pop(node.path, None)
        node.is_listed = is_listed

    def _meet(self, path: str, single: Found | None, parent: _Node, found: list[Found]) -> None:
        """Take in a path that is new in its directory; one known from another root stays there."""
        if path in self._nodes or path in self._queued:
            return
        node = _Node(path, parent.top, parent.depth + 1)
        if single is not None:
            node.format = single.format
            self._nodes[path] = node
            self._counts[node.top] += 1
            found.append(single)
        elif len(self._listed) < MAX_DIRECTORIES:
            self._queue(node)
        else:
            self._problems[parent.top] = f"more than {MAX_DIRECTORIES} directories: not all are searched"

    def _take_file(self, node: _Node, found: list[Found], removed: list[str]) -> None:
        """A root that is a file: one run by itself. Below a root the parent's listing tells of files."""
        if node.depth > 0 or (node.format is not None and not node.is_listed):
            return
        self._forget(node.path, removed)
        node = _Node(node.path, node.top, 0)
        node.format = format_of(node.path)
        if node.format is None:
            self._problems[node.path] = "no format that tailboard knows"
            return
        self._problems.pop(node.path, None)
        self._nodes[node.path] = node
        self._counts[node.top] += 1
        found.append(Found(node.path, node.format))

    def _miss(self, node: _Node, error: OSError, removed: list[str]) -> None:
        """A directory could not be listed. Below a root its parent's listing tells whether it is gone."""
        is_gone = isinstance(error, FileNotFoundError)
        if node.depth == 0 or not is_gone:
            reason = "not found" if is_gone else f"cannot be read: {error.strerror}"
            self._problems[node.path] = reason
        node.misses += 1
        if node.depth == 0:
            self._nodes.setdefault(node.path, node)
            node.is_settled = False
            if is_gone and node.misses >= GONE_AFTER:
                self._forget(node.path, removed)

    def _forget(self, path: str, removed: list[str]) -> None:
        """Drop a path and all below it."""
        node = self._nodes.pop(path, None)
        if path not in self._counts:
            self._problems.pop(path, None)
        if node is None:
            return
        if node.format is not None:
            removed.append(path)
            self._counts[node.top] -= 1
        if node.is_listed:
            self._listed.pop(path, None)
        for child in node.children:
            self._forget(child, removed)
