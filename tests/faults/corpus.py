"""A corpus of damaged and hostile run directories, each with the facts that must still be read.

`build(root)` writes one run directory per fault, and good runs between them. A fault says how many
points of `loss` survive (None: not told by the file), and whether a problem must be shown.
The classes follow the study of what log viewers break on; see docs/promises.md.
"""

from __future__ import annotations

import os
from pathlib import Path

from faults import files, media, records  # noqa: F401  # they fill FAULTS
from faults.making import (
    CANARY,
    FAULTS,
    HOSTILE,
    OSC52,
    POINTS,
    Fault,
    append,
    good_run,
    line,
    metrics,
    replace,
)

__all__ = [
    "CANARY",
    "FAULTS",
    "GOOD_RUNS",
    "HOSTILE",
    "POINTS",
    "STRANGE_DIRECTORIES",
    "Fault",
    "append",
    "build",
    "good_run",
    "line",
    "metrics",
    "replace",
]

GOOD_RUNS = 3
DATABASE = Path(__file__).resolve().parents[1] / "fixtures" / "formats" / "mlflow_stores" / "mlflow.db"


def build(root: Path) -> dict[str, Fault]:
    """Write the corpus below `root`; gives the fault of each directory name."""
    for number in range(GOOD_RUNS):
        good_run(root / f"good-{number}")
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "secret.jsonl").write_bytes(line(0, loss=1.0, **{CANARY: 1.0}))
    (outside / "table.jsonl").write_text(f'["{CANARY}"]\n')
    found = {}
    for item in FAULTS:
        path = root / f"fault-{item.name}"
        good_run(path)
        item.make(path)
        found[path.name] = item
    strange_directories(root, outside)
    return found


STRANGE_DIRECTORIES = 19


def strange_directories(root: Path, outside: Path) -> None:
    """What is wrong beside the runs: names, links, depth. As many as STRANGE_DIRECTORIES says."""
    for name in (
        f"dir-{OSC52}",
        "dir-a\nb",
        "-rf",
        "dir [@click=app.quit]x",
        os.fsdecode(b"dir-\xff\xfe"),
        "dir-\u202egnp.exe\u2066",
        "dir-\u200b\u2060\ufeff",
        "dir-Z" + "\u0336" * 100,
        "d" * 255,
    ):
        good_run(root / name)
    (root / "dir-empty").mkdir()
    (root / "dir-loop").symlink_to(root)
    (root / "dir-outside").symlink_to(outside)
    (root / "dir-ping").symlink_to("dir-pong")
    (root / "dir-pong").symlink_to("dir-ping")
    (root / "dir-crowd").mkdir()
    for number in range(3_000):
        (root / "dir-crowd" / f"{number}.txt").touch()
    for name, beside in (("fifo", os.mkfifo), ("device", lambda at: at.symlink_to("/dev/zero"))):
        (root / f"dir-database-{name}").mkdir()
        database = root / f"dir-database-{name}" / "mlflow.db"
        database.write_bytes(DATABASE.read_bytes())
        beside(database.with_name("mlflow.db-journal"))
    (root / "dir-database-cut").mkdir()
    (root / "dir-database-cut" / "mlflow.db").write_bytes(b"SQLite format 3\0\2\0")
    deep = root / "dir-deep"
    for _ in range(120):
        deep = deep / "d"
    deep.mkdir(parents=True)
