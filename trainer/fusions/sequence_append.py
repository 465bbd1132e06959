"""Sequence append: every encoder's tokens, one after the other.

Legend: N views, C channels, H W grid.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from trainer.fusions.base import Fusion
from trainer.grids import GridShape, Side
from trainer.settings import NoSettings


class SequenceAppend(Fusion):
    """Resizes every grid to the shared one and leaves them apart: each has a projector of its own.

    As many times the visual tokens as there are encoders. Eagle (arXiv 2408.15998), section 2.4,
    "sequence append".
    """

    Config = NoSettings

    def __init__(self, encoders: Sequence[GridShape], side: Side, config: NoSettings) -> None:
        super().__init__(encoders, side, config)
        self.shapes = tuple(shape.resized(side) for shape in encoders)

    def forward(self, features: Sequence[Tensor], areas: Tensor | None = None) -> list[Tensor]:
        del areas
        return self.shared(features)
