"""Micro-batches hold every sample once, keep the limits and are alike."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.data.micro_batches import Limits, Size, deal_micro_batches

SIZES = st.lists(
    st.builds(Size, tokens=st.integers(1, 100), views=st.integers(0, 5)), min_size=1, max_size=40
)
LIMITS = st.builds(
    Limits, packing=st.booleans(), tokens=st.integers(50, 200), views=st.none() | st.integers(1, 8)
)


@given(SIZES, LIMITS, st.integers(1, 5))
def test_every_sample_once_within_the_limits(sizes: list[Size], limits: Limits, ranks: int) -> None:
    dealt = deal_micro_batches(sizes, limits, ranks=ranks)
    assert len({len(own) for own in dealt}) == 1
    micro_batches = [places for own in dealt for places in own]
    assert sorted(place for places in micro_batches for place in places) == list(range(len(sizes)))
    for places in micro_batches:
        taken = [sizes[place] for place in places]
        longest = max((size.tokens for size in taken), default=0)
        tokens = sum(s.tokens for s in taken) if limits.packing else longest * len(taken)
        assert len(taken) <= 1 or limits.allow(tokens, sum(size.views for size in taken))
    assert dealt == deal_micro_batches(sizes, limits, ranks=ranks)


@given(SIZES, LIMITS)
def test_no_rank_is_idle_while_another_has_two_samples_in_one(
    sizes: list[Size], limits: Limits
) -> None:
    dealt = deal_micro_batches(sizes, limits, ranks=4)
    counts = [len(places) for own in dealt for places in own]
    assert min(counts) > 0 or max(counts) == 1


@pytest.mark.parametrize("packing", [True, False])
def test_ranks_have_alike_tokens_and_views(packing: bool) -> None:
    draw = random.Random(5)
    sizes = [Size(tokens=draw.randint(20, 400), views=draw.choice([0, 1, 4])) for _ in range(256)]
    dealt = deal_micro_batches(sizes, Limits(packing=packing, tokens=2048), ranks=8)
    for quantity in ("tokens", "views"):
        totals = [
            sum(getattr(sizes[place], quantity) for places in own for place in places)
            for own in dealt
        ]
        spread = 1.15 if packing else 1.6
        assert max(totals) <= spread * sum(totals) / len(totals), (quantity, totals)


def test_packing_needs_few_rows() -> None:
    draw = random.Random(6)
    sizes = [Size(tokens=draw.randint(100, 1000), views=1) for _ in range(128)]
    ((*rows,),) = deal_micro_batches(sizes, Limits(packing=True, tokens=2048), ranks=1)
    assert len(rows) <= 1.06 * sum(size.tokens for size in sizes) / 2048
