"""Keeping Python's garbage collector off a large list while it is built."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_MANY = 50_000
"""New objects: less is walked in 5 ms."""

_FULL_EVERY = 1000
"""Middle collections per full one: 7 million new objects."""


@contextmanager
def no_collections() -> Iterator[None]:
    """No garbage collection meanwhile, in any thread; afterwards as it was before.

    Ten thousand rows are a million objects without a cycle among them. Collections walk all of them again
    and again while they are made, which takes as long as reading the files does. Many that were made are
    left out of later collections too: one that walks all of a list stops the screen for 0.1 s.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] > _MANY:
            gc.freeze()
        if was_enabled:
            gc.enable()


@contextmanager
def few_collections() -> Iterator[None]:
    """Hardly any full collections while very much is made that stays; cheap ones of the newest go on."""
    before = gc.get_threshold()
    gc.set_threshold(before[0], before[1], max(before[2], _FULL_EVERY))
    try:
        yield
    finally:
        gc.set_threshold(*before)
