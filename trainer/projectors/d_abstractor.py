"""D-Abstractor: deformable attention, so that every token learns where to look.

Legend: N views, C channels, H W grid, L visual tokens a view, D width of the language model,
B width of the abstractor.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from trainer.grids import GridShape, Side
from trainer.layers.deformable_attention import DeformableAttention, cell_centres
from trainer.layers.perceptron import perceptron
from trainer.projectors.base import PooledProjector
from trainer.settings import Settings

Positive = Annotated[int, Field(ge=1)]


class DAbstractorConfig(Settings):
    """Attributes:
    tokens: visual tokens of a grid: how many, or their height and width.
    width: B.
    depth: decoder layers.
    heads, points: of the deformable attention.
    """

    tokens: Positive | tuple[Positive, Positive] = 144
    width: Positive = 1024
    depth: Positive = 6
    heads: Positive = 8
    points: Positive = 4


class DAbstractor(PooledProjector):
    """Learned queries through decoder layers of Deformable DETR.

    Honeybee (arXiv 2312.06742), section 3.2 and figure 3: self-attention, deformable attention to
    the features with one level, perceptron; the features, pooled to the queries' grid, tell each
    query its position; places to look at start on that grid and are learned.
    """

    Config = DAbstractorConfig

    def make(self, shape: GridShape) -> nn.Module:
        return _Abstractor(shape, self.side_of(shape), self.width, self.settings)


class _Abstractor(nn.Module):
    def __init__(self, shape: GridShape, side: Side, width: int, config: DAbstractorConfig) -> None:
        super().__init__()
        self.side = side
        length = side[0] * side[1]
        self.position = nn.Parameter(torch.empty(1, config.width, shape.height, shape.width))
        self.queries = nn.Parameter(torch.empty(1, length, config.width))
        for parameter in (self.position, self.queries):
            nn.init.trunc_normal_(parameter, std=0.02)
        self.places = nn.Parameter(torch.logit(cell_centres(*side)))
        self.input = nn.Conv2d(shape.channels, config.width, kernel_size=1)
        self.layers = nn.ModuleList(_DecoderLayer(config) for _ in range(config.depth))
        self.output = nn.Linear(config.width, width)

    def forward(self, grid: Tensor) -> Tensor:
        features = self.input(grid) + self.position
        pooled = functional.adaptive_avg_pool2d(features, self.side).flatten(2).transpose(1, 2)
        queries = self.queries.expand(len(grid), -1, -1)
        places = self.places.float().sigmoid().expand(len(grid), -1, -1)
        for layer in self.layers:
            queries = layer(queries, pooled, places, features)
        tokens: Tensor = self.output(queries)
        return tokens


class _DecoderLayer(nn.Module):
    """Self-attention, deformable attention, perceptron; each is added and normalised."""

    def __init__(self, config: DAbstractorConfig) -> None:
        super().__init__()
        width = config.width
        self.among = nn.MultiheadAttention(width, config.heads, batch_first=True)
        self.look = DeformableAttention(width, heads=config.heads, points=config.points)
        self.think = perceptron(width, width, width, activation=nn.ReLU)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))

    def forward(self, queries: Tensor, position: Tensor, places: Tensor, grid: Tensor) -> Tensor:
        """Updates queries (N, L, B), at `places` (N, L, 2), by a grid (N, B, H, W)."""
        here = queries + position
        queries = self.norms[0](queries + self.among(here, here, queries, need_weights=False)[0])
        queries = self.norms[1](queries + self.look(queries + position, places, [grid]))
        updated: Tensor = self.norms[2](queries + self.think(queries))
        return updated
