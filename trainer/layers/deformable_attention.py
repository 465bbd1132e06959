"""Deformable attention: every query looks at a few points near its own place, and learns where.

Legend: N views, Q queries, D width, A heads, P points, E levels (grids), H W grid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class DeformableAttention(nn.Module):
    """Multi-head attention over learned places of one grid or several.

    Deformable DETR (arXiv 2010.04159), equation 3; plain torch, so that it runs and can be
    differentiated anywhere, twice and in double precision. Places are of fp32 at least: those of
    bf16 are 1/256 of a view apart, which is a good part of a cell.
    """

    def __init__(self, width: int, *, levels: int = 1, heads: int = 8, points: int = 4) -> None:
        """Takes the sizes.

        Raises:
            ValueError: the heads do not divide the width.
        """
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} cannot be shared by {heads} heads.")
        self.levels, self.heads, self.points = levels, heads, points
        self.offsets = nn.Linear(width, heads * levels * points * 2)
        self.weights = nn.Linear(width, heads * levels * points)
        self.values = nn.Linear(width, width)
        self.output = nn.Linear(width, width)
        self._spread_points()

    def _spread_points(self) -> None:
        """Starts each head looking in a direction of its own, each point a cell further."""
        angles = torch.arange(self.heads) * (2 * math.pi / self.heads)
        directions = torch.stack([angles.cos(), angles.sin()], dim=-1)
        directions = directions / directions.abs().amax(dim=-1, keepdim=True)
        steps = torch.arange(1, self.points + 1).view(1, 1, -1, 1)
        offsets = directions.view(self.heads, 1, 1, 2) * steps
        nn.init.zeros_(self.offsets.weight)
        nn.init.zeros_(self.weights.weight)
        nn.init.zeros_(self.weights.bias)
        with torch.no_grad():
            self.offsets.bias.copy_(offsets.expand(-1, self.levels, -1, -1).flatten())

    def forward(self, queries: Tensor, places: Tensor, grids: Sequence[Tensor]) -> Tensor:
        """Looks at the grids.

        Args:
            queries: (N, Q, D).
            places: (N, Q, 2), x and y of each query as shares of the view.
            grids: one (N, D, H, W) a level.

        Returns:
            (N, Q, D).
        """
        count, length, width = queries.shape
        spread = (count, length, self.heads, self.levels, self.points)
        offsets = self.offsets(queries).view(*spread, 2)
        places = places.to(torch.promote_types(places.dtype, torch.float32))
        weights = self.weights(queries).view(*spread[:3], -1).softmax(dim=-1).view(spread)
        sampled = torch.zeros_like(queries).view(count, length, self.heads, -1)
        for level, grid in enumerate(grids):
            cells = places.new_tensor([grid.shape[-1], grid.shape[-2]])
            at = places[:, :, None, None] + offsets[:, :, :, level] / cells
            seen = self._sample(grid, at)
            sampled = sampled + torch.einsum("nadqp,nqap->nqad", seen, weights[:, :, :, level])
        looked: Tensor = self.output(sampled.reshape(count, length, width))
        return looked

    def _sample(self, grid: Tensor, at: Tensor) -> Tensor:
        """Values of a grid at places (N, Q, A, P, 2): (N, A, D / A, Q, P)."""
        count, width, height_cells, width_cells = grid.shape
        values = self.values(grid.flatten(2).transpose(1, 2)).transpose(1, 2)
        values = values.reshape(count * self.heads, width // self.heads, height_cells, width_cells)
        places = at.permute(0, 2, 1, 3, 4).flatten(0, 1)
        seen = functional.grid_sample(
            values.to(places.dtype),
            2 * places - 1,
            mode="bilinear",
            padding_mode="zeros",
            align_corners=False,
        )
        return seen.to(grid.dtype).view(count, self.heads, *seen.shape[1:])


def cell_centres(height: int, width: int) -> Tensor:
    """Middle of each cell of a grid as shares of the view: (H W, 2), x and y."""
    rows = (torch.arange(height) + 0.5) / height
    columns = (torch.arange(width) + 0.5) / width
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    return torch.stack([x, y], dim=-1).flatten(0, 1)
