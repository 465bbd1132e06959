"""LRV-Instruction: its parts, images of both kinds, and rows at fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datakit.errors import FormatError
from datakit.record import Question
from tests.releases import read, write_json
from tests.releases.lrv_instruction import lrv_row, write_lrv_instruction

NAME = "lrv-instruction"


def test_both_parts_of_the_release(tmp_path: Path) -> None:
    records, rejects = read(NAME, write_lrv_instruction(tmp_path))
    assert rejects == []
    assert [record.record_id for record in records] == [
        "filter_cap1.json-0", "filter_cap1.json-1", "filter_cap_more1.json-0",
    ]  # fmt: skip
    assert records[1].images == ("image/2402.jpg",)
    assert records[0].payload == Question(question="Is there a zebra?", answer="There is none.")


def test_charts_and_images_elsewhere(tmp_path: Path) -> None:
    folder = write_lrv_instruction(tmp_path)
    (chart,), _ = read(NAME, folder / "chart_release_update.json")
    assert chart.images == ("chart_image/two.png",)
    (folder / "image").rename(tmp_path / "photos")
    records, _ = read(NAME, folder, images="../photos")
    assert records[0].images == ("2401.jpg",)


def test_the_wrapped_file_and_ids_as_numbers(tmp_path: Path) -> None:
    folder = write_lrv_instruction(tmp_path)
    for name in ("filter_cap1.json", "filter_cap_more1.json"):
        (folder / name).unlink()
    with pytest.raises(FormatError, match=r"expected filter_cap1.json or filter_cap_more1.json"):
        read(NAME, folder)
    write_json(folder / "filter_cap.json", {"annotations": [lrv_row(2401, answer=" 2 ")]})
    (record,), _ = read(NAME, folder)
    assert record.images == ("image/2401.jpg",)
    assert record.payload == Question(question="Is there a zebra?", answer="2")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"answer": None}, "answer-missing"),
        ({"answer": " "}, "answer-empty"),
        ({"question": ""}, "question-empty"),
        ({"image_id": "../a"}, "image-outside-root"),
        ({"image_id": None}, "bad-record"),
        ({"question": {"text": "?"}}, "bad-record"),
    ],
)
def test_rows_at_fault(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    folder = write_lrv_instruction(tmp_path, lrv_row("2401"), lrv_row("2401") | changes)
    records, (reject,) = read(NAME, folder)
    assert len(records) == 2
    assert (reject.reason, reject.place) == (reason, "filter_cap1.json[1]")


def test_the_evaluation_set_has_no_answers(tmp_path: Path) -> None:
    rows = [{"image_id": "2401", "question": "Is there a zebra?"}] * 3
    file = write_json(tmp_path / "evaluation_set.json", rows)
    records, rejects = read(NAME, file)
    assert records == []
    assert [reject.reason for reject in rejects] == ["answer-missing"] * 3
