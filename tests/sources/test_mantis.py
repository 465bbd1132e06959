"""Mantis: several images a row, with and without their placeholders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datakit.errors import FormatError
from datakit.record import Conversation, Record
from datakit.sources import find_converter
from tests.releases import read
from tests.releases.mantis import mantis_row, write_mantis


def test_several_images_a_row(tmp_path: Path) -> None:
    records, rejects = read("mantis", write_mantis(tmp_path))
    assert rejects == []
    assert [len(record.images) for record in records] == [2, 3, 0]
    assert records[1].record_id == "three"
    assert records[0].images == ("train_images/0.jpg", "train_images/1.jpg")
    assert isinstance(records[0].payload, Conversation)
    assert [message.content for message in records[0].payload.messages] == [
        "<image><image>Which is older?",
        "Image 2.",
        "And brighter?",
        "Image 1.",
    ]


def test_images_that_no_turn_mentions_come_first_and_are_counted(tmp_path: Path) -> None:
    folder = write_mantis(tmp_path, mantis_row("Which is older?", "Image 2."))
    kind = find_converter("mantis")
    converter = kind(folder, "train", kind.Options())
    (record,) = converter.records()
    assert isinstance(record, Record) and isinstance(record.payload, Conversation)
    assert record.payload.messages[0].content == "<image>\n<image>\nWhich is older?"
    assert converter.mended == {"placed_placeholders": 1}


def test_ids_that_recur_folders_and_paths_of_windows(tmp_path: Path) -> None:
    row = mantis_row("<image>?", "!", images=1)
    other = row | {"images": ["train_images\\1.jpg"]}
    folder = write_mantis(tmp_path, row, other, {**other, "id": 7}, {**other, "id": None})
    records, _ = read("mantis", folder)
    assert [record.record_id for record in records] == ["row", "row~2", "7", "train.json-3"]
    assert records[1].images == ("train_images/1.jpg",)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (mantis_row("<image><image><image>?", "!"), "placeholders-mismatch"),
        (mantis_row("<image><image>?"), "turns-out-of-order"),
        (mantis_row("<image><image>?", " "), "turn-empty"),
        (mantis_row(), "conversation-empty"),
        (mantis_row("?", "!", images=0, conversation=None), "bad-record"),
        (mantis_row("?", "!", images=0, videos=["a.mp4"]), "media-unsupported"),
        (mantis_row("<image>?", "!") | {"images": ["/a.jpg"]}, "image-outside-root"),
        (mantis_row("<image>?", "!") | {"images": [None]}, "bad-record"),
    ],
)
def test_rows_that_cannot_be_used(tmp_path: Path, row: Any, reason: str) -> None:
    good = mantis_row("<image><image>?", "!")
    records, (reject,) = read("mantis", write_mantis(tmp_path, good, row))
    assert len(records) == 1
    assert (reject.reason, reject.place) == (reason, "train.json[1]")


def test_llava_json_is_another_layout(tmp_path: Path) -> None:
    folder = write_mantis(tmp_path, {"id": "1", "conversations": []})
    with pytest.raises(FormatError, match="no key 'conversation'; keys found: id, conversations"):
        read("mantis", folder)
