"""What a projector is.

Legend: N views, C channels, H W grid, L visual tokens a view, D width of the language model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from pydantic import BaseModel
from torch import Tensor, nn

from trainer.grids import GridShape, Side
from trainer.layers.in_language_model import InLanguageModel
from trainer.layers.spatial_aggregator import SeenWindows
from trainer.layers.token_side import token_side


class Projector(nn.Module):
    """Turns the grids of a view into visual tokens.

    Attributes:
        Config: the keys that a recipe may give besides `type`.
        num_tokens: visual tokens a view.
        seen: what `layers_within` may read of the views that were projected last.
    """

    Config: ClassVar[type[BaseModel]]
    num_tokens: int
    seen: SeenWindows | None = None

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

    def __getstate__(self) -> dict[str, Any]:
        """Without what was seen last: it holds a graph, which cannot be copied."""
        return {**self.__dict__, "seen": None}

    def layers_within(self, width: int, num_layers: int) -> InLanguageModel | None:
        """Layers to put between those of the language model; most projectors have none.

        Args:
            width: D.
            num_layers: of the language model.
        """
        del width, num_layers
        return None


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


class PooledProjector(GridProjector):
    """A projector whose tokens form a grid of `settings.tokens`, as `token_side` reads them."""

    def side_of(self, shape: GridShape) -> Side:
        """Height and width of the grid of tokens of one grid.

        Raises:
            ValueError: no such grid of tokens; which numbers do is said.
        """
        return token_side(self.settings.tokens, shape)

    def tokens_of(self, shape: GridShape) -> int:
        height, width = self.side_of(shape)
        return height * width


class OverCells(nn.Sequential):
    """Layers that see each cell by itself: (N, C, H, W) to (N, H W, D)."""

    def forward(self, grid: Tensor) -> Tensor:
        cells = grid.flatten(2).transpose(1, 2)
        for layer in self:
            cells = layer(cells)
        return cells
