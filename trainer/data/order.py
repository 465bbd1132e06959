"""The order of samples: a pure function of seed, epoch and how many there are.

Ranks and loader processes take their parts of it and never change it.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

import numpy as np


def epoch_order(num_samples: int, *, seed: int, epoch: int) -> list[int]:
    """Positions of all samples in the order of one epoch."""
    digest = blake2b(f"order {seed} {epoch}".encode(), digest_size=16).digest()
    generator = np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))
    return [int(position) for position in generator.permutation(num_samples)]


def global_batches(
    num_samples: int, *, batch_samples: int, steps: int, seed: int
) -> Iterator[list[int]]:
    """Positions of each step's samples, over all ranks; epochs follow one another seamlessly."""
    epoch, pending = 0, list[int]()
    for _ in range(steps):
        while len(pending) < batch_samples:
            pending += epoch_order(num_samples, seed=seed, epoch=epoch)
            epoch += 1
        yield pending[:batch_samples]
        pending = pending[batch_samples:]


def rank_batches(batches: Iterator[list[int]], *, rank: int, ranks: int) -> Iterator[list[int]]:
    """The part of each global batch that one rank takes; parts are equally long."""
    return (batch[rank::ranks] for batch in batches)
