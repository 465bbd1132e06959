"""Visual7W, pointing: options that are boxes, and what is wrong with some."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import datakit
from datakit.errors import FormatError
from datakit.record import Choice
from tests.releases import read, write_json
from tests.releases.visual7w import write_visual7w
from tests.releases.visual7w_pointing import pointing_pair, write_visual7w_pointing

NAME = "visual7w-pointing"
FILE = "dataset_v7w_pointing.json"


def test_the_options_are_boxes_and_the_right_one_is_the_answers(tmp_path: Path) -> None:
    folder = write_visual7w_pointing(tmp_path)
    records, rejects = read(NAME, folder)
    assert rejects == []
    assert [record.record_id for record in records] == ["5", "6"]
    assert records[0].images == ("images/v7w_0.jpg",)
    for record in records:
        assert isinstance(record.payload, Choice)
        assert record.payload.boxes_px[record.payload.answer_index] == (0.0, 2.0, 10.0, 12.0)
        assert record.payload.choices[record.payload.answer_index] == "[0, 2, 10, 12]"
        assert len(set(record.payload.boxes_px)) == 4
    assert len(read(NAME, folder, "val")[0]) == 1
    assert read(NAME, folder / FILE)[0] == records


def test_boxes_after_the_questions_and_ids_as_text(tmp_path: Path) -> None:
    pair = pointing_pair(5, answer="1", multiple_choices=["2", 3, "4"])
    folder = write_visual7w_pointing(tmp_path, pair)
    expected, _ = read(NAME, folder)
    whole = json.loads((folder / FILE).read_text())
    write_json(folder / FILE, {"images": whole["images"], "boxes": whole["boxes"]})
    assert read(NAME, folder)[0] == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"answer": 9}, "box-unknown"),
        ({"multiple_choices": [2, 9]}, "box-unknown"),
        ({"answer": "Wood."}, "box-unknown"),
        ({"answer": None}, "answer-missing"),
        ({"multiple_choices": []}, "choices-invalid"),
        ({"question": " "}, "question-empty"),
    ],
)
def test_questions_at_fault(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    folder = write_visual7w_pointing(tmp_path, pointing_pair(5), pointing_pair(6, **changes))
    records, (reject,) = read(NAME, folder)
    assert [record.record_id for record in records] == ["5"]
    assert (reject.reason, reject.record_id) == (reason, "6")


def test_a_box_without_area_takes_the_questions_about_it_with_it(tmp_path: Path) -> None:
    folder = write_visual7w_pointing(tmp_path)
    whole = json.loads((folder / FILE).read_text())
    whole["boxes"][3]["width"] = 0
    write_json(folder / FILE, whole)
    records, rejects = read(NAME, folder)
    assert records == []
    assert [(reject.record_id, reject.reason) for reject in rejects] == [
        ("5", "box-invalid"), ("6", "box-invalid"),
    ]  # fmt: skip
    assert rejects[0].detail.startswith("box 4: [2, 30, 0, 8] has no area")


def test_the_telling_task_is_another_layout(tmp_path: Path) -> None:
    folder = write_visual7w(tmp_path)
    with pytest.raises(FormatError, match="no key 'box_id'; keys found: dataset, images"):
        read(NAME, folder / "dataset_v7w_telling.json")


@pytest.mark.parametrize(
    ("scale", "right"), [("unit", "[0.000,0.042,0.156,0.250]"), ("0-1000", "[0,42,156,250]")]
)
def test_boxes_are_written_as_the_mixture_wants_and_drawn(
    tmp_path: Path, scale: str, right: str
) -> None:
    write_visual7w_pointing(tmp_path, pointing_pair(5))
    mixture = tmp_path / "mixture.yaml"
    mixture.write_text(
        f"name: pointing\nroot: '{tmp_path}'\n"
        f"instructize: {{diversity: single, boxes: {{scale: {scale}}}}}\n"
        "sources: [{dataset: visual7w-pointing, path: visual7w}]\n"
    )
    datakit.build(mixture, out=tmp_path / "out", workers=1)
    (sample,) = datakit.open(tmp_path / "out")
    question, answer = (message.content for message in sample.messages)
    letters = {line[0]: line[3:] for line in question.splitlines() if line[1:3] == ". "}
    assert len(letters) == 4
    assert letters[answer] == right
    assert {thing.label: thing.bbox_px for thing in sample.objects}[answer] == (
        0.0,
        2.0,
        10.0,
        12.0,
    )
