"""LLaVA-HR: a gate says how much of the high-resolution features is added to the first encoder's.

Legend: N views, C channels, H W grid.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from trainer.fusions.base import Fusion
from trainer.grids import GridShape, Side
from trainer.settings import NoSettings


class LlavaHr(Fusion):
    """The mixture-of-resolution adapter, over the encoders' last features.

    LLaVA-HR (arXiv 2403.03003), equations 4 and 5: F = F_l + f_l(F_l) + g * f_h(F_h), with a
    convolutional f_l, a perceptron f_h and the gate g = tanh(W2 act(W1 [pooled f_l, pooled f_h])).
    The first encoder is the one that is added to; each further one has an f_h and a gate of its
    own. LLaVA-HR adapts inside of the first encoder, stage by stage; Eagle (arXiv 2408.15998),
    section 2.4, compares it over the last features, and so it is here.
    """

    Config = NoSettings

    def __init__(self, encoders: Sequence[GridShape], side: Side, config: NoSettings) -> None:
        super().__init__(encoders, side, config)
        first, *others = [shape.resized(side) for shape in encoders]
        channels = first.channels
        self.low = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
            nn.GELU(),
            nn.Conv2d(channels, channels, 1),
        )
        self.high = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(shape.channels, channels, 1), nn.GELU(), nn.Conv2d(channels, channels, 1)
            )
            for shape in others
        )
        self.gates = nn.ModuleList(_gate(channels) for _ in others)
        self.shapes = (GridShape(channels=channels, height=side[0], width=side[1]),)

    def forward(self, features: Sequence[Tensor], areas: Tensor | None = None) -> list[Tensor]:
        del areas
        first, *others = self.shared(features)
        low = self.low(first)
        joined = first + low
        for grid, adapt, gate in zip(others, self.high, self.gates, strict=True):
            high = adapt(grid)
            pooled = torch.cat([low.mean(dim=(2, 3)), high.mean(dim=(2, 3))], dim=1)
            joined = joined + gate(pooled)[:, :, None, None] * high
        return [joined]


def _gate(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(2 * channels, channels // 2 or 1),
        nn.GELU(),
        nn.Linear(channels // 2 or 1, channels),
        nn.Tanh(),
    )
