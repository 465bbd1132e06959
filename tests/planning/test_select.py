"""From records to candidate samples: ids, caps, shards."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.balance import draw, draw_times
from datakit.mixture import Dedup
from datakit.planning.select import cut_shards, drop_repeated_ids
from tests.planning.records import record_frame


def test_a_repeated_id_is_dropped_and_says_whose_it_is() -> None:
    records = record_frame([("a", "q", "x"), ("b", "r", "y")], Dedup())
    records = records.with_columns(record_id=pl.lit("same"))
    left, rejects = drop_repeated_ids(records)
    assert len(left) == 1
    assert rejects.row(0, named=True)["detail"] == "the id is also that of f[0]"


@given(st.lists(st.text(max_size=6), max_size=50, unique=True), st.integers(1, 60), st.integers())
def test_raising_a_cap_only_adds(ids: list[str], cap: int, seed: int) -> None:
    smaller = set(draw(ids, cap, seed=seed, purpose="p").nonzero()[0])
    larger = set(draw(ids, cap + 1, seed=seed, purpose="p").nonzero()[0])
    assert smaller <= larger
    assert len(smaller) == min(cap, len(ids))


@given(st.lists(st.text(max_size=6), min_size=1, max_size=20, unique=True), st.integers(0, 70))
def test_a_higher_count_only_adds_and_repeats_evenly(ids: list[str], count: int) -> None:
    fewer = draw_times(ids, count, seed=1, purpose="p")
    more = draw_times(ids, count + 1, seed=1, purpose="p")
    assert fewer.sum() == count
    assert sorted(more - fewer) == [0] * (len(ids) - 1) + [1]
    assert fewer.max() - fewer.min() <= 1


@pytest.mark.parametrize(
    ("sizes", "samples", "shards"),
    [
        ([40, 40, 40], None, [0, 0, 1]),
        ([500, 10, 10], None, [0, 1, 1]),
        ([10, 10, 10], 2, [0, 0, 1]),
        ([], None, []),
    ],
)
def test_shards_end_before_a_limit_is_passed(
    sizes: list[int], samples: int | None, shards: list[int]
) -> None:
    assert cut_shards(sizes, shard_bytes=100, shard_samples=samples).tolist() == shards
