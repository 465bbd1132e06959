"""From records to candidate samples: merging, de-duplication, caps, shards."""

from __future__ import annotations

from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.balance import draw
from datakit.mixture import Dedup
from datakit.planning.select import (
    cut_shards,
    drop_duplicates,
    drop_repeated_ids,
    merge_turns,
    turn_digests,
)

Pairs = list[tuple[str, str, str]]


def frame(pairs: Pairs, dedup: Dedup) -> pl.DataFrame:
    """Records of (image, question, answer); an empty image means text only."""
    payloads = [
        ("question", orjson.dumps({"question": question, "answer": answer}))
        for _, question, answer in pairs
    ]
    return pl.DataFrame(
        {
            "row": list(range(len(pairs))),
            "record_id": [str(i) for i in range(len(pairs))],
            "place": [f"f[{i}]" for i in range(len(pairs))],
            "task": ["vqa-open"] * len(pairs),
            "kind": ["question"] * len(pairs),
            "images": [[image] if image else [] for image, _, _ in pairs],
            "image_bytes": [1] * len(pairs),
            "payload_bytes": [1] * len(pairs),
            "digest": turn_digests(payloads, dedup),
        },
        schema_overrides={"images": pl.List(pl.String), "row": pl.UInt32},
    )


def kept(pairs: Pairs, **dedup: Any) -> tuple[list[str], dict[str, str]]:
    left, rejects = drop_duplicates(frame(pairs, Dedup(**dedup)))
    return left["record_id"].to_list(), dict(
        rejects.select("record_id", "kept_record_id").iter_rows()
    )


PAIRS = [
    ("a", "Is it red?", "Yes"),
    ("a", "Is it big?", "yes."),
    ("a", "is it red", "Yes."),
    ("b", "Is it red?", "Yes"),
    ("", "Is it red?", "Yes"),
    ("", "Is it red?", "Yes"),
]


def test_pairs_that_say_the_same_of_one_image_are_one() -> None:
    assert kept(PAIRS) == (["0", "1", "3", "4", "5"], {"2": "0"})


def test_by_target_one_answer_of_an_image_is_kept_as_in_the_paper() -> None:
    assert kept(PAIRS, by="target") == (["0", "3", "4", "5"], {"1": "0", "2": "0"})


def test_exact_matching_sees_every_letter() -> None:
    assert kept(PAIRS, match="exact") == (["0", "1", "2", "3", "4", "5"], {})


def test_23_questions_of_one_image_become_10_10_and_3() -> None:
    pairs = [("a", f"q{i}", "x") for i in range(23)]
    merged = merge_turns(frame(pairs, Dedup()), 10)
    assert [len(rows) for rows in merged["rows"]] == [10, 10, 3]
    assert [row for rows in merged["rows"] for row in rows] == list(range(23))


@given(st.lists(st.sampled_from(["a", "b", ""]), max_size=40), st.integers(1, 6))
def test_merging_loses_and_repeats_nothing(images: list[str], max_turns: int) -> None:
    pairs = [(image, f"q{i}", "x") for i, image in enumerate(images)]
    merged = merge_turns(frame(pairs, Dedup()), max_turns)
    rows = [row for rows in merged["rows"] for row in rows]
    assert sorted(rows) == list(range(len(images)))
    for part, names in zip(merged["rows"], merged["images"], strict=True):
        assert 1 <= len(part) <= (max_turns if len(names) else 1)
        assert list(part) == sorted(part)
        assert {images[row] for row in part} == {names[0] if len(names) else ""}


def test_a_repeated_id_is_dropped_and_says_whose_it_is() -> None:
    records = frame([("a", "q", "x"), ("b", "r", "y")], Dedup())
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
