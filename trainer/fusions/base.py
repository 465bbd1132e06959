"""What a fusion is.

Legend: N images, C channels, H W grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True, kw_only=True)
class GridShape:
    """Shape of the features of one image."""

    channels: int
    height: int
    width: int


class Fusion(nn.Module):
    """Joins the grids of all encoders.

    Attributes:
        Config: the keys that a recipe may give besides `type`.
        shape: of the joined grid of one image.
    """

    Config: ClassVar[type[BaseModel]]
    shape: GridShape

    def __init__(self, encoders: Sequence[GridShape], grid: int, config: Any) -> None:
        """Takes the shapes of the encoders' grids and the side of the shared one."""
        super().__init__()
        self.encoder_shapes = tuple(encoders)
        self.grid = grid
        self.settings = config

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Joins features, one (N, C, H, W) an encoder, into one (N, C, grid, grid)."""
        raise NotImplementedError


def resize_grid(features: Tensor, side: int) -> Tensor:
    """Resizes (N, C, H, W) to (N, C, side, side), bilinearly and in fp32 as Eagle does."""
    if features.shape[-2:] == (side, side):
        return features
    resized = functional.interpolate(
        features.float(), size=(side, side), mode="bilinear", align_corners=False
    )
    return resized.to(features.dtype)
