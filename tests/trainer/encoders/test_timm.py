"""timm's models as encoders: their features, their layers, their weights.

Legend: N views, C channels, H W grid.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from torch import Tensor
from torch.nn import functional

from datakit.errors import UsageError
from trainer.encoders import Backbone, EncoderSpec, build_backbone, resolve_encoder

SMALL = {"embed_dim": 32, "depth": 2, "num_heads": 2}
CONVNEXT = {"depths": [1, 1, 1, 1], "dims": [8, 16, 24, 32]}
Family = tuple[str, int, Mapping[str, Any]]  # architecture, image side, options
VIT: Family = ("vit_tiny_patch16_224", 64, SMALL)
FAMILIES: dict[str, Family] = {
    "vit": VIT,
    "clip": ("vit_base_patch16_clip_quickgelu_224", 64, SMALL),
    "siglip": ("vit_base_patch16_siglip_224", 64, SMALL),
    "dinov2": ("vit_small_patch14_dinov2", 56, SMALL),
    "eva02": ("eva02_tiny_patch14_224", 56, SMALL),
    "sam": (
        "samvit_base_patch16",
        64,
        {**SMALL, "neck_chans": 16, "window_size": 3, "global_attn_indexes": [1]},
    ),
    "convnext": ("convnext_atto", 64, CONVNEXT),
}


def encoder_of(family: Family, **keys: Any) -> Backbone:
    """A small encoder with random weights, or those that `weights` names."""
    architecture, side, options = family
    choice = {"architecture": architecture, "image_side_px": side, "options": options}
    spec = resolve_encoder({**choice, "weights": None, **keys})
    return build_backbone(spec, load_weights=True).eval()


def timms_own(encoder: Backbone) -> Any:
    """The whole model as timm makes it, with the encoder's weights."""
    spec = encoder.spec
    size = {} if "convnext" in spec.architecture else {"img_size": spec.image_side_px}
    model = timm.create_model(spec.architecture, num_classes=0, **size, **spec.options).eval()
    left_over = model.load_state_dict(backbone_state(encoder), strict=False).unexpected_keys
    assert left_over == []
    return model


def backbone_state(encoder: Backbone) -> dict[str, Tensor]:
    return encoder.get_submodule("backbone").state_dict()


def normalised(encoder: Backbone, images: Tensor) -> Tensor:
    """By hand: uint8 to what the model was trained on."""
    mean, std = (torch.tensor(c).view(3, 1, 1) for c in (encoder.spec.mean, encoder.spec.std))
    return (images / 255 - mean) / std


def views(side: int) -> Tensor:
    return torch.randint(0, 256, (2, 3, side, side), dtype=torch.uint8)


