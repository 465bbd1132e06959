"""A-MoF: a weighted sum of aligned features, Cambrian-1's simplest baseline.

Legend: N views, C channels, H W grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from trainer.fusions.base import Fusion
from trainer.grids import GridShape, Side, resize_grid


class AMofConfig(BaseModel):
    """Attributes:
    channels: of the sum; the first encoder's where it is None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: Annotated[int, Field(ge=1)] | None = None


class AMof(Fusion):
    """Resizes every grid to the shared one, maps its channels to common ones, and adds them up.

    "Eyes wide shut" (arXiv 2401.06209), section 4, additive mixture of features, here of any number
    of encoders: the weights are learned, positive, and sum to one. Cambrian-1 (arXiv 2406.16860)
    compares with it.
    """

    Config = AMofConfig

    def __init__(self, encoders: Sequence[GridShape], side: Side, config: AMofConfig) -> None:
        super().__init__(encoders, side, config)
        resized = [shape.resized(side) for shape in encoders]
        channels = config.channels or resized[0].channels
        self.align = nn.ModuleList(nn.Conv2d(shape.channels, channels, 1) for shape in resized)
        self.weights = nn.Parameter(torch.zeros(len(encoders)))
        self.shapes = (GridShape(channels=channels, height=side[0], width=side[1]),)

    def forward(self, features: Sequence[Tensor], areas: Tensor | None = None) -> list[Tensor]:
        del areas
        aligned = [
            align(resize_grid(grid, shape, self.side))
            for align, grid, shape in zip(self.align, features, self.encoder_shapes, strict=True)
        ]
        weights = self.weights.softmax(dim=0)
        return [
            torch.stack([w * grid for w, grid in zip(weights, aligned, strict=True)]).sum(dim=0)
        ]
