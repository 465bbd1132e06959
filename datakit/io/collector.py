"""Python's garbage collector, out of the way of work that makes millions of small things."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = (100_000, 20, 100)


@contextmanager
def spared_by_collector() -> Iterator[None]:
    """For a whole command: seldom looks for cycles meanwhile, and not at all when Python ends.

    Importing makes half a million things that stay; to walk them all, again and again, and thrice
    more at the end, takes a tenth of a second.
    """
    with seldom_collected():
        try:
            yield
        finally:
            gc.freeze()


@contextmanager
def seldom_collected() -> Iterator[None]:
    """While it lasts, unreachable cycles are looked for less often.

    What records and samples consist of has none; looking for them takes a fifth of the time.
    """
    usual = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
