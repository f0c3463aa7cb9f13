"""One file per sub-command, each with `add_parser` and `run`. Heavy imports stand inside `run`."""
