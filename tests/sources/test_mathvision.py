"""MATH-Vision: names of pictures, options in words and in the picture, and problems at fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datakit.errors import FormatError
from datakit.record import Choice, Question
from tests.releases import read
from tests.releases.mathvision import math_rows, write_mathvision


def test_free_answers_options_and_letters_of_the_picture(tmp_path: Path) -> None:
    folder = write_mathvision(tmp_path)
    records, rejects = read("mathvision", folder, "testmini")
    assert rejects == []
    assert [record.images for record in records] == [(f"images/{n}.jpg",) for n in (4, 5, 6)]
    assert [record.task for record in records] == ["math"] * 3
    assert [record.payload for record in records] == [
        Question(question="How many shapes are there?", answer="6"),
        Choice(
            question="<image1>\nWhich word follows?\n<image2>",
            choices=("KNAO", "KNGO", "KNR", "AGRO", "KAO"),
            answer_index=3,
            rationale="Fold the strip.",
        ),
        Question(question="Which piece is missing?", answer="C"),
    ]


def test_the_folder_above_and_the_file(tmp_path: Path) -> None:
    folder = write_mathvision(tmp_path)
    inside, _ = read("mathvision", folder, "testmini")
    assert read("mathvision", tmp_path, "testmini")[0] == inside
    assert read("mathvision", folder / "data" / "testmini.jsonl", "testmini")[0] == inside
    with pytest.raises(FormatError, match="no rows; expected test.jsonl or data/test.jsonl"):
        read("mathvision", folder, "test")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"options": ["1", "2"], "answer": "C"}, "answer-letter-invalid"),
        ({"options": ["1", "2"], "answer": "2"}, "answer-letter-invalid"),
        ({"options": ["1", ""], "answer": "A"}, "choices-invalid"),
        ({"options": "1, 2"}, "bad-record"),
        ({"answer": None}, "answer-missing"),
        ({"answer": " "}, "answer-empty"),
        ({"question": "<image1>"}, "question-empty"),
        ({"image": "../4.jpg"}, "image-outside-root"),
        ({"image": ""}, "image-missing"),
    ],
)
def test_problems_at_fault(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    free, worded, lettered = math_rows()
    folder = write_mathvision(tmp_path, [free, free | changes, worded, lettered])
    records, (reject,) = read("mathvision", folder, "testmini")
    assert len(records) == 3
    assert (reject.reason, reject.record_id) == (reason, "5")


def test_ids_as_numbers_paths_of_windows_and_a_broken_line(tmp_path: Path) -> None:
    folder = write_mathvision(tmp_path, [math_rows()[0] | {"id": 9, "image": "images\\4.jpg"}])
    file = folder / "data" / "testmini.jsonl"
    file.write_text("\ufeff" + file.read_text() + '\n{"id": "10", "quest')
    (record,), (reject,) = read("mathvision", folder, "testmini")
    assert (record.record_id, record.images) == ("9", ("images/4.jpg",))
    assert reject.reason == "bad-line"
