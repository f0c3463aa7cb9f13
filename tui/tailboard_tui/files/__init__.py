"""The one place where files of a run directory are opened: all of them are untrusted."""
