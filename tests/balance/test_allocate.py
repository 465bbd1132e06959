"""Integer shares: exact, monotone, within limits, and the same as handing out seat by seat."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from datakit.balance import Claim, allocate, apportion, largest_total
from datakit.balance.allocate import group

Weights = list[tuple[Fraction, int]]
WEIGHTS = st.lists(
    st.tuples(st.fractions(Fraction(1, 9), 40, max_denominator=9), st.integers(0, 12)),
    min_size=1,
    max_size=6,
)


def seat_by_seat(total: int, weights: Weights) -> list[int]:
    """Every seat that anybody may have, in the order in which they are handed out."""
    seats = sorted(
        (Fraction(2 * seat + 1, 2) / weight, place)
        for place, (weight, limit) in enumerate(weights)
        for seat in range(limit)
    )
    taken = Counter(place for _, place in seats[:total])
    return [taken[place] for place in range(len(weights))]


@given(WEIGHTS, st.data())
def test_shares_are_those_of_handing_out_seat_by_seat(
    weights: Weights, data: st.DataObject
) -> None:
    total = data.draw(st.integers(0, sum(limit for _, limit in weights)))
    found = apportion(total, *map(list, zip(*weights, strict=True)))
    assert found == seat_by_seat(total, weights)
    assert sum(found) == total


@given(WEIGHTS)
def test_a_larger_total_takes_from_nobody(weights: Weights) -> None:
    shares = [w for w, _ in weights]
    limits = [limit for _, limit in weights]
    before = [0] * len(weights)
    for total in range(1, sum(limits) + 1):
        after = apportion(total, shares, limits)
        assert sum(b - a for a, b in zip(before, after, strict=True)) == 1
        assert all(a <= b for a, b in zip(before, after, strict=True))
        before = after


def test_whole_quotas_are_given_exactly_also_in_millions() -> None:
    sizes = [350_000, 39_463, 7_680, 250_001]
    weights = [Fraction(size) for size in sizes]
    assert apportion(sum(sizes), weights, sizes) == sizes
    assert apportion(10 * sum(sizes), weights, [20 * s for s in sizes]) == [10 * s for s in sizes]


def test_what_one_cannot_take_is_shared_by_the_rest_at_their_weights() -> None:
    weights = [Fraction(1), Fraction(1), Fraction(2)]
    assert apportion(400, weights, [10, 900, 900]) == [10, 130, 260]


def source(name: str, weight: int, limit: int) -> Claim:
    return Claim(name=name, weight=Fraction(weight), limit_samples=limit)


TWO_GROUPS = group(
    "all",
    [
        group("vqa", [source("a", 1, 10), source("b", 1, 500)]),
        group("text", [source("c", 1, 500)]),
    ],
)


def test_what_a_source_cannot_take_stays_in_its_group_as_long_as_there_is_room() -> None:
    assert allocate(TWO_GROUPS, 200) == {"a": 10, "b": 90, "c": 100}
    assert allocate(TWO_GROUPS, 1010) == {"a": 10, "b": 500, "c": 500}


def test_the_largest_total_is_where_the_first_source_is_full() -> None:
    assert largest_total(TWO_GROUPS) == 40
    assert allocate(TWO_GROUPS, 40) == {"a": 10, "b": 10, "c": 20}


@st.composite
def trees(draw: st.DrawFn) -> Claim:
    number = iter(range(99))

    def leaf() -> Claim:
        return source(f"s{next(number)}", draw(st.integers(1, 9)), draw(st.integers(1, 9)))

    groups = [
        group(f"g{i}", [leaf() for _ in range(draw(st.integers(1, 3)))], Fraction(weight))
        for i, weight in enumerate(draw(st.lists(st.integers(1, 5), min_size=1, max_size=3)))
    ]
    return group("all", groups)


def leaves(claim: Claim, share: Fraction = Fraction(1)) -> list[tuple[Claim, Fraction]]:
    if not claim.members:
        return [(claim, share)]
    whole = sum(m.weight for m in claim.members)
    return [pair for m in claim.members for pair in leaves(m, share * m.weight / whole)]


@given(trees())
def test_groups_add_up_grow_and_keep_to_limits(tree: Claim) -> None:
    before: dict[str, int] = {}
    for total in range(tree.limit_samples + 1):
        after = allocate(tree, total)
        assert sum(after.values()) == total
        assert all(before.get(name, 0) <= count for name, count in after.items())
        assert all(after[leaf.name] <= leaf.limit_samples for leaf, _ in leaves(tree))
        before = after


@given(trees())
def test_the_largest_total_is_the_last_at_which_all_can_have_their_share(tree: Claim) -> None:
    def fits(total: int) -> bool:
        return all(total * share <= leaf.limit_samples for leaf, share in leaves(tree))

    total = largest_total(tree)
    assert fits(total)
    assert not fits(total + 1)
