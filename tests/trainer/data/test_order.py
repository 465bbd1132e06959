"""The order of samples."""

from __future__ import annotations

from collections import Counter

from trainer.data.order import epoch_order, global_batches, rank_batches


def test_an_epoch_holds_every_sample_once_and_each_epoch_has_its_own_order() -> None:
    first, second = (epoch_order(50, seed=1, epoch=epoch) for epoch in (0, 1))
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second != epoch_order(50, seed=2, epoch=1)


def test_the_order_is_a_pure_function() -> None:
    assert epoch_order(8, seed=42, epoch=0) == [2, 4, 1, 3, 7, 0, 5, 6]


def test_epochs_follow_one_another_and_lose_no_sample() -> None:
    batches = list(global_batches(10, batch_samples=4, steps=5, seed=1))
    counts = Counter(position for batch in batches for position in batch)
    assert counts == dict.fromkeys(range(10), 2)


def test_ranks_share_each_global_batch() -> None:
    whole = list(global_batches(10, batch_samples=4, steps=5, seed=1))
    parts = [list(rank_batches(iter(whole), rank=rank, ranks=2)) for rank in (0, 1)]
    for batch, first, second in zip(whole, *parts, strict=True):
        assert sorted(batch) == sorted(first + second)
        assert len(first) == len(second) == 2
