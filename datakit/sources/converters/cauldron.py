"""The Cauldron, FineVision and their kin: Parquet of images with the turns about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from datakit.errors import FormatError
from datakit.record import Conversation, Message, Record, Reject
from datakit.sources.conversation_rows import check_turns, place_images
from datakit.sources.converter import Converter
from datakit.sources.row import BadRow, Row, inner_path, plain_text


class Cauldron(Converter):
    """The Hub's Parquet files, a configuration a dataset, with the columns `images` and `texts`.

    The path is `hf://HuggingFaceM4/the_cauldron:ai2d`, a folder of a local copy (`…/ai2d`), or the
    files. A raw row of `ai2d/train-00000-of-00002.parquet`:

        images: [{bytes, path}], texts: [{"user": "Question: What is B? …", "assistant":
        "Answer: B", "source": "AI2D"}, …]

    becomes

        Record(record_id="ai2d/train-00000-of-00002.parquet[0]", task="conversation",
               place="ai2d/train-00000-of-00002.parquet[0]",
               images=("ai2d/train-00000-of-00002.parquet!images/0/0",),
               payload=Conversation(messages=(Message(role="user", content="<image>\\nQuestion: …"),
                                              Message(role="assistant", content="Answer: B"), …)))

    Images stand before the first question. FineVision's ratings are not used.
    """

    splits = ("train", "val", "test")

    def records(self) -> Iterator[Record | Reject]:
        raise FormatError(f"{self.path}: no Parquet or Arrow files there.")

    def table_record(self, row: Row) -> Record:
        row.record_id = row.place
        texts, images = row.get("texts"), row.get("images") or []
        if not isinstance(texts, list) or not isinstance(images, list):
            raise BadRow("bad-record", "images and texts are not lists")
        if None in images:
            raise BadRow("image-missing", "one of the images is null")
        messages = [message for turn in texts for message in _turn(turn)]
        check_turns(messages)
        placed, mended = place_images(messages, len(images))
        if mended and mended != "placed_placeholders":
            self.mended[mended] += 1
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="conversation",
            images=tuple(inner_path(name) for name in images),
            payload=Conversation(messages=placed),
        )


def _turn(turn: Any) -> list[Message]:
    if not isinstance(turn, dict) or not {"user", "assistant"} <= set(turn):
        raise BadRow("bad-record", "a turn without 'user' and 'assistant'")
    return [
        Message(role="user", content=plain_text(turn["user"], "user")),
        Message(role="assistant", content=plain_text(turn["assistant"], "assistant")),
    ]
