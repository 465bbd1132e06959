"""What the readers of LLaVA, LLaMA-Factory and ms-swift ask of their rows, asked of ours."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import datakit
from datakit.inspect import LoadedSample

ROLES = {"human": "user", "gpt": "assistant"}


def json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def texts(sample: LoadedSample, *, system: bool = True) -> list[tuple[str, str]]:
    return [(m.role, m.content) for m in sample.messages if system or m.role != "system"]


def image_bytes(folder: Path, names: list[str]) -> tuple[bytes, ...]:
    return tuple((folder / name).read_bytes() for name in names)


def alternate(roles: list[str], first: str, second: str) -> bool:
    return bool(roles) and roles == [first, second] * (len(roles) // 2)


def test_llava(build: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = datakit.export(build, to="llava", out=out)
    rows = json.loads((out / "train.json").read_text(encoding="utf-8"))
    assert [row["id"] for row in rows] == [sample.id for sample in datakit.open(build)]
    for row, sample in zip(rows, datakit.open(build), strict=True):
        turns = row["conversations"]
        assert alternate([turn["from"] for turn in turns], "human", "gpt")
        image = row.get("image", [])
        names = [image] if isinstance(image, str) else image
        assert isinstance(image, str) == (len(names) == 1)
        assert sum(turn["value"].count("<image>") for turn in turns) == len(names)
        assert image_bytes(out, names) == sample.image_bytes
        assert not any(mark in turn["value"] for turn in turns for mark in ("</s>", "ASSISTANT: "))
        told = [
            (ROLES[turn["from"]], re.sub("(<|ASSISTANT) (?=/s>|: )", r"\1", turn["value"]))
            for turn in turns
        ]
        if sample.messages[0].role == "system":
            assert told[0] == ("user", "Be brief.\n\nSay hello.")
            assert told[1:] == texts(sample)[2:]
        else:
            assert told == texts(sample)
    assert result.adjusted == {
        "system_messages_folded": 1,
        "samples_with_several_images": 1,
        "boxes_left_out": 3,
        "separators_made_harmless": 2,
    }


def test_llamafactory(build: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = datakit.export(build, to="llamafactory", out=out)
    registered = json.loads((out / "dataset_info.json").read_text())["mixed"]
    columns, tags = registered["columns"], registered["tags"]
    assert registered["formatting"] == "sharegpt"
    rows = json_lines(out / registered["file_name"])
    read = []
    for row in rows:
        messages = row[columns["messages"]]
        roles = [message[tags["role_tag"]] for message in messages]
        assert alternate(roles, tags["user_tag"], tags["assistant_tag"])
        contents = [message[tags["content_tag"]] for message in messages]
        images = row[columns["images"]]
        assert sum(content.count("<image>") for content in contents) == len(images)
        turns = tuple(zip(roles, contents, strict=True))
        read.append((row[columns["system"]], turns, image_bytes(out, images)))
    data = datakit.open(build)
    systems = {s.id: next((t for r, t in texts(s) if r == "system"), "") for s in data}
    expected = [(systems[s.id], tuple(texts(s, system=False)), s.image_bytes) for s in data]
    assert sorted(read) == sorted(expected)
    assert result.adjusted == {"boxes_left_out": 3}


def test_swift(build: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = datakit.export(build, to="swift", out=out)
    rows = json_lines(out / "train.jsonl")
    samples = {sample.image_bytes + tuple(texts(sample)): sample for sample in datakit.open(build)}
    read = set()
    for row in rows:
        told = "".join(message["content"] for message in row["messages"])
        assert told.count("<image>") == len(row["images"])
        boxes = iter(row["objects"]["bbox"] if row["objects"] else [])
        restored = [
            (message["role"], restore(message["content"], boxes)) for message in row["messages"]
        ]
        assert list(boxes) == []
        sample = samples[image_bytes(out, row["images"]) + tuple(restored)]
        assert told.count("<bbox>") == len(sample.objects)
        read.add(sample.id)
        if row["objects"]:
            labels = sorted(box.label for box in sample.objects)
            assert sorted(row["objects"]["ref"]) == labels
            assert row["objects"]["image_id"] == [0] * len(labels)
            assert row["objects"]["bbox_type"] == "real"
    assert read == {sample.id for sample in samples.values()}
    assert result.adjusted == {"boxes_left_out": 0, "placeholders_made_harmless": 2}


def restore(text: str, boxes: Any) -> str:
    """A turn as the build has it: boxes in pixels with one decimal, and no space in tags."""
    text = re.sub("<bbox>", lambda _: "[" + ",".join(f"{v:.1f}" for v in next(boxes)) + "]", text)
    return re.sub("< (?=bbox>|img>)", "<", text)


@pytest.mark.filterwarnings("ignore")  # the reader's own warnings
@pytest.mark.parametrize("target", ["llamafactory", "swift"])
def test_datasets_types_every_column_by_the_first_row(
    build: Path, tmp_path: Path, target: str
) -> None:
    """As both programs load their rows: in blocks, of which the first gives the types."""
    datasets = pytest.importorskip("datasets")
    datakit.export(build, to=target, out=tmp_path / "out")
    file = tmp_path / "out" / "train.jsonl"
    rows = datasets.load_dataset(
        "json", data_files=str(file), split="train", chunksize=64, cache_dir=str(tmp_path / "cache")
    )
    assert list(rows) == json_lines(file)
