"""What a projector is.

Legend: N images, C channels, H W grid, L visual tokens an image, D width of the language model.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel
from torch import Tensor, nn

from trainer.fusions.base import GridShape


class Projector(nn.Module):
    """Turns the joined grid of an image into visual tokens.

    Attributes:
        Config: the keys that a recipe may give besides `type`.
        num_tokens: visual tokens an image.
    """

    Config: ClassVar[type[BaseModel]]
    num_tokens: int

    def __init__(self, shape: GridShape, width: int, config: Any) -> None:
        """Takes the shape of the joined grid and the width of the language model."""
        super().__init__()
        self.input_shape = shape
        self.width = width
        self.settings = config

    def forward(self, features: Tensor) -> Tensor:
        """Projects (N, C, H, W) to (N, L, D)."""
        raise NotImplementedError
