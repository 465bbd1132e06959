"""From image files to the one uint8 tensor that all encoders share.

Legend: N images, S side of the shared image in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import BatchFeature
from transformers.image_processing_utils import BaseImageProcessor
from transformers.image_utils import make_flat_list_of_images


class SquareImageProcessor(BaseImageProcessor):
    """Pads every image to a square and resizes it to the largest side that any encoder wants.

    Encoders resize further and normalise by themselves, on the device.
    """

    model_input_names = ["pixel_values"]  # noqa: RUF012 - transformers reads this as it is

    def __init__(
        self,
        side_px: int = 224,
        geometry: str = "pad",
        fill_rgb: Sequence[int] = (0, 0, 0),
        **kwargs: Any,
    ) -> None:
        """Takes how images become square.

        Args:
            side_px: S.
            geometry: `pad` keeps the aspect ratio and fills up with `fill_rgb`.
            fill_rgb: colour of the padding, 0 to 255.
        """
        super().__init__(**kwargs)
        if geometry != "pad":
            raise ValueError(f"geometry {geometry!r} is not known; known: pad")
        self.side_px = side_px
        self.geometry = geometry
        self.fill_rgb = list(fill_rgb)

    def preprocess(self, images: Any, **_: Any) -> BatchFeature:
        """Turns images, nested as a batch has them or not, into uint8 (N, 3, S, S)."""
        squares = [self.square(_as_pillow(image)) for image in _flat(images)]
        return BatchFeature({"pixel_values": torch.stack(squares)})

    def square(self, image: Image.Image) -> Tensor:
        """Turns one image into uint8 (3, S, S)."""
        image = _on_white(image)
        side = max(image.size)
        canvas = Image.new("RGB", (side, side), tuple(self.fill_rgb))
        canvas.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
        resized = canvas.resize((self.side_px, self.side_px), Image.Resampling.BICUBIC)
        return torch.from_numpy(np.array(resized)).permute(2, 0, 1).contiguous()


def _flat(images: Any) -> list[Any]:
    flat: Any = make_flat_list_of_images(images)
    return list(flat)


def _on_white(image: Image.Image) -> Image.Image:
    """Makes an image RGB; what is transparent shows white, as on a page."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    page = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(page, image).convert("RGB")


def _as_pillow(image: Any) -> Image.Image:
    if isinstance(image, Image.Image):
        return image
    array = np.asarray(image)
    if array.ndim == 3 and array.shape[0] in (1, 3) and array.shape[-1] not in (1, 3):
        array = array.transpose(1, 2, 0)
    return Image.fromarray(array)
