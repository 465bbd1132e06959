"""Who counts the same under each strategy."""

from __future__ import annotations

import pytest

from datakit.balance import Supply, allocate, claims, largest_total
from datakit.mixture.schema import Strategy


def supply(name: str, dataset: str, task: str, samples: int, weight: float = 1.0) -> Supply:
    return Supply(
        name=name, dataset=dataset, task=task, samples=samples, weight=weight, max_repeats=3
    )


SUPPLIES = [
    supply("chart-human", "chartqa", "vqa", 100, 1),
    supply("chart-made", "chartqa", "vqa", 300, 1),
    supply("docvqa", "docvqa", "vqa", 1000, 2),
    supply("refcoco", "refcoco", "rec", 5000, 4),
]


@pytest.mark.parametrize(
    ("strategy", "counts"),
    [
        ("per-sample", [125, 375, 1250, 6250]),
        ("per-dataset", [300, 900, 3000, 3800]),
        ("per-task", [300, 900, 2800, 4000]),
        ("weighted", [300, 900, 2267, 4533]),
    ],
)
def test_8000_samples(strategy: Strategy, counts: list[int]) -> None:
    assert list(allocate(claims(SUPPLIES, strategy), 8000).values()) == counts


@pytest.mark.parametrize(
    ("strategy", "counts"),
    [
        ("per-sample", [300, 900, 3000, 15000]),
        ("per-dataset", [300, 900, 1200, 1200]),
        ("per-task", [300, 900, 1200, 2400]),
        ("weighted", [300, 300, 600, 1200]),
    ],
)
def test_the_largest_total_at_exact_shares(strategy: Strategy, counts: list[int]) -> None:
    tree = claims(SUPPLIES, strategy)
    assert list(allocate(tree, largest_total(tree)).values()) == counts


def test_a_cap_counts_written_samples_and_a_source_without_any_claims_nothing() -> None:
    capped = [
        Supply(name="large", dataset="a", task="t", samples=900, cap_samples=350, max_repeats=3),
        Supply(name="small", dataset="b", task="t", samples=200, cap_samples=350, max_repeats=3),
        Supply(name="empty", dataset="c", task="t", samples=0),
    ]
    tree = claims(capped, "per-sample")
    assert allocate(tree, largest_total(tree)) == {"large": 350, "small": 200}
    tree = claims(capped, "per-dataset")
    assert allocate(tree, largest_total(tree)) == {"large": 350, "small": 350}
    assert tree.limit_samples == 700


def test_weights_are_taken_as_they_are_written() -> None:
    pair = [supply("a", "a", "t", 10**6, 0.1), supply("b", "b", "t", 10**6, 0.2)]
    assert allocate(claims(pair, "weighted"), 300_000) == {"a": 100_000, "b": 200_000}
