"""A file of framed records (`formats.recordlog`) as rows: what the readers of W&B and SwanLab share."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from tailboard_tui.formats.base import Rows
from tailboard_tui.formats.decoding import Complaint, State
from tailboard_tui.formats.recordlog import RecordLog


class Records(Protocol):
    """What the records of one format mean."""

    def read(self, record: bytes) -> str | None:
        """Take in one record; what is wrong with it, if anything."""
        ...

    def take(self) -> list[Rows]:
        """The points since the last time."""
        ...

    def state(self) -> State:
        """Where reading stands."""
        ...

    def restore(self, state: State) -> None:
        """Go on there."""
        ...


R = TypeVar("R", bound=Records)


class RecordDecoder(Generic[R]):
    """One file of records -> rows and facts."""

    def __init__(self, magic: bytes, records: R) -> None:
        self.records = records
        self._log = RecordLog(magic)
        self._complaints: list[Complaint] = []

    @property
    def pending_bytes(self) -> int:
        """Bytes of an unfinished record at the end."""
        return self._log.pending_bytes

    def feed(self, data: bytes) -> None:
        """The next bytes of the file."""
        messages = [self.records.read(record) for record in self._log.feed(data)]
        self._complaints += [Complaint(None, message) for message in messages if message is not None]
        self._complaints += [Complaint(None, message) for message in self._log.take_messages()]

    def state(self) -> State | None:
        """Where reading stands; None within a record of several pieces."""
        log = self._log.state()
        return None if log is None else {"log": log, "records": self.records.state()}

    def restore(self, state: State) -> None:
        """Go on there."""
        self._log.restore(state["log"])
        self.records.restore(state["records"])

    def take(self) -> tuple[list[Rows], list[Complaint]]:
        """The points of the records that are whole."""
        complaints, self._complaints = self._complaints, []
        return self.records.take(), complaints
