"""From a number of visual tokens to the grid that they form."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

from trainer.grids import GridShape, Side


def token_side(tokens: int | Sequence[int], shape: GridShape) -> Side:
    """Height and width of a grid of so many tokens, of the same proportions as the features'.

    Args:
        tokens: how many; or height and width, where the proportions shall differ.

    Raises:
        ValueError: no such grid; which numbers do is said.
    """
    if not isinstance(tokens, int):
        height, width = tokens
        if height > shape.height or width > shape.width:
            raise ValueError(
                f"{height} x {width} visual tokens from a grid of {shape.height} x {shape.width} "
                "cells: neither side may be larger."
            )
        return height, width
    common = gcd(shape.height, shape.width)
    unit = (shape.height // common, shape.width // common)
    fitting = {unit[0] * unit[1] * n * n: (unit[0] * n, unit[1] * n) for n in range(1, common + 1)}
    if tokens not in fitting:
        raise ValueError(
            f"{tokens} visual tokens do not form a grid of the proportions of "
            f"{shape.height} x {shape.width}. Of these do: {', '.join(map(str, fitting))}; "
            "or give [height, width]."
        )
    return fitting[tokens]
