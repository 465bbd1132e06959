"""Python's garbage collector, out of the way of work that makes millions of small things."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = (100_000, 20, 100)


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
