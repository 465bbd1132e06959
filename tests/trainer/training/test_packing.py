"""Packing changes nothing, whatever stands before and within the language model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import datakit
from datakit.errors import UsageError
from trainer.data.batch import Batch
from trainer.data.collate import pack, pad
from trainer.data.samples import encode_sample
from trainer.model.build import ModelAndProcessor, build_model
from trainer.recipe import load_recipe
from trainer.training.packing_check import check_packing

LLAMA = (
    "{model_type: llama, hidden_size: 32, intermediate_size: 32, num_hidden_layers: 2, "
    "num_attention_heads: 2}"
)
SVA = "{type: sva, queries: 4, depth: 1, width: 16, in_language_model: {stride: 1}}"
COMBINATIONS = {
    "learned positions": [
        "model.language_model={model_type: gpt2, n_embd: 32, n_layer: 2, n_head: 2, "
        "resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0}"
    ],
    "sliding windows": [
        "model.language_model={model_type: mistral, hidden_size: 32, intermediate_size: 32, "
        "num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 2, sliding_window: 16}"
    ],
    "aggregators within": ["model.fusion=separate", f"model.projector={SVA}"],
    "eager attention, tiles": [
        "model.fusion=sequence-append",
        "model.projector={type: c-abstractor, tokens: 4, width: 16, depth: 1}",
        "model.geometry={type: tile, max_tiles: 2}",
    ],
}


def tiny(small: ModelAndProcessor, *settings: str) -> ModelAndProcessor:
    encoders = "model.encoders=[tiny-vit]"
    recipe = load_recipe("tiny", [f"model.language_model={LLAMA}", encoders, *settings]).value
    return build_model(recipe.model, small.processor.tokenizer, seed=1)


def loss_and_gradients(model: Any, batch: Batch) -> tuple[float, dict[str, Tensor]]:
    model.zero_grad()
    inputs = batch.inputs_on(torch.device("cpu"))
    loss = model(**inputs, num_items_in_batch=batch.num_label_tokens, use_cache=False).loss
    loss.backward()
    return float(loss.detach()), {
        name: parameter.grad.clone()
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }


@pytest.mark.parametrize("name", COMBINATIONS)
def test_loss_and_gradients_are_those_of_padded_rows(
    name: str, small: ModelAndProcessor, build_path: Path
) -> None:
    built = tiny(small, *COMBINATIONS[name])
    if name.startswith("eager"):
        built.model.language_model.set_attn_implementation("eager")
    check_packing(built.model)
    data = datakit.open(build_path)
    images = data.index["num_images"].to_list()
    rows = [images.index(2), images.index(0), images.index(1)]
    samples = [encode_sample(data[row], built.processor, exchanges=9) for row in rows]
    model = built.model.train()
    packed, packed_gradients = loss_and_gradients(model, pack(samples))
    padded, padded_gradients = loss_and_gradients(model, pad(samples, pad_token_id=0))
    assert packed == pytest.approx(padded, abs=1e-5)
    assert packed_gradients.keys() == padded_gradients.keys()
    for parameter, gradient in packed_gradients.items():
        expected = padded_gradients[parameter]
        torch.testing.assert_close(gradient, expected, atol=1e-6, rtol=1e-3, msg=parameter)


@pytest.mark.parametrize(
    ("language_model", "message"),
    [
        ("{model_type: bloom, hidden_size: 32, n_layer: 1, n_head: 2}", "takes no position_ids"),
        (
            "{model_type: qwen3_next, hidden_size: 32, intermediate_size: 32, num_hidden_layers: 1,"
            " num_attention_heads: 2, num_key_value_heads: 2, head_dim: 16, num_experts: 0,"
            " linear_num_value_heads: 2, linear_num_key_heads: 2, linear_key_head_dim: 16,"
            " linear_value_head_dim: 16, layer_types: [linear_attention]}",
            "lets a packed sample see the one before it",
        ),
    ],
)
def test_a_language_model_that_would_mix_samples_is_refused(
    language_model: str, message: str, small: ModelAndProcessor
) -> None:
    built = tiny(small, f"model.language_model={language_model}")
    with pytest.raises(UsageError, match=rf"{message}.*Set `packing: false`"):
        check_packing(built.model)
