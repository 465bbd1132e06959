"""Cambrian-1's spatial vision aggregator: a query a cell reads the windows that lie under it.

Legend: N views, h w the query grid, Q its cells, m m window of one grid, K cells in all windows of
a query, D width of a query, B width of the aggregator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainer.layers.perceptron import perceptron

HEAD_CHANNELS = 64


@dataclass(frozen=True, slots=True)
class SeenWindows:
    """What the queries of a batch of views may read.

    Attributes:
        grids: of each encoder, (N, Q, m m, B).
        valid: which of those cells show the image, (N, Q, K); all do where it is None.
        context: the whole of each view in one vector, (N, B).
    """

    grids: tuple[Tensor, ...]
    valid: Tensor | None
    context: Tensor


class SpatialAggregator(nn.Module):
    """One layer: queries read their windows, of all encoders under one softmax.

    Cambrian-1 (arXiv 2406.16860), section 3.2, equation 1 and the released sizes: the context of
    the view is joined to each query; keys and values have projections of their own for each
    encoder, and a learned position within windows of more than one cell; heads of 64 channels.

    A query whose windows are padding only reads nothing: its attention is zero. (The release lets
    it read the padding, so that the colour of the padding would change what the model sees.)
    """

    def __init__(self, query_width: int, width: int, window_cells: Sequence[int]) -> None:
        """Takes the sizes.

        Args:
            query_width: D.
            width: B.
            window_cells: m m of each encoder.

        Raises:
            ValueError: B cannot be cut into heads.
        """
        super().__init__()
        if width % HEAD_CHANNELS and width > HEAD_CHANNELS:
            raise ValueError(f"width {width} cannot be cut into heads of {HEAD_CHANNELS} channels.")
        self.heads = max(1, width // HEAD_CHANNELS)
        self.context = nn.Linear(width, width, bias=False)
        self.input = nn.Linear(query_width + width, width, bias=False)
        self.query = _normed(width)
        self.keys = nn.ModuleList(_normed(width) for _ in window_cells)
        self.values = nn.ModuleList(_normed(width) for _ in window_cells)
        self.positions = nn.ParameterList(
            nn.Parameter(torch.empty(1, 1, cells, width)) for cells in window_cells if cells > 1
        )
        self.has_position = [cells > 1 for cells in window_cells]
        self.attended = nn.Linear(width, width, bias=False)
        self.norm = nn.LayerNorm(width)
        self.output = perceptron(width, width, query_width)
        for position in self.positions:
            nn.init.trunc_normal_(position, std=0.02)

    def forward(self, queries: Tensor, seen: SeenWindows) -> Tensor:
        """Updates queries, (N, Q, D)."""
        context = self.context(seen.context).unsqueeze(1).expand(-1, queries.shape[1], -1)
        inner = self.input(torch.cat([queries, context], dim=-1))
        inner = self.norm(inner + self._read(inner, seen))
        updated: Tensor = queries + self.output(inner)
        return updated

    def _read(self, inner: Tensor, seen: SeenWindows) -> Tensor:
        """Attention of (N, Q, B) to the windows: (N, Q, B)."""
        cells = self._with_positions(seen.grids)
        keys = torch.cat([key(own) for key, own in zip(self.keys, cells, strict=True)], dim=2)
        values = torch.cat([val(own) for val, own in zip(self.values, cells, strict=True)], dim=2)
        mask = None
        if seen.valid is not None:
            mask = seen.valid[:, :, None, None, :]
            nothing = ~seen.valid.any(dim=-1)
            mask = mask | nothing[:, :, None, None, None]  # a softmax over nothing would be NaN
        read = functional.scaled_dot_product_attention(
            self._to_heads(self.query(inner).unsqueeze(2)),
            self._to_heads(keys),
            self._to_heads(values),
            attn_mask=mask,
        )
        read = read.transpose(2, 3).flatten(2)
        if seen.valid is not None:
            read = read * (~nothing).unsqueeze(-1)
        attended: Tensor = self.attended(read)
        return attended

    def _with_positions(self, grids: Sequence[Tensor]) -> list[Tensor]:
        positions = iter(self.positions)
        pairs = zip(grids, self.has_position, strict=True)
        return [grid + next(positions) if has else grid for grid, has in pairs]

    def _to_heads(self, cells: Tensor) -> Tensor:
        """(N, Q, K, B) to (N, Q, heads, K, B / heads)."""
        return cells.reshape(*cells.shape[:-1], self.heads, -1).transpose(2, 3)


def _normed(width: int) -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width, bias=False))
