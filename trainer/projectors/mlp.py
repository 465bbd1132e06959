"""A perceptron on every cell of the grid.

Legend: N images, C channels, H W grid, L visual tokens an image, D width of the language model.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from trainer.fusions.base import GridShape
from trainer.projectors.base import Projector


class MlpConfig(BaseModel):
    """Attributes:
    depth: linear layers, with a GELU between each two.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    depth: Annotated[int, Field(ge=1)] = 2


class Mlp(Projector):
    """Linear, GELU, Linear, from the joined channels to the language model's width.

    LLaVA-1.5 (arXiv 2310.03744), "MLP vision-language connector"; Eagle (arXiv 2408.15998) uses
    the same over concatenated channels.
    """

    Config = MlpConfig

    def __init__(self, shape: GridShape, width: int, config: MlpConfig) -> None:
        super().__init__(shape, width, config)
        self.num_tokens = shape.height * shape.width
        layers: list[nn.Module] = [nn.Linear(shape.channels, width)]
        for _ in range(config.depth - 1):
            layers += [nn.GELU(), nn.Linear(width, width)]
        self.layers = nn.Sequential(*layers)

    def forward(self, features: Tensor) -> Tensor:
        projected: Tensor = self.layers(features.flatten(2).transpose(1, 2))
        return projected
