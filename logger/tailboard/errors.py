"""What `tailboard.init` raises when it is called wrongly. Nothing else of the logger raises.

TailboardError
├── InvalidRunIdError (ValueError)       the id is no plain name
├── RunExistsError (FileExistsError)     the id is taken and resume is "never"
├── RunMissingError (FileNotFoundError)  resume is "must" and there is no such run
└── InvalidArgumentError (ValueError)    an argument has none of its allowed values
"""

from __future__ import annotations


class TailboardError(Exception):
    """Any error that the logger raises on purpose."""


class InvalidRunIdError(TailboardError, ValueError):
    """The id given to `init` is not one path component of letters, digits, dot, dash, underscore."""


class RunExistsError(TailboardError, FileExistsError):
    """A run with this id exists and `resume` is "never"."""


class RunMissingError(TailboardError, FileNotFoundError):
    """`resume="must"` names a run that does not exist."""


class InvalidArgumentError(TailboardError, ValueError):
    """An argument of `init` has a value that is none of its choices."""
