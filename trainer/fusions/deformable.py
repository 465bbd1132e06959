"""Deformable attention: every cell of the first encoder learns where to look in the others.

Legend: N views, C channels, H W grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from trainer.fusions.base import Fusion
from trainer.grids import GridShape, Side, resize_grid
from trainer.layers.deformable_attention import DeformableAttention, cell_centres
from trainer.layers.perceptron import perceptron
from trainer.settings import Settings

Positive = Annotated[int, Field(ge=1)]


class DeformableConfig(Settings):
    """Attributes:
    heads, points: of the attention; the heads divide the first encoder's channels.
    """

    heads: Positive = 8
    points: Positive = 4


class Deformable(Fusion):
    """Mini-Gemini's mining with deformable attention in place of the windows.

    Eagle (arXiv 2408.15998), section 2.4, "deformable attention": queries are the first encoder's
    cells on the shared grid; each further encoder is a level, at its own resolution. With one
    encoder, it looks into itself.
    """

    Config = DeformableConfig

    def __init__(self, encoders: Sequence[GridShape], side: Side, config: DeformableConfig) -> None:
        super().__init__(encoders, side, config)
        channels = encoders[0].resized(side).channels
        self.sources = list(range(1, len(encoders))) or [0]
        self.align = nn.ModuleList(
            nn.Conv2d(encoders[source].channels, channels, 1) for source in self.sources
        )
        self.norm = nn.LayerNorm(channels)
        self.look = DeformableAttention(
            channels, levels=len(self.sources), heads=config.heads, points=config.points
        )
        self.output = perceptron(channels, channels, channels)
        self.shapes = (GridShape(channels=channels, height=side[0], width=side[1]),)

    def forward(self, features: Sequence[Tensor], areas: Tensor | None = None) -> list[Tensor]:
        del areas
        first = resize_grid(features[0], self.encoder_shapes[0], self.side)
        cells = first.flatten(2).transpose(1, 2)
        pairs = zip(self.align, self.sources, strict=True)
        grids = [align(features[source]) for align, source in pairs]
        here = cell_centres(*self.side).to(cells.device).expand(len(cells), -1, -1)
        mined = self.look(self.norm(cells), here, grids)
        joined: Tensor = self.output(cells + mined).transpose(1, 2).unflatten(2, self.side)
        return [joined.contiguous()]
