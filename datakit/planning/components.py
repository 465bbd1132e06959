"""Things that hang together, directly or through others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


class Components:
    """Joins the numbers from 0 on; each component is known by its smallest number."""

    def __init__(self, count: int) -> None:
        self._parents: Numbers = np.arange(count, dtype=np.int64)

    def join(self, ones: Numbers, others: Numbers) -> None:
        """Joins each of `ones` with that of `others` at its place."""
        roots = self.smallest()
        apart = roots[ones] != roots[others]
        pairs = np.unique(np.stack([roots[ones][apart], roots[others][apart]], axis=1), axis=0)
        for one, other in pairs.tolist():
            low, high = sorted((self._root(one), self._root(other)))
            self._parents[high] = low

    def smallest(self) -> Numbers:
        """The smallest number of each one's component."""
        while not np.array_equal(above := self._parents[self._parents], self._parents):
            self._parents = above
        return self._parents

    def _root(self, number: int) -> int:
        while (parent := int(self._parents[number])) != number:
            number = parent
        return number
