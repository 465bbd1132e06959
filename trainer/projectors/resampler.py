"""Resampler: learned queries that read the whole grid, without regard to place.

Legend: N views, C channels, H W grid, L visual tokens a view, D width of the language model,
B width of the resampler.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from trainer.grids import GridShape
from trainer.layers.perceptron import perceptron
from trainer.projectors.base import GridProjector
from trainer.settings import Settings

Positive = Annotated[int, Field(ge=1)]


class ResamplerConfig(Settings):
    """Attributes:
    tokens: visual tokens of a grid; any number.
    width: B.
    depth: layers.
    heads: of the attention.
    """

    tokens: Positive = 144
    width: Positive = 1024
    depth: Positive = 6
    heads: Positive = 16


class Resampler(GridProjector):
    """Perceiver layers: each query attends to the features and to all queries.

    Flamingo (arXiv 2204.14198), section 3.1 and appendix A.1.1; the baseline of Honeybee (arXiv
    2312.06742), table 1. The queries start at random: from zero, as in Honeybee's release, they
    would stay equal for ever.
    """

    Config = ResamplerConfig

    def tokens_of(self, shape: GridShape) -> int:
        del shape
        tokens: int = self.settings.tokens
        return tokens

    def make(self, shape: GridShape) -> nn.Module:
        return _Resampler(shape, self.width, self.settings)


class _Resampler(nn.Module):
    def __init__(self, shape: GridShape, width: int, config: ResamplerConfig) -> None:
        super().__init__()
        self.position = nn.Parameter(torch.empty(1, shape.cells, config.width))
        self.queries = nn.Parameter(torch.empty(1, config.tokens, config.width))
        for parameter in (self.position, self.queries):
            nn.init.trunc_normal_(parameter, std=0.02)
        self.input = nn.Linear(shape.channels, config.width)
        self.layers = nn.ModuleList(_PerceiverLayer(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width)
        self.output = nn.Linear(config.width, width)

    def forward(self, grid: Tensor) -> Tensor:
        features = self.input(grid.flatten(2).transpose(1, 2)) + self.position
        queries = self.queries.expand(len(grid), -1, -1)
        for layer in self.layers:
            queries = layer(queries, features)
        tokens: Tensor = self.output(self.norm(queries))
        return tokens


class _PerceiverLayer(nn.Module):
    def __init__(self, config: ResamplerConfig) -> None:
        super().__init__()
        width = config.width
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.attention = nn.MultiheadAttention(width, config.heads, bias=False, batch_first=True)
        self.think = perceptron(width, 4 * width, width, bias=False)

    def forward(self, queries: Tensor, features: Tensor) -> Tensor:
        """Updates queries (N, L, B) by features (N, H W, B)."""
        asked = self.norms[0](queries)
        read = torch.cat([asked, self.norms[1](features)], dim=1)
        queries = queries + self.attention(asked, read, read, need_weights=False)[0]
        updated: Tensor = queries + self.think(self.norms[2](queries))
        return updated
