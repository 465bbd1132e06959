"""What a projector is.

Legend: N views, C channels, H W grid, L visual tokens a view, D width of the language model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from pydantic import BaseModel
from torch import Tensor, nn

from trainer.grids import GridShape


class Projector(nn.Module):
    """Turns the grids of a view into visual tokens.

    Attributes:
        Config: the keys that a recipe may give besides `type`.
        num_tokens: visual tokens a view.
    """

    Config: ClassVar[type[BaseModel]]
    num_tokens: int

    def __init__(self, shapes: Sequence[GridShape], width: int, config: Any) -> None:
        """Takes the shapes of the grids and the width of the language model.

        Raises:
            ValueError: these grids cannot become as many tokens as `config` asks for.
        """
        super().__init__()
        self.shapes = tuple(shapes)
        self.width = width
        self.settings = config

    def forward(self, grids: Sequence[Tensor], areas: Tensor | None = None) -> Tensor:
        """Projects grids, (N, C, H, W) each, to (N, L, D).

        Args:
            areas: (N, 4), the part of each view that shows the image; all of it where it is None.
        """
        raise NotImplementedError


class GridProjector(Projector):
    """A projector of one grid; of several, each has one of its own, and the tokens follow."""

    def __init__(self, shapes: Sequence[GridShape], width: int, config: Any) -> None:
        super().__init__(shapes, width, config)
        self.heads = nn.ModuleList(self.make(shape) for shape in self.shapes)
        self.num_tokens = sum(self.tokens_of(shape) for shape in self.shapes)

    def make(self, shape: GridShape) -> nn.Module:
        """The module that projects (N, C, H, W) to (N, L, D)."""
        raise NotImplementedError

    def tokens_of(self, shape: GridShape) -> int:
        """L of one grid: a token a cell, unless the projector knows better."""
        return shape.cells

    def forward(self, grids: Sequence[Tensor], areas: Tensor | None = None) -> Tensor:
        del areas
        pairs = zip(self.heads, grids, strict=True)
        return torch.cat([head(grid) for head, grid in pairs], dim=1)


class OverCells(nn.Sequential):
    """Layers that see each cell by itself: (N, C, H, W) to (N, H W, D)."""

    def forward(self, grid: Tensor) -> Tensor:
        cells = grid.flatten(2).transpose(1, 2)
        for layer in self:
            cells = layer(cells)
        return cells
