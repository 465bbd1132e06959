"""From records to candidate samples: ids, caps, shards."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.balance import draw, draw_times
from datakit.io.image_files import ImageFiles
from datakit.io.trees import open_source
from datakit.mixture import Dedup
from datakit.planning.record_names import RecordNames
from datakit.planning.select import cut_shards, drop_repeated_ids, measure_images
from tests.planning.records import record_frame, record_names, write_spool


def test_a_repeated_id_is_dropped_and_says_whose_it_is(tmp_path: Path) -> None:
    pairs = [("a", "q", "x"), ("b", "r", "y"), ("b", "s", "z")]
    names = record_names(tmp_path, pairs, ["same", "other", "same"])
    left, rejects = drop_repeated_ids(record_frame(pairs, Dedup()), names)
    assert left["row"].to_list() == [0, 1]
    assert rejects["detail"].to_list() == ["the id is also that of f[0]"]


def test_a_missing_image_is_told_with_what_it_may_have_been(tmp_path: Path) -> None:
    (tmp_path / "b.png").write_bytes(b"1234")
    pairs = [("b.jpg", "q", "x"), ("b.png", "q", "x"), ("", "q", "x"), ("b.jpg", "r", "x")]
    frame = record_frame(pairs, Dedup()).drop("image_bytes")
    spool = write_spool(tmp_path, pairs)
    rows = frame["first_row"].unique(maintain_order=True)
    images = spool.texts(rows, ["images"]).with_columns(first_row=rows)
    files = ImageFiles(open_source(tmp_path))
    left, rejects = measure_images(frame, images, files, 16, RecordNames({0: spool}))
    assert left.select("row", "image_bytes").rows() == [(1, 4), (2, 0)]
    assert rejects["record_id"].to_list() == ["0", "3"]
    assert rejects["detail"].to_list() == ["b.jpg; nearest is b.png"] * 2


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
