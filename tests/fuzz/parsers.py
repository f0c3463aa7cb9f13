"""Which target leads into which modules; the script and the tests go by this table.

A target calls into every module that stands beside it, and every module of formats/, files/, text/ and store/
stands beside one, or in `WITHOUT` with the reason: tests/unit/test_trust_fuzz.py fails where one does not.
"""

from __future__ import annotations

COVERS: dict[str, str] = {
    # our own format
    "metrics": "formats.native formats.native_files formats.native_tail formats.jsonlines formats.jsonkeys "
    "formats.jsonshape formats.jsonvalue files.follow files.opening store.columns store.column "
    "store.growable store.points",
    "native_files": "formats.native_facts",
    "media": "formats.media store.media plot.pixels widgets.media_content",
    "index": "store.logtime",
    "notes": "store.annotations",
    # records, tables and lines of anyone
    "tensorboard": "formats.tensorboard formats.tfrecord formats.crc32c formats.damages formats.tfmedia",
    "tensorboard_records": "formats.tfevents formats.tfpoints formats.tftensor formats.protobuf",
    "wandb": "formats.wandb formats.wandbnewest formats.recordlog formats.recordfile",
    "wandb_records": "formats.wandbrecords formats.wandblayout formats.wandbmedia",
    "wandb_files": "formats.wandb",
    "swanlab_records": "formats.swanlab formats.swanlabrecords formats.names",
    "jsonl": "formats.jsonl formats.looks",
    "csv": "formats.tables formats.tablepeek formats.csvtable formats.csvcells formats.rowbuilder",
    "log": "formats.logrun formats.patterns",
    # other trackers
    "sacred": "formats.sacred formats.sources formats.growth",
    "huggingface": "formats.huggingface formats.surroundings",
    "optuna": "formats.optuna",
    "hydra": "formats.hydra formats.yamlplain",
    "guild": "formats.guild",
    "dvclive": "formats.dvclive formats.flat formats.listing",
    "mlflow": "formats.mlflow",
    "ray": "formats.raytune",
    "mmengine": "formats.mmengine",
    "allennlp": "formats.allennlp formats.detect formats.registry formats.signs formats.reading",
    "lightning": "formats.tables",
    "baselines": "formats.tables",
    "ultralytics": "formats.tables",
    "mlflow_db": "formats.mlflowdb formats.database formats.sqlitedb",
    "trackio": "formats.trackio",
    "aim": "formats.aim",
    "database_rows": "formats.mlflowdb formats.trackio formats.aim",
    "yaml": "formats.yamlfile",
    # what a program printed
    "terminal": "text.terminal_line text.ansi text.safe text.plain text.notification",
    "log_lines": "store.bars store.output_progress store.loglevels store.origins",
    "log_pane": "store.logfile store.logindex store.logpieces store.logblock store.logscan store.logmatch "
    "store.logsearch store.loghits store.logrows",
    "merged_logs": "store.logmerge",
    # what a user typed, a terminal answered, a browser sent
    "query": "store.query store.query_syntax store.query_completion store.fields",
    "settings": "settings view_state actions widgets.chart_view",
    "answers": "text.graphics terminal files.mounts",
    "browser": "commands.web",
    # our own caches, and what runs name
    "column_cache": "store.columnfile store.cache",
    "run_index": "store.index files.changes",
    "picture": "plot.pixels",
    "pointers": "tailboard.artifacts",
}
"""Target -> modules, those of tailboard_tui without its name."""

_NUMBERS = "works on numbers, facts and rows that readers gave"
_PANE = "moves about in what store.logfile and its index gave"
_WRITES = "writes; what it is given is read by others"
_THREADS = "threads and timing; faults of files that change stand in tests/faults"

WITHOUT: dict[str, str] = {
    "files.mirror": "copies files from another machine; what they hold is read by others",
    "files.remote": "asks fsspec for files of another machine",
    "formats.base": "declarations",
    "formats.decoding": "declarations",
    "formats.sampling": "looks for whole lines and records, which the decoders of the rows above read",
    "formats.tensorboard_write": _WRITES,
    "store.alerts": _NUMBERS,
    "store.collecting": "a setting of Python's",
    "store.compare": _NUMBERS,
    "store.comparison": _NUMBERS,
    "store.differences": _NUMBERS,
    "store.digest": _NUMBERS,
    "store.frames": _NUMBERS,
    "store.goal": _NUMBERS,
    "store.groups": _NUMBERS,
    "store.lookup": _NUMBERS,
    "store.model": "declarations",
    "store.objects": _NUMBERS,
    "store.pace": _NUMBERS,
    "store.pins": _NUMBERS,
    "store.progress": _NUMBERS,
    "store.ranks": _NUMBERS,
    "store.resources": _NUMBERS,
    "store.rowmaker": _NUMBERS,
    "store.running_stats": _NUMBERS,
    "store.logjumps": _PANE,
    "store.loglive": _PANE,
    "store.logmarks": _PANE,
    "store.logreading": _PANE,
    "store.logsession": _PANE,
    "store.logstate": _PANE,
    "store.conversion": _WRITES,
    "store.export": _WRITES,
    "store.parquet": _WRITES,
    "store.trash": "moves directories; tests/unit/test_trash.py",
    "store.regex_process": "Python's re, in a process that may be ended",
    "store.regex_texts": "reads what the user typed, as Python's own parser of expressions gives it",
    "store.status": "reads /proc",
    "store.checkup": "looks at the machine",
    "store.media_foreign": "the readers that the targets read anyway",
    "store.catalog": _THREADS,
    "store.held": _THREADS,
    "store.rhythm": _THREADS,
    "store.runs": _THREADS,
    "store.tracked": _THREADS,
    "store.watch": _THREADS,
    "store.worker": _THREADS,
    "text.units": "numbers in words",
}
"""Modules that no target is for, and why."""
