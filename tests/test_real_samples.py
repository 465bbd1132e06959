"""Real samples of public datasets, built whole: every record is in a shard or in the rejects."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import datakit
from datakit.errors import FormatError, RejectShareError

pytestmark = pytest.mark.real
MIXTURE = Path(__file__).parents[1] / "mixtures" / "real-samples.yaml"
RECORDS = {
    "chartqa-human": 100,
    "chartqa-augmented": 100,
    "docvqa": 12,
    "vqav2": 3,
    "aokvqa": 1,
    "vsr": 1,
    "refcoco": 8,
    "refcocog": 2,
    "llava-charts": 3,
    "sharegpt-text": 200,
    "scienceqa": 80,
    "tabmwp": 100,
    "iconqa-choose-text": 15,
    "iconqa-choose-image": 15,
    "iconqa-fill-blank": 15,
    "geometry3k": 5,
    "mathvision": 40,
    "wikitablequestions": 250,
    "gqa": 1,
    "visual-genome-qa": 8,
    "refcoco-plus": 6,
    "refcocog-test": 8,
    "mantis-instruct": 30,
    "messages": 6,
}


@pytest.fixture(scope="module")
def build(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("real") / "out"
    datakit.build(MIXTURE, out=out, root=real_data, workers=2, overrides=["output.shard_bytes=2MB"])
    return out


def test_every_record_is_in_a_shard_or_in_the_rejects(build: Path) -> None:
    data = datakit.open(build)
    rejected = pl.read_parquet(build / "rejects.parquet")
    for source in data.manifest.sources:
        own = data.index.filter(pl.col("source") == source.name)
        used = [record_id for ids in own["record_ids"] for record_id in ids]
        dropped = rejected.filter(pl.col("source") == source.name)["record_id"].to_list()
        assert len(set(used)) == len(used) == source.used_records
        assert len(used) + len(dropped) == source.records == RECORDS[source.name]
    assert datakit.verify(build) == []


def test_answers_and_images_are_those_of_the_release(build: Path, real_data: Path) -> None:
    folder = real_data / "chartqa" / "ChartQA Dataset" / "test"
    rows = json.loads((folder / "test_human.json").read_text())
    data = datakit.open(build)
    seen = 0
    for sample in data:
        if sample.source != "chartqa-human":
            continue
        answers = [m.content for m in sample.messages if m.role == "assistant"]
        for turn, answer in zip(sample.provenance.turns, answers, strict=True):
            row = rows[int(turn.record_id.rpartition("-")[2])]
            assert answer == row["label"].strip()
            assert sample.image_bytes == ((folder / "png" / row["imgname"]).read_bytes(),)
            seen += 1
    assert seen == 100


def test_one_and_two_workers_give_the_same_bytes(
    build: Path, real_data: Path, tmp_path: Path
) -> None:
    datakit.build(
        MIXTURE,
        out=tmp_path / "one",
        root=real_data,
        workers=1,
        overrides=["output.shard_bytes=2MB"],
    )
    again = (tmp_path / "one" / "manifest.json").read_bytes()
    assert again == (build / "manifest.json").read_bytes()
    assert datakit.verify(tmp_path / "one") == []


@pytest.mark.parametrize("path", ["ai2d", "textvqa"])
def test_a_conversion_in_another_layout_is_named_with_its_keys(
    real_data: Path, tmp_path: Path, path: str
) -> None:
    (file,) = (real_data / path).rglob("*.jsonl")
    mixture = tmp_path / "other.yaml"
    mixture.write_text(
        f"name: other\nroot: '{file.parent}'\n"
        f"sources: [{{dataset: llava-json, path: {file.name}}}]\n"
    )
    with pytest.raises(FormatError, match="no key 'conversations'; keys found"):
        datakit.build(mixture, out=tmp_path / "out", workers=1)


@pytest.mark.parametrize(
    ("source", "counts"),
    [
        # One real question has the right option twice.
        (
            "{dataset: aokvqa, path: aokvqa, split: val}",
            "200 records: 1 choices-ambiguous, 199 image-missing",
        ),
        ("{dataset: vsr, path: vsr, split: dev}", "150 records: 150 image-missing"),
        (
            "{dataset: textvqa, path: textvqa/dam-qa_conversion/textvqa_val_updated.jsonl}",
            "100 records: 100 image-missing",
        ),
        (
            "{dataset: ai2d, path: ai2d/internlm_xcomposer2_conversion/ai2d_test.jsonl}",
            "100 records: 100 image-missing",
        ),
        # An evaluation set, whose answers are judged by a model.
        (
            "{dataset: lrv-instruction, path: lrv_instruction/Evaluation/evaluation_set.json}",
            "1,000 records: 1,000 answer-missing",
        ),
    ],
)
def test_annotations_without_images_or_answers_reject_every_record(
    real_data: Path, tmp_path: Path, source: str, counts: str
) -> None:
    mixture = tmp_path / "absent.yaml"
    mixture.write_text(f"name: absent\nroot: '{real_data}'\nsources: [{source}]\n")
    with pytest.raises(RejectShareError, match=f"of {counts}"):
        datakit.build(mixture, out=tmp_path / "out", workers=1)


def test_absent_images_are_counted_record_by_record(real_data: Path, tmp_path: Path) -> None:
    mixture = tmp_path / "absent.yaml"
    mixture.write_text(
        f"name: absent\nroot: '{real_data}/llava_style/qwen_vl_finetune_demo'\n"
        "sources: [{dataset: llava-json, path: single_images.json}]\n"
    )
    with pytest.raises(RejectShareError, match="100.0% of 3 records: 3 image-missing"):
        datakit.build(mixture, out=tmp_path / "out", workers=1)
    rejects = pl.read_parquet(tmp_path / "out" / "rejects.parquet")
    assert rejects["reason"].to_list() == ["image-missing"] * 3
    assert rejects["place"].to_list() == [f"single_images.json[{i}]" for i in range(3)]
    assert len(datakit.open(tmp_path / "out")) == 0
