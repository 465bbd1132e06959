"""What Qwen2-VL's chat form says of one sample: its messages, images, boxes and trained answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

MESSAGE = re.compile(r"<\|im_start\|>(\w+)\n(.*?)<\|im_end\|>", re.DOTALL)
IMAGE = re.compile(r"<\|vision_start\|>(?:<\|image_pad\|>)+<\|vision_end\|>")
BOX = re.compile(r"<\|box_start\|>\((\d+),(\d+)\),\((\d+),(\d+)\)<\|box_end\|>")
IGNORED = -100


def read_back(
    tokenizer: Any, input_ids: Sequence[int], labels: Sequence[int], images: Sequence[str]
) -> dict[str, Any]:
    """The sample that a trainer would learn from, in the words of a build.

    Args:
        labels: -100 where nothing is learnt.
        images: the paths of the images, named by their SHA-256.
    """
    text = tokenizer.decode(input_ids)
    trained = tokenizer.decode([token for token in labels if token != IGNORED])
    answers = BOX.sub("[box]", trained).split("<|im_end|>")[:-1]
    return {
        "messages": [
            {"role": role, "content": BOX.sub("[box]", IMAGE.sub("<image>", content))}
            for role, content in MESSAGE.findall(text)
        ],
        "trained": [answer.strip("\n") for answer in answers],
        "boxes": [list(map(int, box)) for box in BOX.findall(text)],
        "images": [path.rpartition("/")[2].partition(".")[0] for path in images],
    }
