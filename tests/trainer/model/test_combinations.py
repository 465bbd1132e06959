"""Every fusion with every projector, over one, two and five encoders and all kinds of batches."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from datakit.record import Message
from datakit.registry import module_names
from trainer.model.build import ModelAndProcessor, build_model
from trainer.model.chat_template import load_chat_template
from trainer.model.tokenizer import train_tokenizer
from trainer.recipe import ModelRecipe

Sample = tuple[str, list[Image.Image]]
TINY_VIT = {
    "preset": "tiny-vit",
    "image_side_px": 32,
    "options": {"patch_size": 8, "embed_dim": 16, "depth": 1, "num_heads": 2},
}
TINY_CONVNEXT = {
    "preset": "tiny-convnext",
    "image_side_px": 64,
    "layer": 1,
    "options": {"depths": [1, 1, 1, 1], "dims": [8, 16, 16, 16]},
}
TINY_PIX2STRUCT = {
    "preset": "pix2struct-1024",
    "weights": None,
    "image_side_px": 48,
    "options": {
        "max_patches": 9,
        "hidden_size": 16,
        "d_ff": 16,
        "d_kv": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    },
}
TINY_EVA02 = {
    "preset": "eva02-1024",
    "weights": None,
    "image_side_px": 64,
    "options": {
        "patch_size": 16,
        "window": 2,
        "embed_dim": 16,
        "depth": 3,
        "num_heads": 2,
        "global_every": 3,
    },
}
ENCODERS: list[dict[str, Any]] = [
    {"name": "vit", **TINY_VIT},
    {"name": "convnext", **TINY_CONVNEXT},
    {"name": "unshuffled", **TINY_CONVNEXT, "resize": "pixel-unshuffle"},
    {"name": "averaged", **TINY_CONVNEXT, "resize": "average"},
    {"name": "small", **TINY_VIT, "image_side_px": 24},
]
PROJECTORS: dict[str, dict[str, Any]] = {
    "linear": {},
    "mlp": {"activation": "silu"},
    "resampler": {"tokens": 5, "width": 16, "depth": 1, "heads": 2},
    "c-abstractor": {"tokens": 4, "width": 16, "depth": 1},
    "d-abstractor": {"tokens": [1, 2], "width": 16, "depth": 1, "heads": 2, "points": 2},
    "sva": {
        "queries": 2,
        "groups": 2,
        "depth": 1,
        "width": 16,
        "in_language_model": {"stride": 1},
    },
}
SQUARE = Image.new("RGB", (40, 40), "red")
WIDE = Image.new("RGB", (40, 30), "blue")
BATCHES: list[list[Sample]] = [
    [("<image>What?", [SQUARE])],
    [("<image>What?", [WIDE])],
    [("What?", [])],
    [("<image> <image>", [WIDE, SQUARE]), ("<image> <image>", [SQUARE, SQUARE])],
]
LANGUAGE_MODEL = {
    "model_type": "llama",
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}


def test_every_projector_is_tried() -> None:
    assert sorted(PROJECTORS) == module_names("trainer.projectors")


def built(fusion: str, projector: str, encoders: int) -> ModelAndProcessor:
    recipe = ModelRecipe.model_validate(
        {
            "language_model": LANGUAGE_MODEL,
            "encoders": ENCODERS[:encoders],
            "fusion": fusion,
            "projector": {"type": projector, **PROJECTORS[projector]},
            "grid": 4,
        }
    )
    tokenizer = train_tokenizer(["What?"], vocab_size=300, template=load_chat_template("chatml"))
    return build_model(recipe, tokenizer, seed=1)


def batch(built: ModelAndProcessor, samples: list[Sample]) -> dict[str, Tensor]:
    """The inputs of a step on samples of one length."""
    ids = []
    views = []
    for text, images in samples:
        messages = [Message(role="user", content=text), Message(role="assistant", content="Yes")]
        ids.append(built.processor.encode_conversation(messages).input_ids)
        views += [view for image in images for view in built.processor.image_processor.views(image)]
    pixels, areas = built.processor.image_processor.stack(views)
    tokens = torch.tensor(ids)
    return {"input_ids": tokens, "labels": tokens, "pixel_values": pixels, "view_areas": areas}


@pytest.mark.parametrize("encoders", [1, 2, 5])
@pytest.mark.parametrize("projector", PROJECTORS)
@pytest.mark.parametrize("fusion", module_names("trainer.fusions"))
def test_a_step_gives_every_tensor_a_finite_gradient(
    fusion: str, projector: str, encoders: int
) -> None:
    model = built(fusion, projector, encoders)
    for samples in BATCHES:
        model.model.train()
        loss = model.model(**batch(model, samples)).loss
        loss.backward()
        assert torch.isfinite(loss)
        for name, tensor in model.model.named_parameters():
            assert tensor.grad is not None, name
            assert tensor.grad.isfinite().all(), name
        model.model.zero_grad(set_to_none=True)
