"""Stable subsampling: raising a cap only adds to what is drawn; other data change nothing."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from datakit.io.stable_hash import stable_hash


def draw(ids: Collection[str], cap: int | None, *, seed: int, purpose: str) -> NDArray[np.bool_]:
    """Marks the `cap` ids that are drawn; all of them where there are no more, or no cap.

    Each id has a place of its own in a fixed order, by the hash of (seed, purpose, id), and the
    first `cap` are taken.

    Returns:
        One boolean an id, in the order of `ids`.
    """
    count = len(ids) if cap is None else min(cap, len(ids))
    return draw_times(ids, count, seed=seed, purpose=purpose) > 0


def draw_times(ids: Collection[str], count: int, *, seed: int, purpose: str) -> NDArray[np.int64]:
    """How often each id is taken, so that it is `count` times in all.

    The ids are gone through in the order of `draw`, and again from its start, until there are
    `count`: no id is taken twice more than another, and a higher count only adds.

    Returns:
        One number an id, in the order of `ids`.
    """
    rounds, rest = divmod(count, len(ids)) if len(ids) else (0, 0)
    times = np.full(len(ids), rounds, dtype=np.int64)
    if rest:
        places = np.fromiter((stable_hash(seed, purpose, i) for i in ids), np.uint64, len(ids))
        times[np.argsort(places, kind="stable")[:rest]] += 1
    return times
