"""C-Abstractor: convolutions and pooling, which keep the place of what they sum up.

Legend: N views, C channels, H W grid, L visual tokens a view, D width of the language model.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import torch
from pydantic import Field
from timm.layers import LayerNorm2d
from timm.models.regnet import RegStage
from torch import Tensor, nn

from trainer.grids import GridShape, Side
from trainer.layers.perceptron import perceptron
from trainer.projectors.base import PooledProjector
from trainer.settings import Settings

Cells = Annotated[int, Field(ge=1)]


class CAbstractorConfig(Settings):
    """Attributes:
    tokens: visual tokens of a grid: how many, or their height and width.
    width: channels of the convolutions.
    depth: blocks before the pooling, and as many after it.
    """

    tokens: Cells | tuple[Cells, Cells] = 144
    width: Annotated[int, Field(ge=1)] = 1024
    depth: Annotated[int, Field(ge=1)] = 3


class CAbstractor(PooledProjector):
    """Blocks, adaptive average pooling, blocks, and a perceptron.

    Honeybee (arXiv 2312.06742), section 3.2 and figure 3: RegNet blocks with squeeze-excitation,
    SiLU and layer norm over channels; a learned position embedding before them.
    """

    Config = CAbstractorConfig

    def make(self, shape: GridShape) -> nn.Module:
        return _Abstractor(shape, self.side_of(shape), self.width, self.settings)


class _Abstractor(nn.Module):
    def __init__(self, shape: GridShape, side: Side, width: int, config: CAbstractorConfig) -> None:
        super().__init__()
        self.position = nn.Parameter(torch.empty(1, shape.channels, shape.height, shape.width))
        nn.init.trunc_normal_(self.position, std=0.02)
        stage = partial(
            RegStage,
            depth=config.depth,
            out_chs=config.width,
            stride=1,
            dilation=1,
            act_layer=nn.SiLU,
            norm_layer=LayerNorm2d,
        )
        self.before = stage(in_chs=shape.channels)
        self.pool = nn.AdaptiveAvgPool2d(side)
        self.after = stage(in_chs=config.width)
        self.output = perceptron(config.width, width, width, activation=nn.SiLU)

    def forward(self, grid: Tensor) -> Tensor:
        pooled = self.after(self.pool(self.before(grid + self.position)))
        tokens: Tensor = self.output(pooled.flatten(2).transpose(1, 2))
        return tokens
