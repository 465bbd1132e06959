"""Grids of features: their shapes, how they are resized, and which of their cells show the image.

Legend: N views, C channels, H W grid, h w the grid that is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Side = tuple[int, int]  # height and width of a grid, in cells
Resize = Literal["interpolate", "pixel-unshuffle", "average"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GridShape:
    """Shape of the features of one view.

    Attributes:
        resize: how it comes to another size. `interpolate`: bilinearly, in fp32 (Eagle);
            `pixel-unshuffle`: cells that fall together are stacked as channels (Eagle's SAM);
            `average`: over the cells that fall together.
    """

    channels: int
    height: int
    width: int
    resize: Resize = "interpolate"

    @property
    def side(self) -> Side:
        """H and W."""
        return self.height, self.width

    @property
    def cells(self) -> int:
        """H times W."""
        return self.height * self.width

    def resized(self, side: Side) -> GridShape:
        """The shape that `resize_grid` gives.

        Raises:
            ValueError: the cells cannot be stacked, for the sides are no multiples.
        """
        channels = self.channels
        if self.resize == "pixel-unshuffle" and self.side != side:
            factor = self.height // side[0]
            if self.side != (side[0] * factor, side[1] * factor):
                raise ValueError(
                    f"a grid of {self.height} x {self.width} cells cannot be pixel-unshuffled to "
                    f"{side[0]} x {side[1]}: both sides must be divided by one whole number."
                )
            channels *= factor**2
        return GridShape(channels=channels, height=side[0], width=side[1], resize=self.resize)


def resize_grid(features: Tensor, shape: GridShape, side: Side) -> Tensor:
    """Resizes (N, C, H, W) to (N, C, h, w), in the way that its shape names.

    Under `pixel-unshuffle` there are more channels; see `GridShape.resized`.
    """
    if shape.side == side:
        return features
    if shape.resize == "pixel-unshuffle":
        return functional.pixel_unshuffle(features, shape.height // side[0])
    if shape.resize == "average":
        return functional.adaptive_avg_pool2d(features, side)
    return bilinear(features, side)


def bilinear(features: Tensor, side: Side) -> Tensor:
    """Resizes (N, C, H, W) to (N, C, h, w) in fp32; as they are where they have that side."""
    if features.shape[-2:] == side:
        return features
    resized = functional.interpolate(
        features.float(), size=side, mode="bilinear", align_corners=False
    )
    return resized.to(features.dtype)


def cell_mask(areas: Tensor, side: Side) -> Tensor:
    """Which cells show at least a part of the image, rather than padding.

    Args:
        areas: (N, 4), left, top, right and bottom of the image in each view, as shares of its side.

    Returns:
        Booleans, (N, h, w).
    """
    height, width = side
    rows = torch.arange(height, device=areas.device) / height
    columns = torch.arange(width, device=areas.device) / width
    left, top, right, bottom = areas.float().unsqueeze(-1).unbind(1)
    in_row = (rows + 1 / height > top + 1e-6) & (rows < bottom - 1e-6)
    in_column = (columns + 1 / width > left + 1e-6) & (columns < right - 1e-6)
    return in_row.unsqueeze(2) & in_column.unsqueeze(1)
