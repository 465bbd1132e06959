"""No fusion: every encoder's own grid, for projectors that join them themselves, as SVA does.

Legend: N views, C channels, H W grid.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict
from torch import Tensor

from trainer.fusions.base import Fusion
from trainer.grids import GridShape, Side


class SeparateConfig(BaseModel):
    """There is nothing to set."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Separate(Fusion):
    """Hands the grids on as they are."""

    Config = SeparateConfig

    def __init__(self, encoders: Sequence[GridShape], side: Side, config: SeparateConfig) -> None:
        super().__init__(encoders, side, config)
        self.shapes = self.encoder_shapes

    def forward(self, features: Sequence[Tensor], areas: Tensor | None = None) -> list[Tensor]:
        del areas
        return list(features)
