"""The order depends on the seed, the step and the parts alone, and draws evenly."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from trainer.data.order import Draw, SampleOrder, epoch_positions, share_out


def order(*draws: tuple[int, int], seed: int = 1, batch_samples: int = 4) -> SampleOrder:
    parts = tuple(Draw(samples=samples, drawn=drawn) for samples, drawn in draws)
    return SampleOrder(draws=parts, seed=seed, batch_samples=batch_samples)


def test_an_epoch_has_every_sample_once_and_the_next_another_order() -> None:
    draws = order((100, 100)).draws
    first, second = (epoch_positions(draws, seed=1, epoch=epoch).tolist() for epoch in (0, 1))
    assert sorted(first) == sorted(second) == list(range(100))
    assert first != second != sorted(second)
    assert first != epoch_positions(draws, seed=2, epoch=0).tolist()


def test_a_step_needs_no_other_and_epochs_follow_seamlessly() -> None:
    steps = order((10, 10))
    in_turn = [position for step in range(5) for position in steps.batch(step)]
    assert sorted(in_turn[:10]) == sorted(in_turn[10:]) == list(range(10))
    assert order((10, 10)).batch(3) == in_turn[12:16]
    larger = order((10, 10), batch_samples=25)  # more than two epochs
    assert larger.batch(0)[:20] == in_turn


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 30)), min_size=1, max_size=4).filter(
        lambda parts: any(drawn for _, drawn in parts)
    ),
    st.integers(1, 12),
)
def test_samples_of_a_part_are_drawn_equally_often(
    parts: list[tuple[int, int]], epochs: int
) -> None:
    draws = order(*parts).draws
    counts = Counter[int]()
    for epoch in range(epochs):
        counts.update(epoch_positions(draws, seed=3, epoch=epoch).tolist())
    start = 0
    for samples, drawn in parts:
        own = [counts[position] for position in range(start, start + samples)]
        assert sum(own) == drawn * epochs
        assert max(own) - min(own) <= 1
        start += samples


@given(st.integers(1, 5000), st.lists(st.floats(0.01, 100), min_size=1, max_size=6))
def test_weights_are_shares_of_an_epoch(total: int, weights: list[float]) -> None:
    drawn = share_out(total, weights)
    assert sum(drawn) == total
    for count, weight in zip(drawn, weights, strict=True):
        assert abs(count - total * weight / sum(weights)) < 1 + 1e-6
