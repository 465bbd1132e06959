"""TextVQA: the answer given most often, the folders of its images, and rows at fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datakit.errors import FormatError
from datakit.record import Question
from tests.releases import read, write_json
from tests.releases.textvqa import write_textvqa

FILE = "TextVQA_0.5.1_val.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_textvqa(tmp_path)


def edit(folder: Path, **changes: Any) -> None:
    """Changes the first row."""
    fields = json.loads((folder / FILE).read_text())
    fields["data"][0] |= changes
    write_json(folder / FILE, fields)


def test_the_answer_given_most_often_is_the_target(folder: Path) -> None:
    records, rejects = read("textvqa", folder, "val")
    assert (len(records), rejects) == (3, [])
    assert (records[2].record_id, records[2].place) == ("34604", f"{FILE}[2]")
    assert records[2].images == ("train_images/003a8ae2ef43b901.jpg",)
    assert records[2].payload == Question(
        question="what does sign 2 say?",
        answer="stop",
        answers=("stop now", "stop 2", "stop"),
    )


@pytest.mark.parametrize(
    ("answers", "answer"),
    [
        (["b", "a", "a", "b", "c"], "b"),
        ([{"answer": "a", "answer_id": 0}, {"answer": "b"}, {"answer": "b"}], "b"),
        ([7, "7 ", ""], "7"),
    ],
)
def test_answers_as_they_are_met(folder: Path, answers: list[Any], answer: str) -> None:
    edit(folder, answers=answers)
    payload = read("textvqa", folder, "val")[0][0].payload
    assert isinstance(payload, Question)
    assert payload.answer == answer


def test_a_bare_list_json_lines_and_the_file_itself(folder: Path) -> None:
    before = read("textvqa", folder, "val")
    rows = json.loads((folder / FILE).read_text())["data"]
    write_json(folder / FILE, rows)
    assert read("textvqa", folder, "val") == before
    (folder / FILE).write_text("\n".join(map(json.dumps, rows)))
    assert read("textvqa", folder / FILE, "val") == before


def test_annotations_and_images_in_folders_of_their_own(folder: Path) -> None:
    for kind, name in (("annotations", FILE), ("images", "train_images")):
        (folder / kind).mkdir()
        (folder / name).rename(folder / kind / name)
    records, _ = read("textvqa", folder, "val")
    assert records[0].images == ("images/train_images/003a8ae2ef43b900.jpg",)
    assert read("textvqa", folder / "annotations" / FILE, "val")[0] == records


def test_ids_as_text_and_image_ids_with_a_suffix(folder: Path) -> None:
    edit(folder, question_id="34602", image_id="003a8ae2ef43b900.jpg")
    record = read("textvqa", folder, "val")[0][0]
    assert record.record_id == "34602"
    assert record.images == ("train_images/003a8ae2ef43b900.jpg",)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"answers": None}, "answer-missing"),
        ({"answers": [""] * 10}, "answer-empty"),
        ({"answers": []}, "answer-empty"),
        ({"answers": "stop"}, "bad-record"),
        ({"answers": [{"text": "stop"}]}, "bad-record"),
        ({"question": " "}, "question-empty"),
        ({"image_id": "../x"}, "image-outside-root"),
        ({"image_id": None}, "bad-record"),
    ],
)
def test_rows_at_fault(folder: Path, changes: dict[str, Any], reason: str) -> None:
    edit(folder, **changes)
    records, (reject,) = read("textvqa", folder, "val")
    assert len(records) == 2
    assert (reject.reason, reject.record_id) == (reason, "34602")


def test_the_test_split_has_no_answers_and_images_of_its_own(folder: Path) -> None:
    rows = json.loads((folder / FILE).read_text())["data"]
    for row in rows[1:]:
        del row["answers"]
    write_json(folder / "TextVQA_0.5.1_test.json", {"data": rows})
    (record,), rejects = read("textvqa", folder, "test")
    assert record.images == ("test_images/003a8ae2ef43b900.jpg",)
    assert [reject.reason for reject in rejects] == ["answer-missing"] * 2


def test_a_file_that_is_not_there(folder: Path) -> None:
    with pytest.raises(FormatError, match="no annotations; expected TextVQA_0.5.1_train.json or a"):
        read("textvqa", folder)


def test_a_conversion_with_other_names_for_image_and_answers(folder: Path) -> None:
    before = read("textvqa", folder, "val")
    rows = json.loads((folder / FILE).read_text())["data"]
    for row in rows:
        row["image"] = f"{row.pop('image_id')}.jpg"
        row["answer"] = [{"answer": text, "answer_id": 0} for text in row.pop("answers")]
    write_json(folder / FILE, rows)
    assert read("textvqa", folder, "val") == before


@pytest.mark.real
def test_a_real_conversion(real_data: Path) -> None:
    (file,) = (real_data / "textvqa").rglob("*.jsonl")
    records, rejects = read("textvqa", file, "val")
    assert (len(records), rejects) == (100, [])
    assert records[0].images == ("train_images/003a8ae2ef43b901.jpg",)
    assert isinstance(records[0].payload, Question)
    assert records[0].payload.answer == "dakota"
