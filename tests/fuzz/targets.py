"""What is fuzzed: one function a parser, given any bytes; it may refuse them, it may not fail or lie.

Files are read as the explorer reads them, twice and in different pieces: both must give the same points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import target_databases
import target_records
import target_stores
import target_texts
from target_texts import examples

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True, slots=True)
class Target:
    """One parser under test."""

    run: Callable[[bytes, Path], None]
    """Takes the input and a directory to write files into, which may hold those of an earlier input."""
    seeds: Callable[[], list[bytes]] = list
    """Content to begin with."""


def _all() -> dict[str, Target]:
    from target_trees import TREES

    found = {
        "metrics": Target(target_records.metrics),
        "native_files": Target(target_records.native_files),
        "database_rows": Target(target_databases.of_rows, target_databases.row_seeds),
        "yaml": Target(target_texts.yaml, lambda: [tree.originals()[0] for tree in (TREES["hydra"],)]),
        "terminal": Target(target_texts.terminal),
        "query": Target(target_texts.query),
        "index": Target(target_texts.index),
        "log_lines": Target(target_texts.log_lines, examples(*target_texts.LOG_LINES)),
        "log_pane": Target(target_texts.log_pane, examples(*target_texts.LOGS)),
        "merged_logs": Target(target_texts.merged_logs, examples(*target_texts.LOGS)),
        "settings": Target(target_texts.settings, examples(*target_texts.SETTINGS)),
        "answers": Target(target_texts.answers, examples(*target_texts.ANSWERS)),
        "browser": Target(target_texts.browser, examples(*target_texts.MESSAGES)),
        "column_cache": Target(target_stores.column_cache, target_stores.column_cache_seeds),
        "run_index": Target(target_stores.run_index, target_stores.run_index_seeds),
        "notes": Target(target_stores.notes, examples(*target_stores.NOTES)),
        "media": Target(target_stores.media, target_stores.media_seeds),
        "picture": Target(target_stores.picture, target_stores.picture_seeds),
        "pointers": Target(target_stores.pointers, examples(*target_stores.POINTERS)),
    }
    found |= {name: Target(file.run, file.seeds) for name, file in target_records.FILES.items()}
    found |= {name: Target(tree.run, tree.seeds) for name, tree in TREES.items()}
    for name, tables in target_databases.DATABASES.items():
        found[name] = Target(
            target_databases.of_bytes(name), lambda tables=tables: [target_databases.small_database(tables)]
        )
    return found


TARGETS = _all()


def inputs(name: str) -> list[bytes]:
    """The seeds and the committed inputs: what was found once, and what leads into the parser."""
    kept = (path.read_bytes() for path in sorted((CORPUS / name).glob("*")))
    return [*TARGETS[name].seeds(), *kept]
