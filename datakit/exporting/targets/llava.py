"""LLaVA's list of conversations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

import orjson

from datakit.exporting.json_files import JsonTarget, system_and_turns
from datakit.inspect import LoadedSample

SPEAKERS = {"user": "human", "assistant": "gpt"}
SEPARATOR = re.compile(r"<(?=/?s>)| ASSISTANT(?=: )")


class Llava(JsonTarget):
    """`train.json`, for LLaVA's `--data_path`; its `--image_folder` is the folder itself.

        {"id": "chartqa-0f3c9a1be2d47a55", "image": "images/5e/5e88….png",
         "conversations": [{"from": "human", "value": "<image>\\nHow many bars?"},
                           {"from": "gpt", "value": "3"}]}

    Text alone has no `image`. A system message is folded into the first human turn, since LLaVA's
    reader fails at a speaker other than these two. Of several images `image` is a list, which
    LLaVA-NeXT reads and LLaVA-1.5 does not. Boxes are left out but for the text of the turns. What
    LLaVA would split a conversation at gets a space in raw text: else it learns nothing from the
    sample, with no more than a line in its log (`preprocess_v1`).
    """

    rules: ClassVar[dict[str, str]] = {
        "system_messages_folded": "each now leads the first human turn: LLaVA has no system turn",
        "samples_with_several_images": "`image` is a list, which LLaVA-1.5 does not read",
        "boxes_left_out": "LLaVA has no field for them; what the turns say of them stays",
        "separators_made_harmless": "`</s>`, `<s>` or ` ASSISTANT: ` in raw text got a space",
    }

    def write(self, split: str, samples: Iterable[LoadedSample]) -> None:
        with (self.folder / f"{split}.json").open("wb") as file:
            lead = b"[\n"
            for sample in samples:
                file.write(lead + orjson.dumps(self.convert(sample)))
                lead = b",\n"
            file.write(b"\n]\n")

    def row(self, sample: LoadedSample, images: list[str]) -> dict[str, Any]:
        system, turns = system_and_turns(sample)
        conversations = [
            {"from": SPEAKERS[m.role], "value": self._harmless(m.content)} for m in turns
        ]
        if system:
            conversations[0]["value"] = f"{self._harmless(system)}\n\n{conversations[0]['value']}"
        self.counts["system_messages_folded"] += bool(system)
        self.counts["samples_with_several_images"] += len(images) > 1
        self.counts["boxes_left_out"] += len(sample.objects)
        image = {"image": images[0] if len(images) == 1 else images} if images else {}
        return {"id": sample.id, **image, "conversations": conversations}

    def _harmless(self, text: str) -> str:
        text, count = SEPARATOR.subn(r"\g<0> ", text)
        self.counts["separators_made_harmless"] += count
        return text
