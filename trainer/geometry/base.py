"""What a geometry is.

Legend: S side of a view in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image
from pydantic import BaseModel
from torch import Tensor

Area = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class View:
    """A square that the encoders see: an image, or a tile of one.

    Attributes:
        pixels: uint8, (3, S, S).
        area: left, top, right and bottom of what shows the image, in pixels.
    """

    pixels: Tensor
    area: Area


class Geometry:
    """Cuts an image into views.

    Attributes:
        Config: the keys that a recipe may give besides `type`.
        side_px: S.
        fill_rgb: colour of padding.
    """

    Config: ClassVar[type[BaseModel]]

    def __init__(self, side_px: int, fill_rgb: tuple[int, int, int], config: Any) -> None:
        self.side_px = side_px
        self.fill_rgb = fill_rgb
        self.settings = config

    def num_views(self, width_px: int, height_px: int) -> int:
        """Views of an image of this size, known without its pixels."""
        del width_px, height_px
        return 1

    def views(self, image: Image.Image) -> list[View]:
        """Views of an RGB image, in the order of their tokens."""
        raise NotImplementedError

    def whole_view(self, square: Image.Image) -> View:
        """A view that shows the image everywhere."""
        return View(self.to_tensor(square), (0, 0, self.side_px, self.side_px))

    def to_tensor(self, square: Image.Image) -> Tensor:
        """Resizes an image to S x S (bicubic, antialiased): uint8, (3, S, S)."""
        side = (self.side_px, self.side_px)
        if square.size != side:
            square = square.resize(side, Image.Resampling.BICUBIC)
        return torch.from_numpy(np.array(square)).permute(2, 0, 1).contiguous()
