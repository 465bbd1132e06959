"""Channel concatenation: Eagle's choice, the fastest of its five fusions and second in quality.

Legend: N views, C channels, H W grid.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from trainer.fusions.base import Fusion
from trainer.grids import GridShape, Side, resize_grid


class ChannelConcatConfig(BaseModel):
    """Channel concatenation has nothing to set."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ChannelConcat(Fusion):
    """Resizes every grid to the shared one and stacks the channels.

    Eagle (arXiv 2408.15998), section 2.4, "channel concatenation".
    """

    Config = ChannelConcatConfig

    def __init__(
        self, encoders: Sequence[GridShape], side: Side, config: ChannelConcatConfig
    ) -> None:
        super().__init__(encoders, side, config)
        channels = sum(shape.resized(side).channels for shape in encoders)
        self.shapes = (GridShape(channels=channels, height=side[0], width=side[1]),)

    def forward(self, features: Sequence[Tensor], areas: Tensor | None = None) -> list[Tensor]:
        del areas
        pairs = zip(features, self.encoder_shapes, strict=True)
        return [torch.cat([resize_grid(grid, shape, self.side) for grid, shape in pairs], dim=1)]
