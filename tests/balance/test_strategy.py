"""Who counts the same under each strategy."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


CATEGORIES = {
    "chart-human": "charts",
    "chart-made": "charts",
    "docvqa": "pages",
    "refcoco": "boxes",
}
CATEGORISED = [replace(supply, category=CATEGORIES[supply.name]) for supply in SUPPLIES]


@pytest.mark.parametrize(
    ("strategy", "shares", "counts"),
    [
        ("per-sample", {"charts": 0.1}, [200, 600, 1200, 6000]),
        ("per-dataset", {"charts": 0.1}, [200, 600, 3000, 4200]),
        ("weighted", {"charts": 0.1, "boxes": 0.6}, [300, 500, 2400, 4800]),
        ("per-task", {"charts": 0.1, "boxes": 0.9}, [200, 600, 0, 7200]),
        ("per-sample", {"charts": 0.5}, [300, 900, 1133, 5667]),
    ],
)
def test_8000_samples_at_shares_of_categories(
    strategy: Strategy, shares: dict[str, float], counts: list[int]
) -> None:
    tree = claims(CATEGORISED, strategy, shares)
    found = allocate(tree, 8000)
    assert [found.get(name, 0) for name in CATEGORIES] == counts


def test_the_largest_total_keeps_the_shares_of_categories_exactly() -> None:
    tree = claims(CATEGORISED, "per-sample", {"charts": 0.25, "pages": 0.25})
    found = allocate(tree, largest_total(tree))
    assert found == {"chart-human": 300, "chart-made": 900, "docvqa": 1200, "refcoco": 2400}


@st.composite
def mixtures(draw: st.DrawFn) -> tuple[list[Supply], Strategy, dict[str, float]]:
    """Up to 6 sources of 4 categories, some with a share in whole percents."""
    numbers = st.integers(0, 9)
    supplies = [
        Supply(
            name=f"s{number}",
            dataset=draw(st.sampled_from("xyz")),
            task=draw(st.sampled_from("tu")),
            category=draw(st.sampled_from("abcd")),
            samples=draw(numbers),
            cap_samples=draw(st.none() | st.integers(1, 12)),
            max_repeats=draw(st.integers(1, 3)),
            weight=draw(st.integers(1, 9)),
        )
        for number in range(draw(st.integers(1, 6)))
    ]
    strategy: Strategy = draw(st.sampled_from(get_args(Strategy)))
    shares = draw(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 25), max_size=4))
    return supplies, strategy, {name: percent / 100 for name, percent in shares.items()}


@given(mixtures())
def test_shares_of_categories_add_up_grow_and_keep_to_limits(
    mixture: tuple[list[Supply], Strategy, dict[str, float]],
) -> None:
    supplies, strategy, shares = mixture
    if not any(supply.samples for supply in supplies):
        return
    tree = claims(supplies, strategy, shares)
    before: dict[str, int] = {}
    for total in range(tree.limit_samples + 1):
        found = allocate(tree, total)
        assert sum(found.values()) == total
        assert all(before.get(name, 0) <= count for name, count in found.items())
        assert all(found.get(s.name, 0) <= s.limit_samples for s in supplies)
        before = found
    if len(shares) < 4 or sum(shares.values()) < 1:
        assert tree.limit_samples == sum(supply.limit_samples for supply in supplies)


@given(mixtures(), st.integers(1, 300))
def test_a_category_has_its_share_unless_somebody_is_full(
    mixture: tuple[list[Supply], Strategy, dict[str, float]], total: int
) -> None:
    supplies, strategy, shares = mixture
    there = {supply.category for supply in supplies if supply.samples}
    named = there & set(shares)
    if not named or not there - named:
        return
    plenty = [replace(s, samples=s.samples and 10**6, cap_samples=None) for s in supplies]
    found = allocate(claims(plenty, strategy, shares), total)
    whole = sum(shares[name] for name in named) + 1 - sum(shares.values())
    for name in named:
        own = sum(found.get(s.name, 0) for s in supplies if s.category == name)
        assert abs(own - total * shares[name] / whole) < len(named) + 1
