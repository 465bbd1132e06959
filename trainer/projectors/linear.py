"""One linear layer on every cell of the grid.

Legend: N views, C channels, H W grid, L visual tokens a view, D width of the language model.
"""

from __future__ import annotations

from torch import nn

from trainer.grids import GridShape
from trainer.projectors.base import GridProjector, OverCells
from trainer.settings import NoSettings


class Linear(GridProjector):
    """One matrix and a bias: LLaVA's first projector; Honeybee's baseline (table 1)."""

    Config = NoSettings

    def make(self, shape: GridShape) -> nn.Module:
        return OverCells(nn.Linear(shape.channels, self.width))
