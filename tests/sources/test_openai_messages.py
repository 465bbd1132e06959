"""OpenAI messages: images in the text and among parts, and rows that cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datakit.record import Conversation, Record
from tests.releases import read
from tests.releases.openai_messages import message_row, write_openai_messages

NAME = "openai-messages"


def text(value: str) -> dict[str, str]:
    return {"type": "text", "text": value}


def contents(record: Record) -> list[str]:
    assert isinstance(record.payload, Conversation)
    return [message.content for message in record.payload.messages]


def test_images_in_the_text_among_parts_and_none(tmp_path: Path) -> None:
    records, rejects = read(NAME, write_openai_messages(tmp_path))
    assert rejects == []
    assert [record.images for record in records] == [("photos/0.jpg",), ("photos/1.jpg",), ()]
    assert contents(records[0]) == ["<image>Who is he?", "A referee."]
    assert contents(records[1]) == ["<image>\nWho is he?", "A player."]
    assert contents(records[2]) == ["Say hello.", "Hello."]
    assert records[1].record_id == "train.json-1"


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "photos/1.jpg"}},
        {"type": "image_url", "image_url": "photos/1.jpg"},
        {"type": "input_image", "image_url": "photos/1.jpg"},
        {"type": "image", "image": "photos/1.jpg"},
        {"type": "image", "url": "photos\\1.jpg"},
    ],
)
def test_parts_that_are_images(tmp_path: Path, part: dict[str, Any]) -> None:
    row = message_row([text("Here:"), part, text("What is <image>?")], "A tag.")
    (record,), _ = read(NAME, write_openai_messages(tmp_path, row))
    assert record.images == ("photos/1.jpg",)
    assert contents(record)[0] == "Here:\n<image>\nWhat is < image>?"


def test_parts_without_a_path_take_the_images_of_the_row_in_order(tmp_path: Path) -> None:
    first = [{"type": "image"}, text("?")]
    second = [{"type": "image", "image": "photos/1.jpg"}, {"type": "image"}, text("?")]
    row = message_row(first, "!", second, "!", images=["photos/0.jpg", "photos/2.jpg"])
    (record,), _ = read(NAME, write_openai_messages(tmp_path, row))
    assert record.images == ("photos/0.jpg", "photos/1.jpg", "photos/2.jpg")


def test_a_developers_message_and_one_image_in_every_turn(tmp_path: Path) -> None:
    row = message_row("<image>?", "!", "<image>And?", "!", image="photos/0.jpg")
    row["messages"].insert(0, {"role": "developer", "content": "Be brief."})
    (record,), _ = read(NAME, write_openai_messages(tmp_path, row))
    assert contents(record) == ["Be brief.", "<image>?", "!", "And?", "!"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (message_row("<image><image><image>?", "!", images=["a.jpg"] * 2), "placeholders-mismatch"),
        (message_row([{"type": "image"}, text("?")], "!"), "placeholders-mismatch"),
        (message_row("?", [{"type": "image", "image": "a.jpg"}, text("!")]), "image-not-the-users"),
        (message_row([{"type": "image", "image": "data:image/png;base64,AA"}], "!"),
         "image-not-a-file"),
        (message_row("<image>?", "!", images=["https://example.org/a.jpg"]), "image-not-a-file"),
        (message_row([{"type": "image", "image": 7}], "!"), "bad-record"),
        (message_row([{"type": "video", "video": "a.mp4"}], "!"), "part-unknown"),
        (message_row([{"type": "text"}], "!"), "bad-record"),
        (message_row(["?"], "!"), "part-unknown"),
        (message_row("?", None), "bad-record"),
        (message_row("?"), "turns-out-of-order"),
        (message_row("?", ""), "turn-empty"),
        ({"messages": [{"role": "tool", "content": "3"}]}, "role-unknown"),
        ({"messages": ["?", "!"]}, "bad-record"),
        ({"messages": []}, "conversation-empty"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_used(tmp_path: Path, row: Any, reason: str) -> None:
    records, (reject,) = read(NAME, write_openai_messages(tmp_path, message_row("?", "!"), row))
    assert len(records) == 1
    assert (reject.reason, reject.place) == (reason, "train.json[1]")
