"""TensorBoard's event files: one run is a directory of them, with `train/` and `validation/` below it."""

from __future__ import annotations

import contextlib
import math
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from tailboard_tui.files.opening import read_slice
from tailboard_tui.formats.base import FloatArray, Rows, RunFacts, Value
from tailboard_tui.formats.listing import Listings
from tailboard_tui.formats.media import MediaRecord, Place
from tailboard_tui.formats.reading import Peek, RunReader
from tailboard_tui.formats.signs import event_parts, is_event_file, is_hparams_directory
from tailboard_tui.formats.sources import ByteSource, Complaint, Source, State
from tailboard_tui.formats.surroundings import config_paths, surroundings, title
from tailboard_tui.formats.tfevents import Events, TakeMedia
from tailboard_tui.formats.tfmedia import Found
from tailboard_tui.formats.tfpoints import TagPoints, rows_of_tag
from tailboard_tui.formats.tfrecord import KEPT_BYTES, MEDIA_BYTES, TFRecords

PEEK_BYTES = 4096
PEEK_RECORDS = 12
"""At the begin of a file that are looked at before it is read."""

_TAIL_BYTES = (1024, 16 * 1024)
"""At its end: the second where the first holds no whole scalar."""


class EventFiles:
    """The event files of one run, and what they have told so far."""

    def __init__(self, reader: RunReader) -> None:
        self.events: dict[str, Events] = {}
        """By path."""
        self._reader = reader
        self._heads: dict[str, Events] = {}
        self._last: dict[str, tuple[str, float, float]] = {}
        """Tag with its prefix -> the file that holds its newest point, its step and its time."""

    def source(self, path: str, prefix: str) -> Source:
        """The source of the file at `path`, the known one where there is one."""
        known = self._reader.known(path)
        if known is not None:
            return known

        def decoder() -> EventDecoder:
            events = self.events[path] = Events(self._media_of(path, prefix))
            return EventDecoder(path, prefix, events, self._resumes, self._reader.keeps_media)

        return EventSource(path, decoder, prefix)

    def _media_of(self, path: str, prefix: str) -> TakeMedia | None:
        """What takes the media of the file at `path`, where somebody wants them."""
        reader = self._reader
        if not reader.keeps_media:
            return None
        root = reader.path if os.path.isdir(reader.path) else os.path.dirname(path)

        def take(tag: str, step: float, time: float, found: Found, at: int) -> None:
            place = Place(root, path, at, len(found.content)) if found.content else None
            reader.media.append(
                MediaRecord(prefix + tag, found.kind, step, time, found.index, found.line, place)
            )

        return take

    def head(self, path: str) -> Events:
        """What the file at `path` told, or its first records where it has not been read yet."""
        events = self.events.get(path)
        if events is not None and events.first_time is not None:
            return events
        kept = self._heads.get(path)
        if kept is None or kept.first_time is None:
            kept = self._heads[path] = _head(path, with_scalars=False)
        return kept

    def begin(self) -> None:
        """Forget where the tags stood."""
        self._last.clear()
        self._heads.clear()

    def state(self) -> State:
        """Where the tags stand."""
        return {"last": {name: list(last) for name, last in self._last.items()}}

    def restore(self, state: State) -> None:
        """Go on there."""
        self._last = {
            name: (str(path), float(step), float(time)) for name, (path, step, time) in state["last"].items()
        }

    def _resumes(
        self, path: str, name: str, steps: FloatArray, times: FloatArray
    ) -> tuple[tuple[int, float], ...]:
        """A marker where a later file goes on below the newest step of an earlier one.

        Files that were written side by side (several processes) overlap in time: nothing is replaced.
        """
        before = self._last.get(name)
        self._last[name] = (path, float(steps[-1]), float(times[-1]))
        if before is None:
            return ()
        file, last_step, last_time = before
        if file == path or steps[0] > last_step or not times[0] >= last_time:
            return ()
        return ((0, float(steps[0])),)


class EventSource(ByteSource):
    """One event file, of which a sample can be had before it is read."""

    def sample(self, count: int, share: float) -> Sequence[Rows]:
        """Points from all over the file; errors as `sample_events`."""
        from tailboard_tui.formats.sampling import sample_events

        return sample_events(self.path, share)


Marker = Callable[[str, str, FloatArray, FloatArray], tuple[tuple[int, float], ...]]
"""From path, metric, steps and times to markers of resumed segments."""


class EventDecoder:
    """One event file -> rows with one clock a tag."""

    def __init__(
        self, path: str, prefix: str, events: Events, resumes: Marker, keeps_media: bool = False
    ) -> None:
        self._path = path
        self._prefix = prefix
        self._records = TFRecords(kept_bytes=MEDIA_BYTES if keeps_media else KEPT_BYTES)
        self._events = events
        self._resumes = resumes
        self._messages: list[str] = []

    def feed(self, data: bytes) -> None:
        """The next bytes of the file."""
        self._messages += self._events.read(self._records.feed(data))
        self._messages += self._records.take_messages()

    @property
    def pending_bytes(self) -> int:
        """Bytes of an unfinished record at the end."""
        return self._records.pending_bytes

    def state(self) -> State:
        """Where reading stands."""
        return {"records": self._records.state(), "events": self._events.state()}

    def restore(self, state: State) -> None:
        """Go on there."""
        self._records.restore(state["records"])
        self._events.restore(state["events"])

    def take(self) -> tuple[list[Rows], list[Complaint]]:
        """The points of the records that are whole."""
        rows = [self._rows(tag, points) for tag, points in self._events.take().items()]
        messages, self._messages = self._messages, []
        return rows, [Complaint(None, message) for message in messages]

    def _rows(self, tag: str, points: TagPoints) -> Rows:
        rows = rows_of_tag(tag, points)
        resumes = self._resumes(self._path, self._prefix + tag, rows.steps, rows.times)
        return replace(rows, resumes=resumes) if resumes else rows


