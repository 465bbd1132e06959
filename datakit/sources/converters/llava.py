"""LLaVA JSON: conversations about images, the format of ShareGPT-4V and its kin."""

from __future__ import annotations

from datakit.record import Message
from datakit.sources.conversation_rows import ConversationConverter, image_names, read_turns
from datakit.sources.row import Row


class Llava(ConversationConverter):
    """A JSON list, or JSON lines, of conversations; text-only ones have no `image`.

    The path is a file, a glob of files, or a folder with `*.json` or `*.jsonl` files. A raw row:

        {"id": "000123", "image": "coco/train2017/000123.jpg",
         "conversations": [{"from": "human", "value": "<image>\\nWhat is this?"},
                           {"from": "gpt", "value": "A red bus."}]}

    becomes

        Record(record_id="000123", place="sharegpt4v.json[0]", task="conversation",
               images=("coco/train2017/000123.jpg",),
               payload=Conversation(messages=(Message(role="user", content="<image>\\nWhat …"),
                                              Message(role="assistant", content="A red bus."))))

    Images may also stand under `images`; rows with video or audio are rejected.
    Ids recur in these files: from the second time on, one gets `~2`, `~3`, …; where there is
    none, the row stands for it.

    Releases count placeholders in two ways: one an image, or one that stands for all of a row's
    images, said once, in every turn or not at all. Each becomes one an image; the rows of the
    second kind are counted (`placed_placeholders`, `spread_placeholders`, `repeated_placeholders`).
    """

    def read_row(self, row: Row) -> tuple[list[Message], list[str]]:
        messages = read_turns(row, "conversations", "from", "value")
        return messages, image_names(row, "image", "images")
