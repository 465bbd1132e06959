"""AI2D: a record for each question, the test list, and letters that an image must show."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from datakit.errors import FormatError
from datakit.record import Choice
from tests.releases import read, write_json
from tests.releases.ai2d import write_ai2d

QUESTION = "Which of these is the producer in 9?"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_ai2d(tmp_path)


def edit(folder: Path, question: str = QUESTION, **changes: Any) -> None:
    """Changes the first question about image 9."""
    file = folder / "questions" / "9.png.json"
    row = json.loads(file.read_text())
    (_, first), *others = row["questions"].items()
    write_json(file, row | {"questions": {question: first | changes, **dict(others)}})


def ids(folder: Path, split: str = "train") -> list[str]:
    return [record.record_id for record in read("ai2d", folder, split)[0]]


def test_each_question_is_a_record(folder: Path) -> None:
    records, rejects = read("ai2d", folder)
    assert rejects == []
    assert ids(folder) == ["9.png-0", "9.png-1", "104.png-0", "104.png-1"]
    assert records[0].place == "questions/9.png.json[0]"
    assert records[0].images == ("images/9.png",)
    assert records[0].payload == Choice(
        question=QUESTION, choices=("rabbit", "grass", "deer", "vole"), answer_index=1
    )


def test_the_list_of_test_images(folder: Path) -> None:
    assert ids(folder, "test") == ["21.png-0", "21.png-1"]
    (folder / "ai2d_test_ids.csv").write_bytes(b'\xef\xbb\xbf"9.png"\r\n 104 \r\n\r\n')
    assert ids(folder) == ["21.png-0", "21.png-1"]
    assert len(ids(folder, "test")) == 4


def test_questions_about_letters_need_images_with_letters(folder: Path) -> None:
    assert read("ai2d", folder)[0][1].images == ("abc_images/9.png",)
    shutil.rmtree(folder / "abc_images")
    records, rejects = read("ai2d", folder)
    assert [record.record_id for record in records] == ["9.png-0", "104.png-0"]
    assert [(reject.reason, reject.record_id) for reject in rejects] == [
        ("letters-not-shown", "9.png-1"),
        ("letters-not-shown", "104.png-1"),
    ]


def test_the_folder_above(folder: Path) -> None:
    records, rejects = read("ai2d", folder.parent)
    assert (records[0].images, rejects) == (("ai2d/images/9.png",), [])
    (folder / "ai2d_test_ids.csv").rename(folder.parent / "ai2d_test_ids.csv")
    assert read("ai2d", folder.parent)[0] == records
    with pytest.raises(FormatError, match="no list of test images; expected ai2d_test_ids.csv"):
        read("ai2d", folder)


def test_fields_as_they_are_met(folder: Path) -> None:
    edit(folder, correctAnswer="2", answerTexts=["1 ", 2, 3.5], abcLabel="False", questionId=7)
    record = read("ai2d", folder)[0][0]
    assert record.record_id == "7"
    assert record.images == ("images/9.png",)
    assert isinstance(record.payload, Choice)
    assert (record.payload.choices, record.payload.answer_index) == (("1", "2", "3.5"), 2)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"correctAnswer": None}, "answer-missing"),
        ({"correctAnswer": 4}, "answer-index-invalid"),
        ({"correctAnswer": -1}, "answer-index-invalid"),
        ({"answerTexts": ["rabbit", ""]}, "choices-invalid"),
        ({"answerTexts": None}, "bad-record"),
        ({"question": "  "}, "question-empty"),
    ],
)
def test_questions_at_fault(folder: Path, changes: dict[str, Any], reason: str) -> None:
    edit(folder, **changes)
    records, (reject,) = read("ai2d", folder)
    assert len(records) == 3
    assert (reject.reason, reject.record_id) == (reason, "9.png-0")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"imageName": "9.png", "questions": {', "bad-json"),
        ('{"imageName": "", "questions": {}}', "image-missing"),
        ('{"imageName": "9.png", "questions": []}', "bad-record"),
        ('{"imageName": "9.png"}', "bad-record"),
    ],
)
def test_files_at_fault(folder: Path, content: str, reason: str) -> None:
    (folder / "questions" / "9.png.json").write_text(content)
    records, (reject,) = read("ai2d", folder)
    assert len(records) == 2
    assert (reject.reason, reject.place) == (reason, "questions/9.png.json[0]")


def test_an_image_without_questions_and_one_that_leads_out(folder: Path) -> None:
    file = folder / "questions" / "9.png.json"
    write_json(file, {"imageName": "9.png", "questions": {}})
    assert (len(read("ai2d", folder)[0]), read("ai2d", folder)[1]) == (2, [])
    row = json.loads((folder / "questions" / "104.png.json").read_text())
    write_json(file, row | {"imageName": "../9.png"})
    assert {reject.reason for reject in read("ai2d", folder)[1]} == {"image-outside-root"}


def test_another_layout_is_named_with_its_keys(folder: Path) -> None:
    for file in (folder / "questions").iterdir():
        write_json(file, {"image": "9.png", "question": "?"})
    with pytest.raises(FormatError, match="no key 'imageName'; keys found: image, question"):
        read("ai2d", folder)


PROMPT = "user\nQuestion: Who eats {}?\nContext: N/A\nOptions: {}[UNUSED_TOKEN_145]\nThe answer is"


@pytest.mark.parametrize(
    ("options", "answer", "reason"),
    [
        ("A. the hawk B. the mole", "C", "answer-letter-invalid"),
        ("A. the hawk C. the mole", "A", "choices-invalid"),
        ("the hawk, the mole", "A", "choices-invalid"),
        ("A. the hawk B. ", "A", "choices-invalid"),
        ("A. the hawk B. the mole", None, "answer-missing"),
    ],
)
def test_a_conversion_with_the_options_in_its_prompt(
    tmp_path: Path, options: str, answer: str | None, reason: str
) -> None:
    good = PROMPT.format("mice", "A. the hawk B. Mr. U. S. Mole")
    rows = [
        {"text": good, "image": "images/9.png", "answer": "B"},
        {"text": PROMPT.format("worms", options), "image": "images/9.png", "answer": answer},
    ]
    file = tmp_path / "ai2d_test.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    (record,), (reject,) = read("ai2d", file, "test")
    assert (record.record_id, record.images) == ("ai2d_test.jsonl-0", ("images/9.png",))
    assert record.payload == Choice(
        question="Who eats mice?", choices=("the hawk", "Mr. U. S. Mole"), answer_index=1
    )
    assert reject.reason == reason


@pytest.mark.real
def test_a_real_conversion(real_data: Path) -> None:
    (file,) = (real_data / "ai2d").rglob("*.jsonl")
    records, rejects = read("ai2d", file, "test")
    assert (len(records), rejects) == (100, [])
    assert {len(r.payload.choices) for r in records if isinstance(r.payload, Choice)} == {4}
