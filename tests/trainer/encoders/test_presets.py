"""The shipped presets against the papers' tables, on the meta device."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import pytest
import timm
import torch

from trainer.encoders import Backbone, build_backbone, resolve_encoder
from trainer.fusions.channel_concat import ChannelConcat
from trainer.settings import NoSettings

X4 = ("clip-448", "convnext-1024", "pix2struct-1024", "eva02-1024")
X5 = (*X4, "sam-1024")
X5_PARAMETERS = 2_283e6  # Eagle's paper
GRIDS = {
    "clip-336": (24, 1024),
    "clip-448": (32, 1024),
    "convnext-1024": (32, 3072),
    "convnext-1024-stages": (96, 5760),
    "dinov2-448": (32, 1024),
    "dinov2-518": (37, 1024),
    "eva02-1024": (64, 1024),
    "pix2struct-1024": (45, 1536),
    "sam-1024": (64, 256),
    "siglip-384": (27, 1152),
}


@cache
def encoder_of(preset: str) -> Backbone:
    with torch.device("meta"):
        return build_backbone(resolve_encoder({"preset": preset}))


def shared_channels(presets: Iterable[str]) -> int:
    """Channels after concatenation on the shared grid of 32 x 32."""
    shapes = [encoder_of(preset).shape for preset in presets]
    return ChannelConcat(shapes, (32, 32), NoSettings()).shapes[0].channels


@pytest.mark.parametrize("preset", GRIDS)
def test_the_native_grid_is_the_papers(preset: str) -> None:
    shape = encoder_of(preset).shape
    assert (shape.height, shape.width, shape.channels) == (
        GRIDS[preset][0],
        GRIDS[preset][0],
        GRIDS[preset][1],
    )


@pytest.mark.parametrize("preset", GRIDS)
def test_weights_and_normalisation_are_those_that_timm_knows(preset: str) -> None:
    spec = encoder_of(preset).spec
    if spec.family != "timm":
        assert str(spec.weights).startswith("hf://")
        return
    known = timm.get_pretrained_cfg(f"{spec.architecture}.{spec.weights}")
    assert (spec.mean, spec.std) == (known.mean, known.std)
    assert known.has_weights


def test_concatenated_channels_are_eagles() -> None:
    assert [shared_channels([preset]) for preset in X5] == [1024, 3072, 1536, 1024, 1024]
    assert (shared_channels(X4), shared_channels(X5)) == (6656, 7680)


def test_the_five_encoders_of_eagle_have_its_parameters() -> None:
    """benchmarks/encoder_sizes.py prints them one by one, with what differs and why."""
    counts = [p.numel() for preset in X5 for p in encoder_of(preset).parameters()]
    assert sum(counts) == pytest.approx(X5_PARAMETERS, rel=0.01)


def test_a_recipe_overrides_any_key() -> None:
    choice = {"preset": "dinov2-518", "architecture": "vit_giant_patch14_dinov2"}
    with torch.device("meta"):
        giant = build_backbone(resolve_encoder({**choice, "image_side_px": 378, "name": "giant"}))
    assert (giant.spec.name, giant.shape.side, giant.shape.channels) == ("giant", (27, 27), 1536)
