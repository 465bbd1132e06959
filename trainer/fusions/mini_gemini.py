"""Mini-Gemini: every cell of the first encoder looks into the windows of the others below it.

Legend: N views, C channels, H W the shared grid, m m window, K cells in all windows of a cell.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainer.fusions.base import Fusion
from trainer.grids import GridShape, Side, resize_grid
from trainer.layers.perceptron import perceptron
from trainer.layers.windows import window_factor, windows
from trainer.settings import NoSettings


class MiniGemini(Fusion):
    """Patch info mining: cross-attention to co-located local windows.

    Mini-Gemini (arXiv 2403.18814), equation 1: T = MLP(Q + softmax(q(Q) k(X)^T) v(X)), where Q are
    the first encoder's cells on the shared grid and X the m x m cells of a high-resolution grid at
    the same place. Each further encoder is resized to the nearest multiple of the shared grid; the
    softmax goes over the windows of all. With one encoder, Q mines its own cells.
    """

    Config = NoSettings

    def __init__(self, encoders: Sequence[GridShape], side: Side, config: NoSettings) -> None:
        super().__init__(encoders, side, config)
        channels = encoders[0].resized(side).channels
        self.sources = list(range(1, len(encoders))) or [0]
        self.factors = [window_factor(encoders[source], side) for source in self.sources]
        widths = [encoders[source].resized(self._large(i)).channels for i, source in self._pairs()]
        self.query = nn.Sequential(nn.LayerNorm(channels), nn.Linear(channels, channels))
        self.keys = nn.ModuleList(_normed(width, channels) for width in widths)
        self.values = nn.ModuleList(_normed(width, channels) for width in widths)
        self.output = perceptron(channels, channels, channels)
        self.shapes = (GridShape(channels=channels, height=side[0], width=side[1]),)

    def _pairs(self) -> list[tuple[int, int]]:
        return list(enumerate(self.sources))

    def _large(self, index: int) -> Side:
        """Side of a high-resolution grid."""
        factor = self.factors[index]
        return self.side[0] * factor, self.side[1] * factor

    def forward(self, features: Sequence[Tensor], areas: Tensor | None = None) -> list[Tensor]:
        del areas
        first = resize_grid(features[0], self.encoder_shapes[0], self.side)
        cells = first.flatten(2).transpose(1, 2)
        seen = [
            windows(
                resize_grid(features[source], self.encoder_shapes[source], self._large(index)),
                self.factors[index],
            )
            for index, source in self._pairs()
        ]
        keys = torch.cat([key(own) for key, own in zip(self.keys, seen, strict=True)], dim=2)
        values = torch.cat([val(own) for val, own in zip(self.values, seen, strict=True)], dim=2)
        queries = self.query(cells).unsqueeze(2)
        mined = functional.scaled_dot_product_attention(queries, keys, values).squeeze(2)
        joined = self.output(cells + mined).transpose(1, 2).unflatten(2, self.side)
        return [joined.contiguous()]


def _normed(width_in: int, width_out: int) -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(width_in), nn.Linear(width_in, width_out))
