"""SynthDoG: pages of a split, forms of the ground truth, and pages at fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datakit.errors import FormatError
from datakit.record import Transcription
from tests.releases import read
from tests.releases.synthdog import page_row, write_synthdog


def test_pages_of_a_split_its_folder_and_its_file(tmp_path: Path) -> None:
    folder = write_synthdog(tmp_path)
    records, rejects = read("synthdog", folder)
    assert rejects == []
    assert [record.record_id for record in records] == [f"image_{n}.jpg" for n in range(3)]
    assert records[2].payload == Transcription(text="a mill")
    assert records[2].images == ("train/image_2.jpg",)
    inside = read("synthdog", folder / "train")[0]
    assert inside == read("synthdog", folder / "train" / "metadata.jsonl")[0]
    assert [record.images for record in inside] == [(f"image_{n}.jpg",) for n in range(3)]
    assert len(read("synthdog", folder, "validation")[0]) == 1
    with pytest.raises(FormatError, match=r"no pages; expected test/metadata.jsonl"):
        read("synthdog", folder, "test")


def test_a_ground_truth_that_is_an_object_and_paths_of_windows(tmp_path: Path) -> None:
    row = {"file_name": "a\\b.jpg", "ground_truth": {"gt_parse": {"text_sequence": " 1984 "}}}
    (record,), _ = read("synthdog", write_synthdog(tmp_path, row))
    assert record.images == ("train/a/b.jpg",)
    assert record.payload == Transcription(text="1984")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (page_row(1, " "), "text-empty"),
        (page_row(1, "a") | {"ground_truth": '{"gt_parse": {"text'}, "bad-json"),
        (page_row(1, "a") | {"ground_truth": '{"gt_parse": {"menu": []}}'}, "bad-record"),
        (page_row(1, "a") | {"ground_truth": "[]"}, "bad-record"),
        (page_row(1, "a") | {"ground_truth": None}, "bad-record"),
        (page_row(1, "a") | {"file_name": "../a.jpg"}, "image-outside-root"),
        (page_row(1, "a") | {"file_name": ""}, "bad-record"),
    ],
)
def test_pages_at_fault(tmp_path: Path, row: Any, reason: str) -> None:
    records, (reject,) = read("synthdog", write_synthdog(tmp_path, page_row(0, "a"), row))
    assert len(records) == 1
    assert (reject.reason, reject.place) == (reason, "train/metadata.jsonl[1]")


def test_another_dataset_in_donuts_layout_is_refused(tmp_path: Path) -> None:
    receipt = page_row(0, "") | {"ground_truth": '{"gt_parse": {"menu": [], "total": 3}}'}
    with pytest.raises(FormatError, match="without 'text_sequence'; found menu, total"):
        read("synthdog", write_synthdog(tmp_path, receipt))
