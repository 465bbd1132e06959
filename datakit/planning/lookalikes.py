"""Images that look the same, found by their hashes in bounded time."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from datakit.io.perceptual import HASH_BYTES
from datakit.planning.components import Components

MOST_BITS = 15
BANDS = 16  # of two hashes that differ in at most 15 bits, one of 16 bands is the same
NEIGHBOURS = 256
SET_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1)


def same_looks(hashes: Collection[bytes]) -> dict[bytes, bytes]:
    """For each hash, the smallest of those that differ little from it, directly or through others.

    Two hashes differ little by at most 15 of their 256 bits. For each of 16 bands of bits the
    hashes are sorted by it, and each is compared with the next 256 that have it in common. So no
    pair is missed unless more hashes than that share a band, and time is linear in their number.
    """
    distinct = sorted(set(hashes))
    if not distinct:
        return {}
    table = np.frombuffer(b"".join(distinct), dtype=np.uint8).reshape(-1, HASH_BYTES)
    found = Components(len(distinct))
    for band in range(BANDS):
        _join_neighbours(found, np.roll(table, -band * (HASH_BYTES // BANDS), axis=1))
    return {one: distinct[first] for one, first in zip(distinct, found.smallest(), strict=True)}


def _join_neighbours(found: Components, table: np.ndarray) -> None:
    """Joins hashes that differ little, among those that share their first band.

    Args:
        table: N hashes of 32 bytes.
    """
    order = np.argsort(table.view(f"S{HASH_BYTES}").ravel(), kind="stable")
    ordered = np.ascontiguousarray(table[order])
    bands = ordered.view(np.uint16)[:, 0]
    here = np.arange(len(order))
    for step in range(1, NEIGHBOURS + 1):
        here = here[here + step < len(order)]
        here = here[bands[here] == bands[here + step]]
        if not len(here):
            return
        roots = found.smallest()[order]
        apart = here[roots[here] != roots[here + step]]
        differing = SET_BITS[ordered[apart] ^ ordered[apart + step]].sum(axis=1)
        near = apart[differing <= MOST_BITS]
        found.join(order[near], order[near + step])