def as_grid(model: Any, output: Tensor) -> Tensor:
    """What a block or a model gives, as (N, C, H, W)."""
    if output.dim() == 3:
        cells = output[:, model.num_prefix_tokens :]
        side = round(cells.shape[1] ** 0.5)
        return cells.mT.reshape(len(cells), -1, side, side)
    is_channels_last = output.shape[-1] == 32 and output.shape[1] != 32
    return output.permute(0, 3, 1, 2) if is_channels_last else output


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("layer", [-1, -2])
def test_features_are_those_of_timms_blocks(family: str, layer: int) -> None:
    encoder = encoder_of(FAMILIES[family], layer=layer)
    model = timms_own(encoder)
    seen: list[Tensor] = []
    blocks = model.stages if family == "convnext" else model.blocks
    blocks[layer].register_forward_hook(lambda *call: seen.append(call[2]))
    images = views(encoder.spec.image_side_px)
    with torch.no_grad():
        model.forward_features(normalised(encoder, images))
        features = encoder(images)
    expected = seen[0] if family == "convnext" else as_grid(model, seen[0])
    shape = encoder.shape
    assert features.shape == (2, shape.channels, shape.height, shape.width)
    torch.testing.assert_close(features, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", ["clip", "siglip", "dinov2", "sam"])
def test_with_the_norm_features_are_those_of_timms_whole_model(family: str) -> None:
    encoder = encoder_of(FAMILIES[family], norm=True)
    model = timms_own(encoder)
    images = views(encoder.spec.image_side_px)
    with torch.no_grad():
        expected = as_grid(model, model.forward_features(normalised(encoder, images)))
        features = encoder(images)
    assert features.shape[1] == encoder.shape.channels == expected.shape[1]
    torch.testing.assert_close(features, expected, atol=1e-5, rtol=1e-5)


def test_the_sam_neck_has_its_own_channels() -> None:
    assert encoder_of(FAMILIES["sam"], norm=True).shape.channels == 16
    assert encoder_of(FAMILIES["sam"], norm=False).shape.channels == 32


@pytest.mark.parametrize(("grid_side", "side"), [(None, 16), (6, 6)])
def test_several_layers_are_resized_and_concatenated(grid_side: int | None, side: int) -> None:
    encoder = encoder_of(FAMILIES["convnext"], layer=[3, 0, 1, 2], grid_side=grid_side)
    images = views(64)
    with torch.no_grad():
        model = timms_own(encoder)
        stages = model.forward_intermediates(normalised(encoder, images), intermediates_only=True)
        features = encoder(images)
    assert [stage.shape[-1] for stage in stages] == [16, 8, 4, 2]
    expected = [functional.interpolate(s, size=(side, side), mode="bilinear") for s in stages]
    assert (encoder.shape.channels, encoder.shape.side) == (80, (side, side))
    torch.testing.assert_close(features, torch.cat(expected, dim=1), atol=1e-5, rtol=1e-5)


def test_any_model_takes_its_size_and_normalisation_from_timm() -> None:
    spec = resolve_encoder({"architecture": "vit_base_patch16_siglip_224"})
    assert (spec.name, spec.image_side_px, spec.weights) == (spec.architecture, 224, "pretrained")
    assert spec.mean == spec.std == (0.5, 0.5, 0.5)
    with torch.device("meta"):
        assert build_backbone(spec).shape.side == (14, 14)


@pytest.mark.parametrize(
    ("family", "side"),
    [(("convnext_atto", 72, CONVNEXT), 2), (("resnet10t", 72, {}), 3), ((VIT[0], 72, SMALL), 4)],
)
def test_a_part_of_a_cell_counts_as_the_architecture_has_it(family: Family, side: int) -> None:
    encoder = encoder_of(family)
    assert encoder.shape.side == (side, side)
    assert encoder(views(72)).shape == (2, encoder.shape.channels, side, side)


@pytest.mark.parametrize(
    "architecture", ["resnet10t", "swin_tiny_patch4_window7_224", "fastvit_t8"]
)
def test_families_without_a_preset_work_by_name(architecture: str) -> None:
    spec = resolve_encoder({"architecture": architecture, "image_side_px": 224})
    with torch.device("meta"):
        encoder = build_backbone(spec)
        features = encoder(views(256).to("meta"))
    assert features.shape == (2, encoder.shape.channels, encoder.shape.height, 7)


def test_statistics_of_batch_norms_stay_as_they_were_trained() -> None:
    encoder = encoder_of(("resnet10t", 64, {})).train()
    before = {name: buffer.clone() for name, buffer in encoder.named_buffers()}
    encoder(views(64))
    assert before and all(torch.equal(before[n], b) for n, b in encoder.named_buffers())


def saved(state: Mapping[str, Tensor], folder: Path) -> str:
    torch.save(dict(state), folder / "weights.pth")
    return str(folder / "weights.pth")


def test_position_embeddings_are_interpolated_on_loading(tmp_path: Path) -> None:
    small = encoder_of(VIT)
    state = backbone_state(small)
    large = encoder_of((VIT[0], 128, SMALL), weights=saved(state, tmp_path))
    loaded = backbone_state(large)
    assert (small.shape.side, large.shape.side) == ((4, 4), (8, 8))
    old = state["pos_embed"][:, 1:].mT.reshape(1, -1, 4, 4)
    wanted = functional.interpolate(old, size=(8, 8), mode="bicubic", antialias=True)
    torch.testing.assert_close(loaded["pos_embed"][:, 1:], wanted.flatten(2).mT)
    for name in set(state) - {"pos_embed"}:
        assert torch.equal(loaded[name], state[name]), name


def test_a_file_with_a_classifier_and_later_layers_loads(tmp_path: Path) -> None:
    whole = timm.create_model(VIT[0], img_size=64, num_classes=7, **SMALL)
    file = saved(whole.state_dict(), tmp_path)
    assert set(backbone_state(encoder_of(VIT, weights=file, layer=0))) < set(whole.state_dict())


def test_a_folder_with_weights_loads(tmp_path: Path) -> None:
    state = backbone_state(encoder_of(VIT))
    torch.save(dict(state), tmp_path / "pytorch_model.bin")
    loaded = backbone_state(encoder_of(VIT, weights=str(tmp_path)))
    assert all(torch.equal(loaded[name], state[name]) for name in state)


def test_a_release_of_sam_loads_with_its_decoder_left_out(tmp_path: Path) -> None:
    state = backbone_state(encoder_of(FAMILIES["sam"], norm=True))
    released = {f"image_encoder.{n.replace('mlp.fc', 'mlp.lin')}": t for n, t in state.items()}
    file = saved({**released, "mask_decoder.iou_token.weight": torch.zeros(1, 4)}, tmp_path)
    loaded = backbone_state(encoder_of(FAMILIES["sam"], norm=True, weights=file))
    assert loaded.keys() == state.keys()
    assert all(torch.equal(loaded[name], state[name]) for name in state)


def test_weights_that_do_not_fit_are_listed(tmp_path: Path) -> None:
    state = backbone_state(encoder_of(VIT))
    state["blocks.0.extra"] = state.pop("blocks.0.norm1.weight")
    state["cls_token"] = torch.zeros(1, 1, 8)
    with pytest.raises(UsageError) as caught:
        encoder_of(VIT, weights=saved(state, tmp_path), name="mine")
    message = str(caught.value)
    assert "encoder 'mine'" in message
    assert "1 (blocks.0.norm1.weight) missing" in message
    assert "1 (blocks.0.extra) left over" in message
    assert "cls_token (1, 1, 8), expected (1, 1, 32)" in message


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"architecture": "vit_tiny_patch16_225"}, "Did you mean 'vit_tiny_patch16_224'"),
        ({"architecture": "vit_tiny_patch16_224.augrec_in21k"}, "Did you mean 'augreg_in21k'"),
        ({"weights": "augrec_in21k"}, "Did you mean 'augreg_in21k'"),
        ({"weights": "no/such/file.pth"}, "no weights at no/such/file.pth"),
        ({"layer": 2}, "no layer 2; vit_tiny_patch16_224 has 2"),
        ({"layer": [-1, -3]}, "no layer -3"),
        ({"options": {"deep": 3}}, "timm cannot build vit_tiny_patch16_224 with .*deep"),
    ],
)
def test_what_timm_does_not_know_is_said(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        encoder_of(VIT, **keys)


def test_a_spec_survives_the_configuration_of_a_model() -> None:
    spec = resolve_encoder({"preset": "convnext-1024-stages"})
    assert EncoderSpec.model_validate(spec.model_dump(mode="json")) == spec
