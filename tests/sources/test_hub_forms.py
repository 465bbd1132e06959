"""The Hub's Parquet forms: which tables a path means, rows at fault, and a build over several."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datakit.errors import FormatError, UsageError
from datakit.record import Caption, Choice, Question
from tests.cli.command import datakit
from tests.releases import hub_layout_of, read
from tests.releases.chartqa import write_chartqa_hub
from tests.releases.common import Layout, draw
from tests.releases.docvqa import write_docvqa_hub
from tests.releases.gqa import write_gqa_hub
from tests.releases.iconqa import write_iconqa_hub
from tests.releases.tables import write_tables

BUILT = ("chartqa", "docvqa", "gqa", "llava", "nlvr2", "ocr-vqa", "scienceqa", "textvqa", "vqav2")
DATASETS = {"llava": "sharegpt-4v"}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    draw(tmp_path / "drawn" / "a.png", "a")
    return tmp_path / "drawn" / "a.png"


def reasons(rejects: list[Any]) -> list[str]:
    return [reject.reason for reject in rejects]


def test_one_build_of_many_copies_is_whole(tmp_path: Path) -> None:
    lines = ["name: hub", "instructize: {dedup: {by: pair, match: none}}", "sources:"]
    for name in BUILT:
        layout = hub_layout_of(name)
        assert isinstance(layout, Layout)
        layout.write(tmp_path / name)
        dataset, path = DATASETS.get(name, name), tmp_path / name / layout.path
        source = {"name": name, "dataset": dataset, "path": str(path), "split": layout.split}
        lines.append(f"  - {json.dumps(source)}")
    mixture = tmp_path / "hub.yaml"
    mixture.write_text("\n".join(lines))
    out = tmp_path / "out"
    done = datakit("build", mixture, "--out", out, "--workers", 1)
    assert done.returncode == 0, done.stderr
    checked = datakit("verify", out)
    assert checked.returncode == 0, checked.stderr
    sources = json.loads((out / "manifest.json").read_text())["sources"]
    used = {source["name"]: (source["records"], source["used_records"]) for source in sources}
    counts = (13, 5, 3, 4, 3, 4, 3, 3, 3)
    assert used == {name: (count, count) for name, count in zip(BUILT, counts, strict=True)}


def test_a_copy_on_the_hub_that_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    mixture = tmp_path / "hub.yaml"
    mixture.write_text(
        "name: hub\nsources:\n  - {dataset: docvqa, path: hf://lmms-lab/DocVQA:DocVQA}"
    )
    done = datakit("plan", mixture)
    assert done.returncode == 2
    assert (
        "hf://lmms-lab/DocVQA:DocVQA: it could not be fetched, and there is no copy" in done.stderr
    )


def test_a_table_with_other_columns_is_named_with_them(tmp_path: Path, image: Path) -> None:
    write_tables(tmp_path / "own", "validation", [{"image": image, "caption": "A hill."}] * 2)
    with pytest.raises(FormatError, match=r"00000-of-00002.parquet: row 0: no key 'questionId'; k"):
        read("docvqa", tmp_path / "own", "val")


def test_a_row_without_its_image_is_one_reject(tmp_path: Path, image: Path) -> None:
    row = {"questionId": "7", "question": "What?", "answers": ["That"], "image": image}
    write_tables(tmp_path, "train", [row, {**row, "questionId": "8", "image": None}])
    records, rejects = read("docvqa", tmp_path)
    assert [record.record_id for record in records] == ["7"]
    assert [(r.record_id, r.reason) for r in rejects] == [("8", "image-missing")]
    assert rejects[0].place == "train-00001-of-00002.parquet[0]"


def test_chartqas_subsets_are_told_apart(tmp_path: Path) -> None:
    folder = write_chartqa_hub(tmp_path)
    human, _ = read("chartqa", folder, subset="human")
    augmented, _ = read("chartqa", folder, subset="augmented")
    assert (len(human), len(augmented)) == (9, 4)
    assert {r.images for r in human}.isdisjoint(r.images for r in augmented)


def test_of_several_labels_of_chartqa_the_first_is_the_target(tmp_path: Path, image: Path) -> None:
    rows = [{"image": image, "query": "How many?", "label": ["3", "three"], "human_or_machine": 0}]
    write_tables(tmp_path, "train", rows * 2)
    (first, _), _ = read("chartqa", tmp_path)
    assert first.payload == Question(question="How many?", answer="3", answers=("3", "three"))


@pytest.mark.parametrize("mark", ["", ":", "/"])
def test_gqas_two_tables_are_joined_from_any_path(tmp_path: Path, mark: str) -> None:
    folder = write_gqa_hub(tmp_path)
    path = f"{folder}{mark}train_balanced_instructions" if mark else folder
    records, rejects = read("gqa", Path(path))
    assert rejects == []
    assert [record.record_id for record in records] == ["00", "01", "02"]
    assert records[0].images == records[2].images != records[1].images


def test_gqas_questions_without_their_images(tmp_path: Path) -> None:
    folder = write_gqa_hub(tmp_path)
    images = folder / "train_balanced_images"
    (images / "train-00001-of-00002.parquet").unlink()
    records, rejects = read("gqa", folder)
    assert len(records) == 2
    assert reasons(rejects) == ["image-unknown"]
    (images / "train-00000-of-00002.parquet").unlink()
    with pytest.raises(
        FormatError, match=r"train_balanced_images: no Parquet files of images there"
    ):
        read("gqa", folder)


def test_gqas_answers_as_sentences(tmp_path: Path) -> None:
    records, _ = read("gqa", write_gqa_hub(tmp_path), answer="fullAnswer")
    assert isinstance(records[0].payload, Question)
    assert records[0].payload.answer == "Picture 0 is on the wall."


def test_iconqas_subsets_come_from_one_table(tmp_path: Path) -> None:
    folder = write_iconqa_hub(tmp_path)
    drawn, _ = read("iconqa", folder, subset="choose_img")
    assert [len(record.images) for record in drawn] == [3, 4, 3]
    assert isinstance(drawn[1].payload, Choice)
    assert drawn[1].payload.choices == ("Image 2", "Image 3", "Image 4")
    blank, _ = read("iconqa", folder, subset="fill_in_blank")
    assert {record.task for record in blank} == {"vqa-open"}
    with pytest.raises(UsageError, match="say which by the option `subset`"):
        read("iconqa", folder)


def test_an_option_of_iconqa_with_a_comma_is_not_guessed(tmp_path: Path, image: Path) -> None:
    row = {"question_id": "1", "question": "How many?", "choices": "1,000,2,000", "answer": "1,000"}
    rows = [{**row, "ques_type": "choose_txt", "query_image": image}] * 2
    write_tables(tmp_path, "test", rows, ("query_image",))
    records, rejects = read("iconqa", tmp_path, "test", subset="choose_txt")
    assert records == []
    assert reasons(rejects) == ["answer-not-a-choice"] * 2


def test_okvqas_validation_is_called_by_cocos_year(tmp_path: Path, image: Path) -> None:
    row = {"question_id": "7", "image": image, "question": "What?", "answers": ["a", "b", "b"]}
    write_tables(tmp_path / "data", "val2014", [row, {**row, "question_id": "8"}])
    (first, _), _ = read("vqav2", tmp_path, "val")
    assert first.payload == Question(question="What?", answer="b", answers=("a", "b"))
    with pytest.raises(FormatError, match=r"no Parquet or Arrow file of the split 'train'"):
        read("vqav2", tmp_path, "train")


def test_a_test_split_has_no_answers(tmp_path: Path, image: Path) -> None:
    row = {"question_id": 7, "image": image, "question": "What?"}
    empty = {**row, "answers": None, "multiple_choice_answer": None}
    write_tables(tmp_path, "test", [empty, empty])
    assert reasons(read("vqav2", tmp_path, "test")[1]) == ["answer-missing"] * 2
    assert reasons(read("textvqa", tmp_path, "test")[1]) == ["answer-missing"] * 2


def test_each_caption_of_textcaps_is_a_record(tmp_path: Path, image: Path) -> None:
    row = {"image_id": "00ab", "image": image, "caption_str": ["A sign.", ""], "image_width": 64}
    write_tables(tmp_path, "val", [row, {**row, "image_id": "00cd"}])
    records, rejects = read("captions", tmp_path, "val")
    assert [record.record_id for record in records] == ["00ab-0", "00cd-0"]
    assert records[0].payload == Caption(caption="A sign.", width_px=64)
    assert reasons(rejects) == ["caption-empty"] * 2


def test_a_box_of_refcoco_serves_all_of_its_phrases(tmp_path: Path, image: Path) -> None:
    row = {"image": image, "answer": ["left cup", "the cup"], "bbox": [1.0, 2.0, 3.0, 4.0]}
    write_tables(tmp_path, "val", [row, {**row, "answer": [], "bbox": [0.0, 0.0, 1.0, 1.0]}])
    records, rejects = read("refcoco", tmp_path, "val")
    place = "val-00000-of-00002.parquet[0]"
    assert [record.record_id for record in records] == [f"{place}-0", f"{place}-1"]
    assert reasons(rejects) == ["phrase-empty"]


def test_a_whole_configuration_is_said_where_there_are_several(tmp_path: Path) -> None:
    folder = write_docvqa_hub(tmp_path)
    (folder / "InfographicVQA").mkdir()
    for file in (folder / "DocVQA").iterdir():
        (folder / "InfographicVQA" / file.name.replace("validation", "train")).write_bytes(
            file.read_bytes()
        )
    with pytest.raises(UsageError, match=r"configurations DocVQA, InfographicVQA; name one"):
        read("docvqa", folder, "val")
