"""A-MoF: a weighted sum of aligned features, Cambrian-1's simplest baseline.

Legend: N views, C channels, H W grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from trainer.fusions.base import Fusion
from trainer.grids import GridShape, Side
from trainer.settings import Settings


class AMofConfig(Settings):
    """Attributes:
    channels: of the sum; the first encoder's where it is None.
    """

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
        pairs = zip(self.align, self.shared(features), strict=True)
        aligned = [align(grid) for align, grid in pairs]
        weights = self.weights.softmax(dim=0)
        return [
            torch.stack([w * grid for w, grid in zip(weights, aligned, strict=True)]).sum(dim=0)
        ]
