"""Integer shares of a total that add up exactly and never shrink when the total grows.

Seats are handed out one after the other, each to the claim with the smallest
`(seats + 1/2) / weight`: the method of Webster and Sainte-Laguë. A claim that has reached its
limit gets no more, so that the rest share what it cannot take. All arithmetic is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a source, or a group of claims that share what they get, asks of a total.

    Attributes:
        weight: its share among those beside it, relative to theirs; above 0.
        limit_samples: the most that it can take.
        members: of a group; none for a source.
    """

    name: str
    weight: Fraction
    limit_samples: int
    members: tuple[Claim, ...] = ()


def group(name: str, members: Sequence[Claim], weight: Fraction = Fraction(1)) -> Claim:
    """A claim that shares what it gets among its members."""
    limit = sum(member.limit_samples for member in members)
    return Claim(name=name, weight=weight, limit_samples=limit, members=tuple(members))


def allocate(claim: Claim, total_samples: int) -> dict[str, int]:
    """Samples of each source, in the order of the claims; they add up to the total.

    What a source cannot take goes to the others of its group, and what a group cannot take to the
    groups beside it.

    Args:
        total_samples: at most the claim's limit.
    """
    assert 0 <= total_samples <= claim.limit_samples
    if not claim.members:
        return {claim.name: total_samples}
    seats = apportion(
        total_samples,
        [member.weight for member in claim.members],
        [member.limit_samples for member in claim.members],
    )
    parts = zip(claim.members, seats, strict=True)
    return {name: n for member, count in parts for name, n in allocate(member, count).items()}


def largest_total(claim: Claim) -> int:
    """The largest total at which no source passes its limit, each having exactly its share."""
    return int(min(limit / share for share, limit in _shares(claim, Fraction(1))))


def apportion(total: int, weights: Sequence[Fraction], limits: Sequence[int]) -> list[int]:
    """Hands out `total` seats by weight, to nobody more than its limit; ties go to the first.

    Args:
        total: at most the sum of the limits.
        weights: above 0.
    """
    rate = _rate(total, weights, limits)
    places = range(len(weights))
    seats = [min(limits[i], int(rate * weights[i] + HALF)) for i in places]
    while sum(seats) < total:
        free = (i for i in places if seats[i] < limits[i])
        seats[min(free, key=lambda i: ((seats[i] + HALF) / weights[i], i))] += 1
    while sum(seats) > total:
        taken = (i for i in places if seats[i])
        seats[max(taken, key=lambda i: ((seats[i] - HALF) / weights[i], i))] -= 1
    return seats


def _rate(total: int, weights: Sequence[Fraction], limits: Sequence[int]) -> Fraction:
    """Seats a unit of weight, about: those who would pass their limit have it, the rest share."""
    left, sharing = Fraction(total), set(range(len(weights)))
    while sharing:
        rate = left / sum(weights[i] for i in sharing)
        full = {i for i in sharing if rate * weights[i] >= limits[i]}
        if not full:
            return rate
        left -= sum(limits[i] for i in full)
        sharing -= full
    return max(limit / weight for weight, limit in zip(weights, limits, strict=True))


def _shares(claim: Claim, share: Fraction) -> list[tuple[Fraction, int]]:
    """Share of the whole and limit of each source."""
    if not claim.members:
        return [(share, claim.limit_samples)]
    whole = sum(member.weight for member in claim.members)
    return [
        pair for member in claim.members for pair in _shares(member, share * member.weight / whole)
    ]
