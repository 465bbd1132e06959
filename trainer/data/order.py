"""The order of samples: a pure function of seed, step and how many each part of the data has.

Ranks and loader processes take their parts of it and never change it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Positions: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """How many samples of one part of the data an epoch has.

    After any number of epochs, any two samples of the part have been drawn equally often, or one of
    them once more.

    Attributes:
        samples: of the part; their positions follow those of the parts before it.
        drawn: of them, in one epoch; samples come several times where it is more than there are.
    """

    samples: int
    drawn: int


class StepOrder(Protocol):
    """Says which samples each step has."""

    @property
    def seed(self) -> int:
        """Of what is drawn besides."""

    def batch(self, step: int) -> list[int]:
        """Positions of a step's samples; `step` counts from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOrder:
    """Which samples each step has, over all ranks; epochs follow one another seamlessly."""

    draws: tuple[Draw, ...]
    seed: int
    batch_samples: int

    @property
    def epoch_samples(self) -> int:
        """Samples of one epoch."""
        return sum(draw.drawn for draw in self.draws)

    def batch(self, step: int) -> list[int]:
        """Positions of a step's samples; `step` counts from 0."""
        first = step * self.batch_samples
        found: list[int] = []
        while len(found) < self.batch_samples:
            epoch, start = divmod(first + len(found), self.epoch_samples)
            order = epoch_positions(self.draws, seed=self.seed, epoch=epoch)
            found += order[start : start + self.batch_samples - len(found)].tolist()
        return found


@lru_cache(maxsize=4)
def epoch_positions(draws: tuple[Draw, ...], *, seed: int, epoch: int) -> Positions:
    """Positions of all samples of one epoch, in its order."""
    starts = np.cumsum([0, *(draw.samples for draw in draws)])
    parts = [
        start + _drawn(draw, seed=seed, part=part, epoch=epoch)
        for part, (start, draw) in enumerate(zip(starts[:-1], draws, strict=True))
    ]
    joined = np.concatenate(parts)
    return joined[_permutation(len(joined), f"order {seed} {epoch}")]


def _drawn(draw: Draw, *, seed: int, part: int, epoch: int) -> Positions:
    """What one part gives to an epoch: all of it so many times, and the next of its own order."""
    whole, rest = divmod(draw.drawn, draw.samples)
    copies = np.tile(np.arange(draw.samples), whole)
    if not rest:
        return copies
    round_, start = divmod(epoch * rest, draw.samples)
    rounds = [
        _permutation(draw.samples, f"rest {seed} {part} {number}")
        for number in (round_, round_ + 1)
    ]
    return np.concatenate([copies, np.concatenate(rounds)[start : start + rest]])


def _permutation(count: int, what_for: str) -> Positions:
    digest = blake2b(what_for.encode(), digest_size=16).digest()
    generator = np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))
    return generator.permutation(count)


def share_out(total: int, weights: Sequence[float]) -> list[int]:
    """Shares a number of samples by weight.

    What rounding leaves goes to the largest remainders, so that each is less than one sample away
    from its exact share.
    """
    sum_of_weights = sum(weights)
    exact = [total * weight / sum_of_weights for weight in weights]
    drawn = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda part: (drawn[part] - exact[part], part))
    for part in by_remainder[: total - sum(drawn)]:
        drawn[part] += 1
    return drawn
