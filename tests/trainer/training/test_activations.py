"""Activations that are computed again change neither the loss nor any gradient."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from datakit.errors import ConfigError
from tests.trainer.conftest import Fit
from trainer.model.build import ModelAndProcessor, build_model
from trainer.recipe import load_recipe
from trainer.training.activations import checkpoint_activations

LANGUAGE_MODEL = (
    "{model_type: llama, hidden_size: 32, intermediate_size: 32, num_hidden_layers: 2, "
    "num_attention_heads: 2}"
)
AGGREGATORS = "{type: sva, queries: 4, width: 32, depth: 1, in_language_model: {stride: 1}}"
PIX2STRUCT = (
    "{preset: pix2struct-1024, image_side_px: 64, weights: null, options: {hidden_size: 16, "
    "num_hidden_layers: 2, num_attention_heads: 2, d_ff: 16, d_kv: 8, max_patches: 16, "
    "patch_embed_hidden_size: 768}}"
)
EVA02 = (
    "{preset: eva02-1024, image_side_px: 64, weights: null, options: {embed_dim: 16, depth: 3, "
    "num_heads: 2, window: 2}}"
)


@pytest.fixture(scope="module")
def built(small: ModelAndProcessor) -> Iterator[ModelAndProcessor]:
    settings = [
        f"model.encoders=[tiny-vit, tiny-convnext, {PIX2STRUCT}, {EVA02}]",
        "model.fusion=separate",
        f"model.projector={AGGREGATORS}",
        f"model.language_model={LANGUAGE_MODEL}",
    ]
    recipe = load_recipe("tiny", settings).value.model
    yield build_model(recipe, small.processor.tokenizer, seed=3)


def step(built: ModelAndProcessor) -> tuple[Tensor, dict[str, Tensor], int]:
    """Loss, gradients, and bytes that the forward pass keeps for the backward pass."""
    model = built.model.train()
    visual = model.projector.num_tokens
    ids = torch.full((1, visual + 8), 5)
    ids[:, :visual] = model.config.image_token_id
    side = model.image_side_px
    pixels = torch.arange(3 * side**2, dtype=torch.uint8).view(1, 3, side, side)
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = model(input_ids=ids, labels=ids, pixel_values=pixels, use_cache=False).loss
    model.zero_grad()
    loss.backward()
    gradients = {
        name: parameter.grad.clone()
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }
    return loss.detach(), gradients, sum(kept.values())


def test_loss_and_gradients_stay_and_memory_shrinks(built: ModelAndProcessor) -> None:
    loss, gradients, kept_bytes = step(built)
    chosen = checkpoint_activations(built.model, True)
    assert set(chosen) == {
        *(f"encoders.{name}" for name in built.model.encoders),
        "projector",
        "language_model",
        "in_language_model",
    }
    again, recomputed, kept_again_bytes = step(built)
    assert torch.equal(again, loss)
    assert recomputed.keys() == gradients.keys() == dict(built.model.named_parameters()).keys()
    assert all(torch.equal(recomputed[name], gradients[name]) for name in gradients)
    assert kept_again_bytes < 0.7 * kept_bytes


def test_a_frozen_encoder_keeps_no_graph_and_recomputes_nothing(small: ModelAndProcessor) -> None:
    model = small.model
    model.encoders.requires_grad_(False)
    side = model.image_side_px
    features = model.backbones[0](torch.zeros(1, 3, side, side, dtype=torch.uint8))
    chosen = checkpoint_activations(model, ("encoders", "nothing-else"))
    model.requires_grad_(True)
    assert not features.requires_grad
    assert chosen == []


def test_a_pattern_that_names_no_part_is_refused(fit: Fit) -> None:
    with pytest.raises(ConfigError, match=r"'encoders.clip' names no part .* Did you mean 'enc"):
        fit("activation_checkpointing=[encoders.clip]")


def test_a_run_recomputes_and_learns_the_same(fit: Fit) -> None:
    short = ("stages.project.steps=1", "stages.tune.steps=2")
    runs: list[Path] = [fit(*short, f"activation_checkpointing={on}") for on in ("false", "true")]
    first, second = ((run / "tune" / "model" / "model.safetensors").read_bytes() for run in runs)
    assert first == second
