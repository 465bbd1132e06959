"""From the sizes of a global batch to what each rank forwards, one micro-batch at a time.

Pure functions of the sizes, the limits and the number of ranks. A micro-batch is a list of places
in the global batch; one without samples keeps its rank in step with the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

MicroBatch: TypeAlias = list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a sample takes.

    Attributes:
        tokens: of text and images.
        views: that encoders see.
    """

    tokens: int
    views: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one micro-batch may take; a sample alone may take more.

    Attributes:
        packing: whether samples stand one behind the other in one row; else each has a row, padded
            to the longest.
        tokens: padding among them.
        views: None for no limit.
    """

    packing: bool
    tokens: int
    views: int | None = None

    def allow(self, tokens: int, views: int) -> bool:
        """Whether so much fits."""
        return tokens <= self.tokens and (self.views is None or views <= self.views)


def deal_micro_batches(
    sizes: Sequence[Size], limits: Limits, *, ranks: int
) -> list[list[MicroBatch]]:
    """The micro-batches of each rank, equally many, alike in tokens and views.

    Ranks wait for each other after each micro-batch, so those of one round are alike; and the rank
    that had the largest of one round has the smallest of the next.
    """
    loads = _loads(sizes)
    cut = packed_micro_batches if limits.packing else padded_micro_batches
    micro_batches = cut(sizes, limits, multiple_of=ranks)
    micro_batches.sort(key=lambda places: (-sum(loads[place] for place in places), places))
    rounds = [micro_batches[at : at + ranks] for at in range(0, len(micro_batches), ranks)]
    return [
        [round_[rank if number % 2 == 0 else -1 - rank] for number, round_ in enumerate(rounds)]
        for rank in range(ranks)
    ]


def packed_micro_batches(
    sizes: Sequence[Size], limits: Limits, *, multiple_of: int
) -> list[MicroBatch]:
    """Packs samples into as few rows as first-fit-decreasing finds, up to a multiple, alike full.

    The number is what first-fit-decreasing needs. With it settled, each sample, largest first, goes
    to the row that has the least so far. Where that finds no room, rows of the first packing are
    halved.
    """
    loads = _loads(sizes)
    largest_first = sorted(range(len(sizes)), key=lambda place: (-loads[place], place))
    longest_first = sorted(range(len(sizes)), key=lambda place: (-sizes[place].tokens, place))
    tight: list[_Row] = []
    for place in longest_first:
        row = next((row for row in tight if row.has_room(sizes[place], limits)), None)
        if row is None:
            row = _Row()
            tight.append(row)
        row.add(place, sizes[place], loads[place])
    count = _round_up(len(tight), multiple_of)
    even = [_Row() for _ in range(count)]
    for place in largest_first:
        rooms = [row for row in even if row.has_room(sizes[place], limits)]
        if not rooms:
            return _halved([row.places for row in tight], loads, count)
        min(rooms, key=lambda row: row.load).add(place, sizes[place], loads[place])
    return [row.places for row in even]


def padded_micro_batches(
    sizes: Sequence[Size], limits: Limits, *, multiple_of: int
) -> list[MicroBatch]:
    """Groups samples of like length, as many as fit with their padding, up to a multiple.

    Where ranks would have nothing to do, the largest groups are halved.
    """
    groups: list[MicroBatch] = []
    for place in sorted(range(len(sizes)), key=lambda place: (-sizes[place].tokens, place)):
        group = groups[-1] if groups else []
        longest = sizes[group[0]].tokens if group else 0
        views = sum(sizes[other].views for other in group) + sizes[place].views
        if group and limits.allow(longest * (len(group) + 1), views):
            group.append(place)
        else:
            groups.append([place])
    return _halved(groups, _loads(sizes), _round_up(len(groups), multiple_of))


def _halved(
    micro_batches: list[MicroBatch], loads: Sequence[float], count: int
) -> list[MicroBatch]:
    """Halves the largest until there are `count`; empty ones follow where none has two samples."""

    def size(places: MicroBatch) -> tuple[bool, float]:
        return len(places) > 1, sum(loads[place] for place in places)

    while len(micro_batches) < count:
        largest = max(micro_batches, key=size)
        half = len(largest) // 2
        if half == 0:
            break
        micro_batches.remove(largest)
        micro_batches += [largest[:half], largest[half:]]
    return micro_batches + [[] for _ in range(count - len(micro_batches))]


class _Row:
    """A pack as it fills."""

    def __init__(self) -> None:
        self.places: MicroBatch = []
        self.tokens = 0
        self.views = 0
        self.load = 0.0

    def has_room(self, size: Size, limits: Limits) -> bool:
        """Whether a sample fits; an empty row takes any."""
        fits = limits.allow(self.tokens + size.tokens, self.views + size.views)
        return not self.places or fits

    def add(self, place: int, size: Size, load: float) -> None:
        self.places.append(place)
        self.tokens += size.tokens
        self.views += size.views
        self.load += load


def _loads(sizes: Sequence[Size]) -> list[float]:
    """The share of the batch's tokens and the share of its views that each sample has, added up."""
    tokens = sum(size.tokens for size in sizes) or 1
    views = sum(size.views for size in sizes) or 1
    return [size.tokens / tokens + size.views / views for size in sizes]


def _round_up(count: int, multiple_of: int) -> int:
    return -(-count // multiple_of) * multiple_of
