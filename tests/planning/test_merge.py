"""Records about one image become the turns of one sample, within a source or across several."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from datakit.io.image_files import ImageFiles
from datakit.io.trees import open_source
from datakit.mixture import Dedup
from datakit.planning.image_content import image_contents, looks
from datakit.planning.merge import merge_turns, same_images
from tests.planning.records import record_frame


def test_23_questions_of_one_image_become_10_10_and_3() -> None:
    pairs = [("a", f"q{i}", "x") for i in range(23)]
    merged = merge_turns(record_frame(pairs, Dedup()), 10)
    assert [len(rows) for rows in merged["rows"]] == [10, 10, 3]
    assert [row for rows in merged["rows"] for row in rows] == list(range(23))


@given(st.lists(st.sampled_from(["a", "b", ""]), max_size=40), st.integers(1, 6))
def test_merging_loses_and_repeats_nothing(images: list[str], max_turns: int) -> None:
    pairs = [(image, f"q{i}", "x") for i, image in enumerate(images)]
    merged = merge_turns(record_frame(pairs, Dedup()), max_turns)
    rows = [row for rows in merged["rows"] for row in rows]
    assert sorted(rows) == list(range(len(images)))
    for part, first in merged.select("rows", "first_row").iter_rows():
        assert 1 <= len(part) <= (max_turns if images[first] else 1)
        assert list(part) == sorted(part)
        assert {images[row] for row in part} == {images[first]}


def test_a_source_without_multi_turn_keeps_its_records_apart() -> None:
    apart = record_frame([("a", "q", "x"), ("a", "r", "y")], Dedup())
    apart = apart.with_columns(merges=pl.lit(False))
    assert merge_turns(apart, 10)["rows"].to_list() == [[0], [1]]


def test_records_of_two_sources_about_one_image_share_a_sample() -> None:
    one = record_frame([("a", "q", "x"), ("b", "r", "y")], Dedup(), source=0)
    two = record_frame([("a", "s", "z")], Dedup(), source=1)
    merged = merge_turns(pl.concat([one, two]), 10)
    assert merged.select("source", "rows", "row_sources").rows() == [
        (0, [0, 0], [0, 1]),
        (0, [1], [0]),
    ]


def test_images_are_the_same_by_their_bytes_wherever_they_lie(tmp_path: Path) -> None:
    contents = {"x/1.jpg": b"same", "y/one.jpg": b"same", "y/2.jpg": b"othr", "x/3.jpg": b"longer"}
    for name, data in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    files = {0: ImageFiles(open_source(tmp_path / "x")), 1: ImageFiles(open_source(tmp_path / "y"))}
    shared = same_images({0: ["1.jpg", "3.jpg"], 1: ["one.jpg", "2.jpg"]}, files)
    assert shared[0, "1.jpg"] == shared[1, "one.jpg"]
    assert len(set(shared.values())) == 3


def test_one_file_that_two_sources_name_is_one_image(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"data")
    (tmp_path / "link").symlink_to(tmp_path)
    files = {0: ImageFiles(open_source(tmp_path)), 1: ImageFiles(open_source(tmp_path / "link"))}
    shared = same_images({0: ["1.jpg"], 1: ["1.jpg"]}, files)
    assert len(set(shared.values())) == 1


def test_an_image_that_vanished_is_like_no_other(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.jpg").write_bytes(b"same")
    files = {n: ImageFiles(open_source(tmp_path / f)) for n, f in enumerate("xy")}
    assert files[1].size("1.jpg") == 4
    (tmp_path / "y" / "1.jpg").unlink()
    names = {0: ["1.jpg"], 1: ["1.jpg"]}
    shared = same_images(names, files)
    assert shared[0, "1.jpg"] != shared[1, "1.jpg"]
    assert set(image_contents(names, files, looks, tmp_path)) == {(0, "1.jpg")}
