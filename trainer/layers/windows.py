"""Windows of a large grid that lie under the cells of a smaller one.

Legend: N views, C channels, h w cells of the smaller grid, m factor between the sides.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from trainer.grids import GridShape, Side


def window_factor(shape: GridShape, side: Side) -> int:
    """m: the whole number of times that a grid is nearest to being as large as `side`; not 0."""
    return max(1, round(min(shape.height / side[0], shape.width / side[1])))


def windows(grid: Tensor, factor: int) -> Tensor:
    """Cuts (N, C, h m, w m) into the m x m cells under each of h w: (N, h w, m m, C)."""
    columns = functional.pixel_unshuffle(grid, factor)
    cells = columns.flatten(2)
    return cells.view(len(grid), grid.shape[1], factor**2, cells.shape[-1]).permute(0, 3, 2, 1)
