"""What a recipe chooses of how the language model is computed."""

from __future__ import annotations

import copy

import pytest
import torch

from datakit.errors import UsageError
from trainer.model.build import ModelAndProcessor
from trainer.recipe import Recipe, load_recipe
from trainer.training.language_model import may_fuse_loss, set_up_language_model

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def recipe(*settings: str) -> Recipe:
    return load_recipe("tiny", settings).value


def test_the_kind_of_attention_is_the_recipes_and_changes_no_logit(
    small: ModelAndProcessor,
) -> None:
    ids = torch.arange(5, 25).unsqueeze(0)
    model = copy.deepcopy(small.model.language_model)
    logits = {}
    for kind in ("sdpa", "eager"):
        set_up_language_model(model, recipe(f"attention={kind}"), CPU)
        assert model.config._attn_implementation == kind
        logits[kind] = model(input_ids=ids).logits
    assert torch.allclose(logits["sdpa"], logits["eager"], atol=1e-5)


def test_attention_that_is_not_installed_is_refused(small: ModelAndProcessor) -> None:
    model = copy.deepcopy(small.model.language_model)
    with pytest.raises(UsageError, match="attention: flash_attention_2 is not to be had: "):
        set_up_language_model(model, recipe("attention=flash_attention_2"), CPU)


@pytest.mark.parametrize(
    ("settings", "device", "lack"),
    [
        (["zero_stage=1"], CPU, "but liger-kernel runs on GPUs only"),
        (["zero_stage=3"], GPU, "but it reads the head's weights where ZeRO-3 has not gathered"),
    ],
)
def test_a_fused_loss_is_refused_where_it_cannot_be(
    small: ModelAndProcessor, settings: list[str], device: torch.device, lack: str
) -> None:
    model = small.model.language_model
    assert not may_fuse_loss(model, recipe(*settings), device)
    assert not may_fuse_loss(model, recipe(*settings, "fused_loss=false"), device)
    with pytest.raises(UsageError, match=f"fused_loss: true, {lack}"):
        may_fuse_loss(model, recipe(*settings, "fused_loss=true"), device)
