"""SVA: learned queries on a grid read every encoder at its own resolution.

Legend: N views, C channels, H W grid, h w the query grid, Q its cells, m factor between the two,
K cells in all windows of a query, G groups of queries, B width of the aggregator, D width of the
language model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from trainer.grids import GridShape, bilinear, cell_mask
from trainer.layers.in_language_model import InLanguageModel
from trainer.layers.perceptron import perceptron
from trainer.layers.spatial_aggregator import SeenWindows, SpatialAggregator
from trainer.layers.windows import window_factor, windows
from trainer.projectors.base import Projector
from trainer.settings import Settings

Positive = Annotated[int, Field(ge=1)]


class InLanguageModelConfig(Settings):
    """Attributes:
    stride: layers of the language model from one aggregator to the next; the first follows layer 0.
    count: aggregators at most; as many as the layers allow where it is None.
    """

    stride: Positive = 3
    count: Positive | None = None


class SvaConfig(Settings):
    """Attributes:
    queries: side of the query grid; or its height and width.
    groups: G, of queries.
    depth: layers of each group.
    width: B.
    in_language_model: aggregators between the language model's layers; none where it is None.
    """

    queries: Positive | tuple[Positive, Positive] = 24
    groups: Positive = 1
    depth: Positive = 3
    width: Positive = 1024
    in_language_model: InLanguageModelConfig | None = None


class Sva(Projector):
    """Spatial vision aggregator. Use it with `fusion: separate`, which leaves the grids apart.

    Cambrian-1 (arXiv 2406.16860), section 3.2. Each grid is resized to the nearest multiple m of
    the query grid; a query reads the m x m cells at its place, of every encoder. A learned token
    ends each row, so that a view has h (w + 1) tokens.

    Padding never changes the tokens: cells of padding are neither read, nor blended into their
    neighbours by resizing, nor part of the context.
    """

    Config = SvaConfig

    def __init__(self, shapes: Sequence[GridShape], width: int, config: SvaConfig) -> None:
        super().__init__(shapes, width, config)
        queries = config.queries
        self.side = (queries, queries) if isinstance(queries, int) else queries
        self.factors = [window_factor(shape, self.side) for shape in shapes]
        self.cells = [factor**2 for factor in self.factors]
        self.features = nn.ModuleList(
            nn.Sequential(
                *perceptron(shape.channels, config.width, config.width), nn.LayerNorm(config.width)
            )
            for shape in shapes
        )
        self.queries = nn.Parameter(torch.empty(config.groups, config.width))
        self.row_end = nn.Parameter(torch.empty(width))
        self.groups = nn.ModuleList(
            nn.ModuleList(
                SpatialAggregator(config.width, config.width, self.cells)
                for _ in range(config.depth)
            )
            for _ in range(config.groups)
        )
        self.output = perceptron(config.groups * config.width, width, width)
        self.num_tokens = self.side[0] * (self.side[1] + 1)
        for parameter in (self.queries, self.row_end):
            nn.init.trunc_normal_(parameter, std=0.02)

    def forward(self, grids: Sequence[Tensor], areas: Tensor | None = None) -> Tensor:
        seen = self.look(grids, areas)
        self.seen = seen if self.settings.in_language_model else None
        count = len(grids[0])
        read = []
        for query, layers in zip(self.queries, self.groups, strict=True):
            cells = query.expand(count, self.side[0] * self.side[1], -1)
            for layer in cast(nn.ModuleList, layers):
                cells = layer(cells, seen)
            read.append(cells)
        tokens = self.output(torch.cat(read, dim=-1)).unflatten(1, self.side)
        ends = self.row_end.to(tokens.dtype).expand(count, self.side[0], 1, -1)
        return torch.cat([tokens, ends], dim=2).flatten(1, 2)

    def look(self, grids: Sequence[Tensor], areas: Tensor | None) -> SeenWindows:
        """The windows under each query, and the context: features of (N, C, H, W) an encoder."""
        seen, valid, context = [], [], []
        for grid, project, factor in zip(grids, self.features, self.factors, strict=True):
            side = (self.side[0] * factor, self.side[1] * factor)
            resized, mask = _resize_image(grid, side, areas)
            features = project(resized.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            seen.append(windows(features, factor))
            valid.append(windows(mask.unsqueeze(1).to(features.dtype), factor).squeeze(-1) > 0)
            share = mask.unsqueeze(1) / mask.sum(dim=(1, 2), keepdim=True).unsqueeze(1).clamp(min=1)
            context.append((features * share.to(features.dtype)).sum(dim=(2, 3)))
        return SeenWindows(
            grids=tuple(seen),
            valid=None if areas is None else torch.cat(valid, dim=-1),
            context=torch.stack(context).mean(dim=0),
        )

    def layers_within(self, width: int, num_layers: int) -> InLanguageModel | None:
        """Aggregators that follow layers of a language model; None where there are none."""
        config = self.settings.in_language_model
        if config is None:
            return None
        after = list(range(0, num_layers, config.stride))[: config.count]
        layers = [SpatialAggregator(width, self.settings.width, self.cells) for _ in after]
        return InLanguageModel(after, layers, rows=self.side[0], columns=self.side[1])


def _resize_image(
    grid: Tensor, side: tuple[int, int], areas: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Resizes what shows the image, and says which cells do.

    Each new cell is the mean, weighted as in bilinear interpolation, of the old cells that show the
    image; padding weighs nothing.

    Returns:
        Features (N, C, h, w) and booleans (N, h, w).
    """
    count, _, height, width = grid.shape
    if areas is None:
        mask = torch.ones(count, *side, dtype=torch.bool, device=grid.device)
        return bilinear(grid, side), mask
    weights = cell_mask(areas, (height, width)).unsqueeze(1).float()
    if (height, width) == side:
        return torch.where(weights > 0, grid, 0), weights.squeeze(1) > 0
    weighted = bilinear(torch.where(weights > 0, grid.float(), 0), side)
    weight = bilinear(weights, side)
    resized = weighted / weight.clamp(min=1e-6)
    return resized.to(grid.dtype), weight.squeeze(1) > 1e-6
