"""No fusion: every encoder's own grid, for projectors that join them themselves, as SVA does.

Legend: N views, C channels, H W grid.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from trainer.fusions.base import Fusion
from trainer.grids import GridShape, Side
from trainer.settings import NoSettings


class Separate(Fusion):
    """Hands the grids on as they are."""

    Config = NoSettings

    def __init__(self, encoders: Sequence[GridShape], side: Side, config: NoSettings) -> None:
        super().__init__(encoders, side, config)
        self.shapes = self.encoder_shapes

    def forward(self, features: Sequence[Tensor], areas: Tensor | None = None) -> list[Tensor]:
        del areas
        return list(features)
