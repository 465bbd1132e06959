"""Pix2Struct's encoder against transformers' own, from the same pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    Pix2StructConfig,
    Pix2StructForConditionalGeneration,
    Pix2StructImageProcessor,
)

from datakit.errors import UsageError
from trainer.encoders import Backbone, build_backbone, resolve_encoder

SIZES = {
    "hidden_size": 24,
    "d_ff": 32,
    "d_kv": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "seq_len": 64,
    "initializer_range": 0.02,
}


def encoder_of(**keys: Any) -> Backbone:
    options = {"max_patches": 30, **SIZES}
    given = {"preset": "pix2struct-1024", "image_side_px": 90, "weights": None, "options": options}
    return build_backbone(resolve_encoder({**given, **keys}), load_weights=True).eval()


def transformers_own(model: Any, images: Tensor) -> Tensor:
    """Last hidden states of the patches that transformers' processor makes: (N, L, C)."""
    processor: Any = Pix2StructImageProcessor
    made = processor(max_patches=30)(images=list(images), return_tensors="pt")
    features: Tensor = model(**made).last_hidden_state
    return features


@pytest.mark.parametrize("side", [90, 64])
def test_features_are_those_of_transformers(side: int) -> None:
    encoder = encoder_of(image_side_px=side)
    images = torch.randint(0, 256, (2, 3, side, side), dtype=torch.uint8)
    with torch.no_grad():
        features = encoder(images)
        expected = transformers_own(encoder.get_submodule("backbone"), images)
    assert features.shape == (2, 24, 5, 5)
    assert expected.shape == (2, 30, 24)
    torch.testing.assert_close(features.flatten(2).mT, expected[:, :25], atol=1e-5, rtol=1e-4)
    assert features.std() > 0.1


def test_an_earlier_layer_is_that_of_transformers() -> None:
    encoder = encoder_of(layer=[0, 1], norm=False)
    images = torch.randint(0, 256, (1, 3, 90, 90), dtype=torch.uint8)
    seen: list[Tensor] = []
    model: Any = encoder.get_submodule("backbone")
    for layer in model.encoder.layer:
        layer.register_forward_hook(lambda *call: seen.append(call[2][0]))
    with torch.no_grad():
        transformers_own(model, images)
        expected = torch.cat(seen, dim=2)[:, :25]
        features = encoder(images)
    torch.testing.assert_close(features.flatten(2).mT, expected, atol=1e-5, rtol=1e-4)


def whole_model(folder: Path) -> Any:
    """Pix2Struct with its decoder, as the Hub has it, written to a folder."""
    torch.manual_seed(3)
    text = {"hidden_size": 24, "d_kv": 12, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    config = Pix2StructConfig(
        text_config={**text, "vocab_size": 50}, vision_config=SIZES, tie_word_embeddings=False
    )
    model: Any = Pix2StructForConditionalGeneration(config)
    model.save_pretrained(folder)
    return model.encoder.eval()


def test_a_released_model_loads_from_a_folder(tmp_path: Path) -> None:
    released = whole_model(tmp_path)
    images = torch.randint(0, 256, (1, 3, 90, 90), dtype=torch.uint8)
    with torch.no_grad():
        features = encoder_of(weights=str(tmp_path))(images)
        expected = transformers_own(released, images)[:, :25]
    torch.testing.assert_close(features.flatten(2).mT, expected, atol=1e-5, rtol=1e-4)


def test_weights_of_other_sizes_are_refused(tmp_path: Path) -> None:
    whole_model(tmp_path)
    options = {"max_patches": 30, **SIZES, "num_hidden_layers": 3}
    with pytest.raises(UsageError, match=r"do not fit: missing \['encoder.layer.2"):
        encoder_of(weights=str(tmp_path), options=options)
    with pytest.raises(UsageError, match="is a file"):
        encoder_of(weights=str(tmp_path / "config.json"))


def test_an_unknown_architecture_or_option_is_refused() -> None:
    with pytest.raises(UsageError, match="no option 'hiden_size'. Did you mean 'hidden_size'"):
        encoder_of(options={**SIZES, "hiden_size": 8})
    with pytest.raises(UsageError, match="Write 'pix2struct_vision_model'"):
        encoder_of(architecture="pix2struct-large")
