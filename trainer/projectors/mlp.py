"""A perceptron on every cell of the grid.

Legend: N views, C channels, H W grid, L visual tokens a view, D width of the language model.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from torch import nn

from trainer.grids import GridShape
from trainer.projectors.base import GridProjector, OverCells
from trainer.settings import Settings

ACTIVATIONS: dict[str, type[nn.Module]] = {"gelu": nn.GELU, "silu": nn.SiLU}


class MlpConfig(Settings):
    """Attributes:
    depth: linear layers.
    activation: between each two; Honeybee's is SiLU.
    """

    depth: Annotated[int, Field(ge=1)] = 2
    activation: Literal["gelu", "silu"] = "gelu"


class Mlp(GridProjector):
    """Linear, GELU, Linear, from the channels to the language model's width.

    LLaVA-1.5 (arXiv 2310.03744), "MLP vision-language connector"; Eagle (arXiv 2408.15998) uses
    the same over concatenated channels; Honeybee (arXiv 2312.06742) compares with it.
    """

    Config = MlpConfig

    def make(self, shape: GridShape) -> nn.Module:
        layers: list[nn.Module] = [nn.Linear(shape.channels, self.width)]
        for _ in range(self.settings.depth - 1):
            layers += [ACTIVATIONS[self.settings.activation](), nn.Linear(self.width, self.width)]
        return OverCells(*layers)
