"""LLaMA-Factory's rows, and the file that registers them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import orjson

from datakit.exporting.json_files import JsonLinesTarget, system_and_turns
from datakit.inspect import LoadedSample

TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}


class LlamaFactory(JsonLinesTarget):
    """`train.jsonl` and `dataset_info.json`; LLaMA-Factory's `dataset_dir` is the folder itself.

        {"messages": [{"role": "user", "content": "<image>\\nHow many bars?"},
                      {"role": "assistant", "content": "3"}],
         "images": ["images/5e/5e88….png"], "system": ""}

    The split `train` is registered under the mixture's name, any other as `<name>_<split>`. Boxes
    are left out but for the text of the turns.
    """

    rules: ClassVar[dict[str, str]] = {
        "boxes_left_out": "LLaMA-Factory has no column for them; what the turns say of them stays",
    }

    def row(self, sample: LoadedSample, images: list[str]) -> dict[str, Any]:
        system, turns = system_and_turns(sample)
        self.counts["boxes_left_out"] += len(sample.objects)
        messages = [{"role": m.role, "content": m.content} for m in turns]
        return {"messages": messages, "images": images, "system": system}

    def describe(self, splits: Sequence[str]) -> dict[str, bytes]:
        name = self.data.manifest.name
        entries = {
            name if split == "train" else f"{name}_{split}": {
                "file_name": f"{split}.jsonl",
                "formatting": "sharegpt",
                "columns": {key: key for key in ("messages", "images", "system")},
                "tags": TAGS,
            }
            for split in splits
        }
        text = orjson.dumps(entries, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        return {"dataset_info.json": text}
