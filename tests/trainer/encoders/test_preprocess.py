"""Resizing on the device against PIL's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from trainer.encoders import Backbone, resolve_encoder

SIDE_PX = 256


def noise() -> Image.Image:
    values = np.random.default_rng(1).integers(0, 256, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    return Image.fromarray(values)


def gradient() -> Image.Image:
    ramp = np.linspace(0, 255, SIDE_PX)
    channels = [ramp[:, None] + 0 * ramp, ramp + 0 * ramp[:, None], (ramp[:, None] + ramp) / 2]
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def text() -> Image.Image:
    image = Image.new("RGB", (SIDE_PX, SIDE_PX), "white")
    draw = ImageDraw.Draw(image)
    for line in range(0, SIDE_PX, 14):
        draw.text(
            (3, line), f"Total {line * 37} EUR, page {line} of 250: lorem ipsum", fill="black"
        )
    return image


def as_tensor(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


@pytest.mark.parametrize("image", [noise(), gradient(), text()], ids=["noise", "gradient", "text"])
@pytest.mark.parametrize("side", [112, 84, 200, 518])
def test_resizing_is_pils_bicubic(image: Image.Image, side: int) -> None:
    """Single values differ by more: PIL rounds and clips between columns and rows."""
    keys = {"preset": "tiny-vit", "image_side_px": side}
    resized = Backbone(resolve_encoder(keys)).resize(as_tensor(image).unsqueeze(0))[0]
    expected = as_tensor(image.resize((side, side), Image.Resampling.BICUBIC)) / 255
    assert (resized - expected).abs().mean() < 1 / 255
    assert resized.min() >= 0 and resized.max() <= 1


def test_an_image_of_one_colour_is_normalised_by_no_zero() -> None:
    spec = resolve_encoder({"preset": "tiny-vit", "mean": None, "std": None})
    grey = torch.full((1, 3, 8, 8), 0.5)
    assert torch.equal(Backbone(spec).normalise(grey), torch.zeros_like(grey))
