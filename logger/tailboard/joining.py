"""Which process logs into the run that `tailboard run` made around its command."""

from __future__ import annotations

import json
import os
import time

from tailboard import layout
from tailboard.encoding import encode_line


def claim(path: str, rank: int) -> bool:
    """Whether this `init` is the first of its rank to ask for the run at `path`.

    Every process appends its claim to events.jsonl and then reads who was first: appends are ordered,
    so two that ask at once cannot both have it. A sweep script's second training makes its own run.
    """
    token = os.urandom(8).hex()
    line = encode_line(
        {
            "time": round(time.time(), 3),
            "event": layout.JOIN,
            "pid": os.getpid(),
            "rank": rank,
            "claim": token,
        }
    )
    try:
        fd = os.open(os.path.join(path, layout.EVENTS), os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    except OSError:
        return False
    with open(fd, "rb+", buffering=0) as file:
        file.write(line)
        file.seek(0)
        return _first_claim(file.read(), rank) == token


def _first_claim(events: bytes, rank: int) -> str | None:
    for line in events.split(b"\n"):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and event.get("event") == layout.JOIN and event.get("rank") == rank:
            return str(event.get("claim"))
    return None
