"""Which turns of one image count as the same, and which of them stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from datakit.errors import DataError, UsageError
from datakit.mixture import Dedup
from datakit.planning.dedup import (
    EmbeddedSameness,
    LexicalSameness,
    drop_duplicates,
    drop_same_meaning,
    duplicate_rejects,
    settle,
    with_duplicates,
)
from datakit.planning.record_names import RecordNames
from tests.planning.records import Pairs, record_frame, record_names, write_spool


def kept(pairs: Pairs, **dedup: Any) -> tuple[list[int], dict[int, int]]:
    left, again = drop_duplicates(record_frame(pairs, Dedup(**dedup)))
    return left["row"].to_list(), dict(again.select("row", "kept_row").iter_rows())


PAIRS = [
    ("a", "Is it red?", "Yes"),
    ("a", "Is it big?", "yes."),
    ("a", "is it red", "Yes."),
    ("b", "Is it red?", "Yes"),
    ("", "Is it red?", "Yes"),
    ("", "Is it red?", "Yes"),
]


def test_pairs_that_say_the_same_of_one_image_are_one() -> None:
    assert kept(PAIRS) == ([0, 1, 3, 4, 5], {2: 0})


def test_by_target_one_answer_of_an_image_is_kept_as_in_the_paper() -> None:
    assert kept(PAIRS, by="target") == ([0, 3, 4, 5], {1: 0, 2: 0})


def test_exact_matching_sees_every_letter() -> None:
    assert kept(PAIRS, match="exact") == ([0, 1, 2, 3, 4, 5], {})


REWORDED = [
    ("a", "What color is the cat?", "Black"),
    ("a", "What is the color of the cat?", "black"),
    ("a", "What is the colour of the cat?", "white"),
    ("a", "How many cats are there?", "black"),
    ("b", "What is the color of the cat?", "black"),
    ("", "What color is the cat?", "black"),
]


def kept_by_meaning(folder: Path, pairs: Pairs, **dedup: Any) -> tuple[list[int], dict[int, int]]:
    how = Dedup(match="semantic", **dedup)
    frame, _ = drop_duplicates(record_frame(pairs, how))
    left, again = drop_same_meaning(frame, LexicalSameness({0: write_spool(folder, pairs)}, how))
    return left["row"].to_list(), dict(again.select("row", "kept_row").iter_rows())


def test_other_words_for_the_same_question_and_answer_are_one(tmp_path: Path) -> None:
    assert kept_by_meaning(tmp_path, REWORDED) == ([0, 2, 3, 4, 5], {1: 0})


def test_a_threshold_of_one_keeps_all_but_equal_meanings(tmp_path: Path) -> None:
    pairs = [("a", "Is it red?", "Yes"), ("a", "Is it big?", "yes")]
    assert kept_by_meaning(tmp_path, pairs, threshold=1.0) == ([0, 1], {})


def write_vectors(path: Path, vectors: dict[str, list[float]]) -> Path:
    pl.DataFrame({"record_id": list(vectors), "embedding": list(vectors.values())}).write_parquet(
        path
    )
    return path


def test_embeddings_decide_where_they_are_given(tmp_path: Path) -> None:
    how = Dedup(match="semantic")
    pairs = [("a", question, "yes") for question in ("Is it red?", "Red, is it?", "Is it big?")]
    file = write_vectors(
        tmp_path / "v.parquet", {"0": [1.0, 0.0], "1": [2.0, 0.1], "2": [0.0, 1.0]}
    )
    frame, _ = drop_duplicates(record_frame(pairs, how))
    left, again = drop_same_meaning(
        frame, EmbeddedSameness({0: file}, record_names(tmp_path, pairs), how)
    )
    assert left["row"].to_list() == [0, 2]
    assert again.rows() == [(0, 1, 0, 0)]


def test_a_column_of_fixed_size_arrays_is_read_too(tmp_path: Path) -> None:
    array = pl.Series([[1.0, 0.0], [0.0, 1.0]], dtype=pl.Array(pl.Float64, 2))
    pl.DataFrame({"record_id": ["0", "1"], "embedding": array}).write_parquet(
        tmp_path / "v.parquet"
    )
    EmbeddedSameness({0: tmp_path / "v.parquet"}, RecordNames({}), Dedup(match="semantic"))


def test_a_record_without_an_embedding_is_named(tmp_path: Path) -> None:
    how = Dedup(match="semantic")
    pairs = [("a", "Is it red?", "yes"), ("a", "Is it big?", "yes")]
    file = write_vectors(tmp_path / "v.parquet", {"0": [1.0, 0.0]})
    frame, _ = drop_duplicates(record_frame(pairs, how))
    with pytest.raises(DataError, match="no embedding of record '1'"):
        drop_same_meaning(frame, EmbeddedSameness({0: file}, record_names(tmp_path, pairs), how))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"record_id": ["a"]}, "its columns are record_id"),
        ({"record_id": ["a"], "embedding": ["text"]}, "expected a parquet file"),
        ({"record_id": ["a"], "embedding": [1.0]}, "expected one length|expected a parquet"),
        ({"record_id": ["a"], "embedding": [["b"]]}, "expected a parquet file"),
        ({"record_id": ["a", "a"], "embedding": [[1.0], [1.0]]}, "none twice"),
        ({"record_id": ["a"], "embedding": [[]]}, "expected one length|expected a parquet"),
        ({"record_id": ["a", "b"], "embedding": [[1.0], [1.0, 2.0]]}, "expected one length"),
        ({"record_id": ["a"], "embedding": [[0.0, 0.0]]}, "zero or not finite"),
    ],
)
def test_a_file_that_is_no_table_of_embeddings_is_refused(
    tmp_path: Path, table: dict[str, Any], words: str
) -> None:
    pl.DataFrame(table).write_parquet(tmp_path / "v.parquet")
    with pytest.raises(UsageError, match=words):
        EmbeddedSameness({0: tmp_path / "v.parquet"}, RecordNames({}), Dedup(match="semantic"))


def test_what_was_dropped_twice_over_points_at_what_is_kept(tmp_path: Path) -> None:
    how = Dedup(match="semantic")
    pairs = [
        ("a", "What color is the cat?", "black"),
        ("a", "What is the color of the cat?", "black"),
        ("a", "what is the color of the cat", "Black."),
    ]
    frame, exact = drop_duplicates(record_frame(pairs, how).drop("duplicates"))
    assert exact.rows() == [(0, 2, 0, 1)]
    spool = write_spool(tmp_path, pairs)
    frame, reworded = drop_same_meaning(frame, LexicalSameness({0: spool}, how))
    again = settle(exact, reworded)
    assert again.rows() == [(0, 2, 0, 0), (0, 1, 0, 0)]
    records = RecordNames({0: spool})
    kept = with_duplicates(frame, again, records, ["s"])
    assert kept.select("row", "duplicates").rows() == [(0, ["2", "1"])]
    rejects = duplicate_rejects(again, records)
    assert rejects["kept_record_id"].to_list() == ["0", "0"]
    assert rejects["detail"].to_list() == ["says the same of its image as 0"] * 2
