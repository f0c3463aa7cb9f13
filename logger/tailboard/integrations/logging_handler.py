"""Python's logging: warnings and errors of a program become alerts of its run."""

from __future__ import annotations

import logging

import tailboard


class TailboardHandler(logging.Handler):
    """Sends records to the current run; `logging.getLogger().addHandler(TailboardHandler())`."""

    def __init__(self, level: int = logging.WARNING) -> None:
        super().__init__(level)

    def emit(self, record: logging.LogRecord) -> None:
        """One alert: the message as its title, the formatted record with its traceback as its text."""
        if tailboard.run is None:
            return
        try:
            word = "error" if record.levelno >= logging.ERROR else "warning"
            title = record.getMessage().partition("\n")[0][:200]
            tailboard.alert(title, self.format(record), word if record.levelno >= logging.WARNING else "info")
        except Exception:  # noqa: BLE001  as logging wants it: a handler reports its own failure
            self.handleError(record)
