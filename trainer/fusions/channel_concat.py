"""Channel concatenation: Eagle's choice, the fastest of its five fusions and second in quality.

Legend: N views, C channels, H W grid.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from trainer.fusions.base import Fusion
from trainer.grids import GridShape, Side
from trainer.settings import NoSettings


class ChannelConcat(Fusion):
    """Resizes every grid to the shared one and stacks the channels.

    Eagle (arXiv 2408.15998), section 2.4, "channel concatenation".
    """

    Config = NoSettings

    def __init__(self, encoders: Sequence[GridShape], side: Side, config: NoSettings) -> None:
        super().__init__(encoders, side, config)
        channels = sum(shape.resized(side).channels for shape in encoders)
        self.shapes = (GridShape(channels=channels, height=side[0], width=side[1]),)

    def forward(self, features: Sequence[Tensor], areas: Tensor | None = None) -> list[Tensor]:
        del areas
        return [torch.cat(self.shared(features), dim=1)]
