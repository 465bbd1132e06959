"""What a model says to a few conversations; knows transformers only.

Run as a program it loads standalone folders, where neither `trainer` nor `datakit` can be imported:
`python -I answers.py RESULTS FOLDER...`.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from PIL import Image
from torch import Tensor

HIDDEN = ("datakit", "trainer")
RED = Image.new("RGB", (90, 40), "red")
BLUE = Image.new("RGB", (40, 40), "blue")


def user(*parts: Image.Image | str) -> list[dict[str, Any]]:
    """A conversation of one turn, of images and texts."""
    content = [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {"type": "image", "image": part}
        for part in parts
    ]
    return [{"role": "user", "content": content}]


CONVERSATIONS = [user(RED, "\nWhat?"), user("And this one?"), user(BLUE, " or ", RED)]


def encoded(processor: Any, conversations: list[list[dict[str, Any]]]) -> Any:
    """A batch of prompts, padded on the left."""
    return processor.apply_chat_template(
        conversations,
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
        processor_kwargs={"padding": True},
    )


def answers(model: Any, processor: Any) -> dict[str, Tensor]:
    """Logits, and what is generated in several ways: rows of new tokens."""
    batch = encoded(processor, CONVERSATIONS)
    with torch.no_grad():
        logits = model(**batch).logits
    alone = [generated(model, encoded(processor, [one])) for one in CONVERSATIONS]
    return {
        "logits": logits,
        "batch": generated(model, batch),
        "no cache": generated(model, batch, use_cache=False),
        "beams": generated(model, batch, num_beams=2),
        "alone": torch.cat(alone),
    }


def generated(model: Any, inputs: Any, **options: Any) -> Tensor:
    """The new tokens of each row, as many for each."""
    written: Tensor = model.generate(
        **inputs, max_new_tokens=4, min_new_tokens=4, do_sample=False, **options
    )
    return written[:, inputs["input_ids"].shape[1] :]


class Hide:
    """An environment without this package."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        del path, target
        if name.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"No module named {name!r}: it is hidden")


def main(results: str, folders: list[str]) -> None:
    """Writes the answers of every folder."""
    sys.meta_path.insert(0, Hide())
    from transformers import AutoModelForImageTextToText, AutoProcessor

    torch.set_num_threads(1)
    found = {}
    for folder in folders:
        processor: Any = AutoProcessor
        model: Any = AutoModelForImageTextToText
        found[folder] = answers(
            model.from_pretrained(folder, trust_remote_code=True),
            processor.from_pretrained(folder, trust_remote_code=True),
        )
    assert not any(name.partition(".")[0] in HIDDEN for name in sys.modules)
    torch.save(found, results)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
