"""Mantis: conversations about several images."""

from __future__ import annotations

from datakit.record import Message
from datakit.sources.conversation_rows import ConversationConverter, image_names, read_turns
from datakit.sources.row import Row


class Mantis(ConversationConverter):
    """A JSON list, or JSON lines, of conversations about several images, as Mantis trains on them.

    The path is a file, a glob of files, or a folder with `*.json` or `*.jsonl` files. A raw row:

        {"id": "pair_3", "images": ["train_images/a.jpg", "train_images/b.jpg"],
         "conversation": [{"role": "user", "content": "<image><image>Which is older?"},
                          {"role": "assistant", "content": "Image 2."}], "source": "synthetic"}

    becomes

        Record(record_id="pair_3", place="train.json[0]", task="conversation",
               images=("train_images/a.jpg", "train_images/b.jpg"),
               payload=Conversation(messages=(
                   Message(role="user", content="<image><image>Which is older?"),
                   Message(role="assistant", content="Image 2."))))

    An `<image>` stands for each image, before or after the first question or among its words.
    Where there are none, the images are put before the first question, and counted
    (`placed_placeholders`); turns call the images by number, in this order. Rows with other counts
    are rejected. Ids that recur get `~2`, `~3`, …

    The Hub's form (`TIGER-Lab/Mantis-Instruct`, a configuration a set) has the same columns, with
    the images themselves under `images`.
    """

    def read_row(self, row: Row) -> tuple[list[Message], list[str]]:
        return read_turns(row, "conversation", "role", "content"), image_names(row, "images")
