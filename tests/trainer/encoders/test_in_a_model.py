"""Encoders of every family in one model: it trains, and survives saving and loading."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.trainer.conftest import SMALL
from tests.trainer.encoders.test_eva02_det import OPTIONS
from tests.trainer.encoders.test_pix2struct import SIZES
from trainer.model.build import ModelAndProcessor, build_model, load_model
from trainer.recipe import load_recipe

EVA = f"{{preset: eva02-1024, weights: null, image_side_px: 64, options: {OPTIONS}}}"
PIX_OPTIONS = {"max_patches": 30, **SIZES}
PIX = f"{{preset: pix2struct-1024, weights: null, image_side_px: 90, options: {PIX_OPTIONS}}}"


@pytest.fixture(scope="module")
def mixed(small: ModelAndProcessor) -> ModelAndProcessor:
    settings = [*SMALL, f"model.encoders=[tiny-vit, {EVA}, {PIX}]", "model.grid=4"]
    recipe = load_recipe("tiny", settings).value
    return build_model(recipe.model, small.processor.tokenizer, seed=2)


def test_every_tensor_trains(mixed: ModelAndProcessor) -> None:
    inputs = mixed.processor(
        text=["<image>What?"], images=[Image.new("RGB", (60, 30), "red")], return_tensors="pt"
    )
    mixed.model.train()
    mixed.model(**inputs, labels=inputs["input_ids"]).loss.backward()
    for name, tensor in mixed.model.encoders.named_parameters():
        assert tensor.grad is not None and tensor.grad.isfinite().all(), name
    mixed.model.zero_grad()


def test_padding_has_the_mean_colour_of_the_encoders_that_have_one(
    mixed: ModelAndProcessor,
) -> None:
    imagenet = [124, 116, 104]
    assert mixed.processor.image_processor.fill_rgb == imagenet


def test_features_in_bf16_are_nearly_those_in_fp32(mixed: ModelAndProcessor) -> None:
    views = torch.randint(0, 256, (2, 3, 128, 128), dtype=torch.uint8)
    for encoder in mixed.model.backbones:
        with torch.no_grad():
            exact, rounded = encoder(views), deepcopy(encoder).bfloat16()(views)
        assert rounded.dtype == torch.bfloat16
        assert (rounded - exact).norm() < 0.05 * exact.norm(), encoder.spec.name


def test_saved_and_loaded_gives_the_same_features(mixed: ModelAndProcessor, tmp_path: Path) -> None:
    mixed.model.save_pretrained(tmp_path)
    loaded = load_model(tmp_path)
    views = torch.randint(0, 256, (2, 3, 128, 128), dtype=torch.uint8)
    mixed.model.train(False)
    with torch.no_grad():
        for before, after in zip(mixed.model.backbones, loaded.backbones, strict=True):
            assert torch.equal(before(views), after(views)), before.spec.name
