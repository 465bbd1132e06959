"""Calling the processor, as transformers' users do, gives what training reads."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from datakit.record import IMAGE_PLACEHOLDER, Message
from trainer.model.build import ModelAndProcessor
from trainer.model.image_processor import SquareImageProcessor
from trainer.model.processor import EncoderMixtureProcessor

RED = Image.new("RGB", (90, 40), "red")
BLUE = Image.new("RGB", (200, 210), "blue")
SYSTEM = Message(role="system", content="Be brief.")
SAMPLES: dict[str, tuple[list[Message], list[Image.Image]]] = {
    "one image": ([Message(role="user", content="<image>\nWhat?")], [RED]),
    "text": ([SYSTEM, Message(role="user", content="And this one?")], []),
    "two images": ([Message(role="user", content="<image> or <image>?")], [BLUE, RED]),
    "a later image": (
        [
            Message(role="user", content="Hello."),
            Message(role="assistant", content="Hello!"),
            Message(role="user", content="What is <image>?"),
        ],
        [RED],
    ),
}


@pytest.fixture(params=["pad", "tile"])
def processor(request: pytest.FixtureRequest, small: ModelAndProcessor) -> EncoderMixtureProcessor:
    """Of one view an image, or of as many as it has tiles."""
    return EncoderMixtureProcessor(
        SquareImageProcessor(side_px=32, geometry={"type": request.param}, fill_rgb=(1, 2, 3)),
        small.processor.tokenizer,
        chat_format=small.processor.chat_format,
        tokens_per_view=2,
    )


def as_transformers_writes(messages: list[Message], images: list[Image.Image]) -> list[Any]:
    """The conversation with its images among the parts of the messages."""
    rest = iter(images)
    turns = []
    for message in messages:
        texts = message.content.split(IMAGE_PLACEHOLDER)
        parts: list[dict[str, Any]] = [{"type": "text", "text": texts[0]}]
        for text in texts[1:]:
            parts += [{"type": "image", "image": next(rest)}, {"type": "text", "text": text}]
        turns.append({"role": message.role, "content": parts})
    return turns


def as_training_reads(
    processor: EncoderMixtureProcessor, messages: list[Message], images: list[Image.Image]
) -> tuple[list[int], Tensor, Tensor]:
    views = [processor.image_processor.views(image) for image in images]
    encoded = processor.encode_conversation(
        messages, views_of_images=[len(own) for own in views], reply_expected=True
    )
    pixels, areas = processor.image_processor.stack(list(chain(*views)))
    return encoded.input_ids, pixels, areas


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_batch_is_what_training_reads(processor: EncoderMixtureProcessor, side: str) -> None:
    batch: Any = processor.apply_chat_template(
        [as_transformers_writes(*sample) for sample in SAMPLES.values()],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
        processor_kwargs={"padding": True, "padding_side": side},
    )
    read = [as_training_reads(processor, *sample) for sample in SAMPLES.values()]
    for ids, mask, (expected, _, _) in zip(
        batch["input_ids"], batch["attention_mask"], read, strict=True
    ):
        assert ids[mask.bool()].tolist() == expected
        assert bool(mask[0 if side == "right" else -1])
    assert torch.equal(batch["pixel_values"], torch.cat([pixels for _, pixels, _ in read]))
    assert torch.equal(batch["view_areas"], torch.cat([areas for _, _, areas in read]))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_prompt_and_its_images_apart_are_the_same(
    processor: EncoderMixtureProcessor, name: str
) -> None:
    messages, images = SAMPLES[name]
    turns = as_transformers_writes(messages, images)
    prompt = processor.apply_chat_template(turns, add_generation_prompt=True)
    inputs = processor(text=prompt, images=images or None, return_tensors="pt")
    ids, pixels, _ = as_training_reads(processor, messages, images)
    assert inputs["input_ids"].tolist() == [ids]
    assert torch.equal(inputs.get("pixel_values", pixels), pixels)


@pytest.mark.parametrize(
    ("text", "images", "message"),
    [
        ("<image> <image>", [RED], "Found total 2 <image> tokens and 1 images"),
        ("<image>", [RED, BLUE], "Found total 1 <image> tokens and 2 images"),
        ("none", [RED], "Found total 0 <image> tokens and 1 images"),
        ("<image>", None, "Found 1 <image> tokens in the text but no images"),
    ],
)
def test_placeholders_and_images_must_match(
    processor: EncoderMixtureProcessor,
    text: str,
    images: list[Image.Image] | None,
    message: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        processor(text=text, images=images, return_tensors="pt")


def test_images_without_visual_tokens_are_an_error_with_both_counts(
    small: ModelAndProcessor,
) -> None:
    inputs = small.processor(text="<image>", images=[RED], return_tensors="pt")
    views = inputs["pixel_values"].repeat(2, 1, 1, 1)
    with pytest.raises(ValueError, match="64 visual tokens in input_ids, but 2 views .* make 128"):
        small.model(input_ids=inputs["input_ids"], pixel_values=views)


def test_padding_on_the_right_changes_no_logit(small: ModelAndProcessor) -> None:
    texts, images = ["<image>What colour is it, and why?", "Well?"], [RED]
    padded = small.processor(
        text=texts, images=images, padding=True, padding_side="right", return_tensors="pt"
    )
    alone = small.processor(text=texts[1:], return_tensors="pt")
    length = alone["input_ids"].shape[1]
    with torch.no_grad():
        together = small.model(**padded).logits[1, :length]
        torch.testing.assert_close(together, small.model(**alone).logits[0], rtol=1e-4, atol=1e-4)
