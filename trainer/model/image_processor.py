"""From image files to the uint8 tensor of square views that all encoders share.

Legend: N views, S side of a view in pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import BatchFeature
from transformers.image_processing_utils import BaseImageProcessor
from transformers.image_utils import make_flat_list_of_images

from datakit.errors import DataError
from datakit.io.orientation import upright, upright_size
from trainer.geometry.base import Geometry, View
from trainer.model.parts import resolve_geometry

PADDED = {"type": "pad"}


class SquareImageProcessor(BaseImageProcessor):
    """Cuts images into square views, as large as the largest side that any encoder wants.

    Encoders resize further and normalise by themselves, on the device.
    """

    model_input_names = ["pixel_values", "view_areas"]  # noqa: RUF012 - transformers reads this

    def __init__(
        self,
        side_px: int = 224,
        geometry: Mapping[str, Any] | None = None,
        fill_rgb: Sequence[int] = (0, 0, 0),
        **kwargs: Any,
    ) -> None:
        """Takes how images become square.

        Args:
            side_px: S.
            geometry: `type`, and the keys of its `Config`; padding where it is None.
            fill_rgb: colour of padding, 0 to 255.
        """
        super().__init__(**kwargs)
        self.side_px = side_px
        self.geometry = dict(geometry or PADDED)
        self.fill_rgb = list(fill_rgb)

    def cutter(self) -> Geometry:
        """The geometry that cuts images into views."""
        geometry, settings = resolve_geometry(self.geometry)
        return geometry(self.side_px, cast(tuple[int, int, int], tuple(self.fill_rgb)), settings)

    def preprocess(self, images: Any, **_: Any) -> BatchFeature:
        """Cuts images, nested as a batch has them or not, into views.

        Returns:
            `pixel_values`, uint8 (N, 3, S, S), and `view_areas`, (N, 4); see `View`. `num_views`
            says of each image how many of them are its own.
        """
        views_of = [self.views(_as_pillow(image)) for image in _flat(images)]
        pixels, areas = self.stack([view for views in views_of for view in views])
        counts = [len(views) for views in views_of]
        return BatchFeature({"pixel_values": pixels, "view_areas": areas, "num_views": counts})

    def views(self, image: Image.Image, *, turned: bool = True) -> list[View]:
        """Views of one image of any mode; what is transparent shows white.

        Args:
            turned: shows it upright, as EXIF says; else as it is stored.
        """
        return self.cutter().views(_as_rgb(upright(image) if turned else image))

    def num_views(self, image: Image.Image, *, turned: bool = True) -> int:
        """How many views `views` makes, known without the pixels."""
        return self.cutter().num_views(*(upright_size(image) if turned else image.size))

    def stack(self, views: Sequence[View]) -> tuple[Tensor, Tensor]:
        """Pixels, (N, 3, S, S), and areas in whole pixels, (N, 4), of views; N may be 0.

        Areas are whole numbers, which a cast of the inputs to bf16 leaves as they are.
        """
        areas = torch.tensor([view.area for view in views], dtype=torch.long).view(-1, 4)
        if not views:
            return torch.zeros(0, 3, self.side_px, self.side_px, dtype=torch.uint8), areas
        return torch.stack([view.pixels for view in views]), areas


def _flat(images: Any) -> list[Any]:
    flat: Any = make_flat_list_of_images(images)
    return list(flat)


def _as_rgb(image: Image.Image) -> Image.Image:
    """Makes an image RGB; what is transparent shows white, as on a page.

    Raises:
        DataError: its values have no known range.
    """
    if image.mode == "F":
        raise DataError("an image of floating-point values: convert it to 8 bits a channel.")
    if image.mode.startswith("I"):  # 16 bits, which Pillow would cut off at 255
        eight_bits = np.asarray(image.convert("I")).clip(0, 65535) >> 8
        return Image.fromarray(eight_bits.astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    page = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(page, image).convert("RGB")


def _as_pillow(image: Any) -> Image.Image:
    """An image, or an array of bytes with its channels first or last."""
    if isinstance(image, Image.Image):
        return image
    array = np.asarray(image)
    if array.dtype != np.uint8:
        raise DataError(f"an image of {array.dtype}: give a Pillow image, or uint8.")
    if array.ndim == 3 and array.shape[0] in (1, 3) and array.shape[-1] not in (1, 3):
        array = array.transpose(1, 2, 0)
    return Image.fromarray(array.squeeze(-1) if array.shape[-1] == 1 else array)
