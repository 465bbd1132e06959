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
    count = len(ids)
    if cap is None or count <= cap:
        return np.ones(count, dtype=np.bool_)
    places = np.fromiter((stable_hash(seed, purpose, i) for i in ids), np.uint64, count)
    drawn = np.zeros(count, dtype=np.bool_)
    drawn[np.argsort(places, kind="stable")[:cap]] = True
    return drawn
