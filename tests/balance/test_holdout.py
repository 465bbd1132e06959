"""What is held out: the share on the average, more with a larger share, within the limits."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.balance import held_out, place, size_place, unit_number
from datakit.balance.holdout import UNITS

Rows = list[tuple[int, int, float, int]]


def units(rows: Rows) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=UNITS, orient="row")


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, 0.6])
@pytest.mark.parametrize("same_size", [1, 3])
def test_the_share_is_held_out_on_the_average(share: float, same_size: int) -> None:
    count = 30_000
    places = [
        place(unit_number(f"image {number}", 3), size_place(number // same_size, 3))
        for number in range(count)
    ]
    found = sum(own < share for own in places)
    assert abs(found - count * share) < 6 * (count * share * same_size) ** 0.5


@given(st.integers(0, 10**6), st.integers(0, 2**64 - 1), st.floats(0.001, 0.9))
def test_what_is_held_out_was_looked_into(size: int, number: int, share: float) -> None:
    of_size = size_place(size, 7)
    assert place(number, of_size) >= share or of_size < share


@st.composite
def several_sources(draw: st.DrawFn) -> Rows:
    """Up to 20 units in up to 3 sources each."""
    rows: Rows = []
    for unit in range(draw(st.integers(1, 20))):
        own = draw(st.sampled_from([0.1, 0.2, 0.3, 0.4, 0.5]))
        for source in draw(st.sets(st.integers(0, 2), min_size=1)):
            rows.append((source, unit, own, draw(st.integers(1, 6))))
    return rows


@given(several_sources(), st.integers(1, 20))
def test_no_source_passes_its_most_and_a_larger_share_only_adds(rows: Rows, most: int) -> None:
    before: set[int] = set()
    for share in (0.15, 0.25, 0.35, 0.45, 0.55):
        below = units([row for row in rows if row[2] < share])
        found = set(held_out(below, most))
        counts = below.filter(pl.col("unit").is_in(list(found))).group_by("source")
        assert all(n <= most for n in counts.agg(pl.col("samples").sum())["samples"])
        assert before <= found
        before = found
    if most == 20 and sum(row[3] for row in rows) <= most:
        assert before == {row[1] for row in rows}


def test_a_unit_that_is_too_large_for_a_source_does_not_keep_others_out() -> None:
    rows = [(0, 1, 0.1, 50), (0, 2, 0.2, 3), (1, 2, 0.2, 3), (1, 3, 0.3, 8), (0, 4, 0.4, 1)]
    assert set(held_out(units(rows), 10)) == {2, 4}
