"""VQAv2 and its kin: two files joined, whatever their order, ids and names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datakit.errors import FormatError
from datakit.record import Question
from datakit.sources import find_converter
from datakit.sources.read import first_items
from tests.releases import read, write_json
from tests.releases.vqav2 import write_vqav2

ANNOTATIONS = "v2_mscoco_train2014_annotations.json"
QUESTIONS = "v2_OpenEnded_mscoco_train2014_questions.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_vqav2(tmp_path)


def edit(file: Path, key: str, change: Any) -> None:
    fields = json.loads(file.read_text())
    fields[key] = change(fields[key])
    file.write_text(json.dumps(fields))


def test_questions_keep_their_order_and_get_their_own_answers(folder: Path) -> None:
    records, rejects = read("vqav2", folder)
    assert rejects == []
    assert [record.record_id for record in records] == ["9000", "9001", "25002"]
    assert records[1].payload == Question(
        question="What is thing 1?", answer="cup", answers=("cup", "mug", "cup 1")
    )
    assert records[2].images == ("train2014/COCO_train2014_000000000025.jpg",)


def test_both_orders_and_both_kinds_of_id_give_the_same(folder: Path) -> None:
    before = read("vqav2", folder)

    def turned(rows: list[Any]) -> list[Any]:
        return [{**row, "question_id": str(row["question_id"])} for row in rows[::-1]]

    edit(folder / ANNOTATIONS, "annotations", turned)
    assert read("vqav2", folder) == before
    edit(folder / QUESTIONS, "questions", lambda rows: [{**r, "image_id": "9"} for r in rows])
    assert len(read("vqav2", folder)[0]) == 3


@pytest.mark.parametrize("prefix", ["", "v2_"])
def test_other_names_of_the_files(folder: Path, prefix: str) -> None:
    before = [record.payload for record in read("vqav2", folder)[0]]
    (folder / QUESTIONS).rename(folder / QUESTIONS.replace("v2_", prefix))
    (folder / ANNOTATIONS).rename(folder / "annotations.json")
    assert [record.payload for record in read("vqav2", folder)[0]] == before


def test_without_a_chosen_answer_the_one_given_most_often(folder: Path) -> None:
    answers = [{"answer": text} for text in ("b", "a", "c", "a", "b", "")]
    edit(
        folder / ANNOTATIONS,
        "annotations",
        lambda rows: [{"question_id": row["question_id"], "answers": answers} for row in rows],
    )
    payload = read("vqav2", folder)[0][0].payload
    assert payload == Question(question="What is thing 0?", answer="b", answers=("b", "a", "c"))


def test_what_has_no_partner_is_rejected_on_its_own_side(folder: Path) -> None:
    edit(folder / QUESTIONS, "questions", lambda rows: rows[1:])
    edit(folder / ANNOTATIONS, "annotations", lambda rows: [rows[2], rows[1], rows[1]])
    records, rejects = read("vqav2", folder)
    assert [record.record_id for record in records] == ["9001"]
    assert [(reject.reason, reject.record_id, reject.place) for reject in rejects] == [
        ("answer-missing", "25002", f"{QUESTIONS}[1]"),
        ("question-missing", "9000", f"{ANNOTATIONS}[0]"),
        ("question-missing", "9001", f"{ANNOTATIONS}[2]"),
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"multiple_choice_answer": None, "answers": None}, "answer-missing"),
        ({"multiple_choice_answer": " ", "answers": []}, "answer-empty"),
        ({"answers": "cup"}, "bad-record"),
        ({"answers": [{"text": "cup"}]}, "bad-record"),
    ],
)
def test_an_annotation_at_fault_rejects_its_question(
    folder: Path, changes: dict[str, Any], reason: str
) -> None:
    edit(folder / ANNOTATIONS, "annotations", lambda rows: [{**rows[0], **changes}, *rows[1:]])
    records, rejects = read("vqav2", folder)
    assert [record.record_id for record in records] == ["9000", "9001"]
    assert [(reject.record_id, reject.reason) for reject in rejects] == [("25002", reason)]
    assert f"{ANNOTATIONS}[0]" in rejects[0].detail


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"question": " "}, "question-empty"), ({"image_id": "a cat"}, "bad-record")],
)
def test_a_question_at_fault(folder: Path, changes: dict[str, Any], reason: str) -> None:
    edit(folder / QUESTIONS, "questions", lambda rows: [*rows[:2], {**rows[2], **changes}])
    records, (reject,) = read("vqav2", folder)
    assert len(records) == 2
    assert (reject.reason, reject.record_id) == (reason, "25002")


def test_the_test_split_has_no_answers(folder: Path) -> None:
    (folder / QUESTIONS).rename(folder / QUESTIONS.replace("train2014", "test2015"))
    records, rejects = read("vqav2", folder, "test")
    assert records == []
    assert [reject.reason for reject in rejects] == ["answer-missing"] * 3


def test_a_file_that_is_not_there_and_one_of_another_layout(folder: Path) -> None:
    (folder / ANNOTATIONS).rename(folder / "other.json")
    with pytest.raises(FormatError, match=r"no annotations; expected v2_mscoco_train2014_annot"):
        read("vqav2", folder)
    write_json(folder / ANNOTATIONS, {"annotations": [{"id": 1, "label": "cup"}] * 3})
    with pytest.raises(FormatError, match=r"no key 'question_id'; keys found: id, label"):
        read("vqav2", folder)


def test_reading_the_first_record_only_leaves_a_whole_digest(folder: Path) -> None:
    kind = find_converter("vqav2")
    converter = kind(folder, "train", kind.Options())
    assert len(list(first_items(converter.records(), 1))) == 1
    assert all(len(digest) == 64 for digest in converter.digests.values())
    assert sorted(converter.digests) == sorted([ANNOTATIONS, QUESTIONS])


@pytest.mark.real
def test_real_questions(real_data: Path) -> None:
    records, rejects = read("vqav2", real_data / "vqav2" / "allennlp_fixture")
    assert (len(records), rejects) == (3, [])
    assert {record.images[0] for record in records} == {"images/COCO_train2014_000000458752.jpg"}
    with pytest.raises(FormatError, match="no annotations; expected .* found OpenEnded_mscoco_tr"):
        read("vqav2", real_data / "okvqa" / "with_images")


def test_conversions_with_the_answers_in_each_row(tmp_path: Path) -> None:
    lxmert = [
        {"sent": "Is it?", "question_id": 1, "img_id": "COCO_val2014_000000000009",
         "label": {"perhaps": 0.3, "yes": 1, "yeah": 0.667}},
        {"sent": "Why?", "question_id": 2, "img_id": "COCO_val2014_000000000009", "label": {}},
        {"sent": "Why?", "question_id": 3, "img_id": "COCO_val2014_000000000009", "label": ["x"]},
    ]  # fmt: skip
    file = write_json(tmp_path / "lxmert_testdev.json", lxmert)
    (record,), rejects = read("vqav2", file, "val")
    assert record.payload == Question(
        question="Is it?", answer="yes", answers=("yes", "yeah", "perhaps")
    )
    assert record.images == ("val2014/COCO_val2014_000000000009.jpg",)
    assert [reject.reason for reject in rejects] == ["answer-empty", "bad-record"]
    rows = [{"question": "Is it?", "question_id": 1, "image": "COCO_val2014_000000000009.jpg",
             "answer": [{"answer": "no"}, {"answer": "yes"}, {"answer": "yes"}]}]  # fmt: skip
    (record,), _ = read("vqav2", write_json(tmp_path / "restval.jsonl", rows), "val")
    assert record.payload == Question(question="Is it?", answer="yes", answers=("no", "yes"))
