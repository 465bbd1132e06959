"""What a fusion is.

Legend: N views, C channels, H W grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel
from torch import Tensor, nn

from trainer.grids import GridShape, Side, resize_grid


class Fusion(nn.Module):
    """Joins the grids of all encoders.

    Attributes:
        Config: the keys that a recipe may give besides `type`.
        shapes: of the grids that it makes of one view; most fusions make one.
    """

    Config: ClassVar[type[BaseModel]]
    shapes: tuple[GridShape, ...]

    def __init__(self, encoders: Sequence[GridShape], side: Side, config: Any) -> None:
        """Takes the shapes of the encoders' grids and the side of the shared one.

        Raises:
            ValueError: these grids cannot be joined so.
        """
        super().__init__()
        self.encoder_shapes = tuple(encoders)
        self.side = side
        self.settings = config

    def forward(self, features: Sequence[Tensor], areas: Tensor | None = None) -> list[Tensor]:
        """Joins features, one (N, C, H, W) an encoder, into grids of `shapes`.

        Args:
            areas: (N, 4), the part of each view that shows the image; all of it where it is None.
        """
        raise NotImplementedError

    def shared(self, features: Sequence[Tensor]) -> list[Tensor]:
        """The features of each encoder on the shared grid."""
        pairs = zip(features, self.encoder_shapes, strict=True)
        return [resize_grid(grid, shape, self.side) for grid, shape in pairs]
