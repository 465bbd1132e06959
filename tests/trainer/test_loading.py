"""Whole runs whose data cannot be read, are streamed, or have names."""

from __future__ import annotations

import gc
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import datakit
import trainer
from tests.trainer.conftest import SMALL
from trainer.errors import TrainingError

SHORT = [*SMALL, "stages.project.steps=1", "stages.tune.steps=8"]


@pytest.fixture(scope="module")
def harmed(build_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build with eight images whose pixels are gone, though their headers are whole."""
    build = tmp_path_factory.mktemp("harmed") / "build"
    shutil.copytree(build_path, build)
    (shard,) = (build / "shards").glob("*.tar")
    content = shard.read_bytes()
    for sample in list(datakit.open(build_path))[:10]:
        for image in sample.image_bytes:
            pixels = image.index(b"IDAT")
            broken = image[:pixels] + b"IDAT" + bytes(len(image) - pixels - 4)
            content = content.replace(image, broken)
    shard.write_bytes(content)
    return build


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_samples_that_cannot_be_read_are_replaced_and_noted(harmed: Path, tmp_path: Path) -> None:
    named = {"pairs": harmed, "sft": harmed}
    names = ["stages.project.data=pairs", "stages.tune.data=sft", "max_faulty_share=0.9"]
    trainer.fit("tiny", data=named, out=tmp_path / "run", overrides=[*SHORT, *names])
    faulty = lines_of(tmp_path / "run" / "tune" / "faulty.jsonl")
    replaced = {line["key"]: line["replaced_by"] for line in faulty}
    assert 5 <= len(replaced) <= 10
    assert not set(replaced) & set(replaced.values()) - {None}
    assert all("an image cannot be decoded" in line["error"] for line in faulty)
    metrics = lines_of(tmp_path / "run" / "tune" / "metrics.jsonl")
    assert [step["samples"] for step in metrics] == [8] * 8


def test_too_many_of_them_end_the_run(harmed: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"could not be read, and 0 may .*datakit verify"):
        trainer.fit(
            "tiny", data=harmed, out=tmp_path / "run", overrides=[*SHORT, "max_faulty_share=0"]
        )
    assert lines_of(tmp_path / "run" / "project" / "faulty.jsonl")


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # webdataset closes none
def test_shards_can_be_streamed(build_path: Path, tmp_path: Path) -> None:
    settings = ["stages.tune.streaming=true", "max_tokens=150"]
    trainer.fit("tiny", data=build_path, out=tmp_path / "run", overrides=[*SHORT, *settings])
    metrics = lines_of(tmp_path / "run" / "tune" / "metrics.jsonl")
    assert [step["samples"] for step in metrics] == [8] * 8
    assert metrics[-1]["loss"] < metrics[0]["loss"]
    dropped = lines_of(tmp_path / "run" / "tune" / "dropped.jsonl")
    assert {(line["reason"], line["views"]) for line in dropped} == {("over-long", 2)}
    gc.collect()