class EventsReader(RunReader):
    """What reads event files, whatever else a format has: it keeps where their tags stand."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._events = EventFiles(self)

    def begin(self) -> None:
        """Forget where the tags stood."""
        self._events.begin()

    def extra_state(self) -> State:
        """Where the tags stand."""
        return self._events.state()

    def restore_extra(self, state: State) -> None:
        """Go on there."""
        self._events.restore(state)


class TensorboardReader(EventsReader):
    """A directory of event files, or one such file."""

    source = "tensorboard"

    def sources(self) -> Iterable[Source]:
        """The event files, the parts' after the run's own, older ones first."""
        if not os.path.isdir(self.path):
            return [self._events.source(self.path, "")]
        return [
            self._events.source(f"{directory}/{name}", prefix)
            for directory, prefix in folded(self.path, self.listings)
            for name in sorted(self.listings.of(directory).files, key=_age)
            if is_event_file(name)
        ]

    def watched(self) -> Iterable[str]:
        """The configuration beside the event files."""
        return config_paths(self.path, self.listings.of(self.path))

    def extra_stamp(self) -> tuple[object, ...]:
        """How much the event files have told so far."""
        return tuple((len(events.hparams), len(events.texts)) for events in self._events.events.values())

    def describe(self) -> RunFacts:
        """Facts from the ends of the event files and from the files beside them."""
        beside = surroundings(self.path, self.listings.of(self.path))
        paths = [source.path for source in self._sources]
        config: dict[str, Value] = dict(beside.config)
        summary: dict[str, Value] = {}
        heads = {path: self._events.head(path) for path in paths}
        for head in heads.values():
            config.update(head.hparams)
            for tag, text in head.texts.items():
                table = markdown_table(text)
                config.update(table)
                if not table:
                    summary[tag] = text
        peek = peek_at([(source.path, source.prefix) for source in self._sources])
        begun = [head.first_time for head in heads.values() if head.first_time is not None]
        return RunFacts(
            id=title(self.path),
            name=title(self.path),
            source=self.source,
            path=self.path,
            created=min(begun, default=None),
            config=config,
            summary=summary,
            log_files=beside.log_files,
            last_step=peek.last_step,
            last_time=peek.last_time,
            last_values=peek.last_values,
            problems=beside.problems,
        )


def folded(path: str, listings: Listings) -> list[tuple[str, str]]:
    """The directories that belong to the run at `path`, each with the prefix of its metrics."""
    here = listings.of(path)
    names = frozenset((*here.files, *here.directories))
    found = [(path, "")]
    for name in sorted(event_parts(path, names)):
        found.append((f"{path}/{name}", "" if is_hparams_directory(name) else f"{name}/"))
    return found


def first_tags(path: str) -> set[str]:
    """The tags of the first scalars of an event file."""
    return set(_head(path, with_scalars=True).take())


def _age(name: str) -> tuple[float, str]:
    """Event files in the order in which they were begun: the name holds the second."""
    found = re.search(r"tfevents\.(\d+)", name)
    return (float(found.group(1)[:15]) if found else 0.0, name)


def _head(path: str, *, with_scalars: bool) -> Events:
    events = Events()
    with contextlib.suppress(OSError):  # `poll` says why it cannot be read
        records = TFRecords(wanted=slice(PEEK_RECORDS), but_scalars=not with_scalars)
        events.read(records.feed(read_slice(path, 0, PEEK_BYTES)))
    return events


def peek_at(files: list[tuple[str, str]]) -> Peek:
    """What the last records of event files tell.

    Args:
        files: Path and prefix of each, the newest of a directory last; eight are looked at.
    """
    last_time, last_step = -math.inf, -math.inf
    values: dict[str, float] = {}
    for path, prefix in files[-8:]:
        for tag, points in _tail(path).items():
            step, time, value = points.last()
            values[prefix + tag] = value
            last_step = max(last_step, step)
            if math.isfinite(time):
                last_time = max(last_time, time)
    return Peek(None, _finite(last_time), _finite(last_step), values)


def _tail(path: str) -> dict[str, TagPoints]:
    try:
        size = os.stat(path, follow_symlinks=False).st_size
        for length in _TAIL_BYTES:
            start = max(size - length, 0)
            records = TFRecords(in_the_middle=start > 0, wanted=slice(-PEEK_RECORDS, None), checks=False)
            events = Events()
            events.read_newest(records.feed(read_slice(path, start, length)))
            found = events.take()
            if found or not start:
                return found
    except OSError:
        pass  # `poll` says why it cannot be read.
    return {}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def markdown_table(text: str) -> dict[str, Value]:
    """The rows of a two-column Markdown table, in which CleanRL leaves its hyperparameters; or nothing."""
    lines = [line.strip() for line in text.strip().split("\n")]
    if len(lines) < 3 or not re.fullmatch(r"\|?\s*:?-+:?\s*\|\s*:?-+:?\s*\|?", lines[1]):
        return {}
    found: dict[str, Value] = {}
    for line in lines[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|", 1)]
        if len(cells) == 2 and cells[0]:
            found[cells[0]] = cells[1]
    return found
