"""Cutting into tiles: high resolution without high-resolution encoders, at the price of tokens.

Legend: S side of a view in pixels.
"""

from __future__ import annotations

import math
from typing import Annotated

from PIL import Image
from pydantic import Field

from trainer.geometry.base import Geometry, View
from trainer.settings import Settings


class TileConfig(Settings):
    """Attributes:
    max_tiles: of an image, its thumbnail not counted.
    thumbnail: whether the whole image, squashed, follows the tiles where there are several.
    """

    max_tiles: Annotated[int, Field(ge=1, le=64)] = 4
    thumbnail: bool = True


class Tile(Geometry):
    """Resizes an image to n x m squares of side S and cuts it into them.

    n and m are those whose shape is nearest to the image's, of as many tiles as the image has
    pixels for. Eagle (arXiv 2408.15998), table 1, "tiled input", compares this with interpolated
    position embeddings.
    """

    Config = TileConfig

    def layout(self, width_px: int, height_px: int) -> tuple[int, int]:
        """Columns and rows of tiles for an image of this size."""
        wanted = math.log(width_px / height_px)
        pixels = width_px * height_px / self.side_px**2
        layouts = [
            (columns, rows)
            for columns in range(1, self.settings.max_tiles + 1)
            for rows in range(1, self.settings.max_tiles // columns + 1)
        ]

        def distance(layout: tuple[int, int]) -> tuple[float, float]:
            columns, rows = layout
            bent = round(abs(math.log(columns / rows) - wanted), 9)
            return bent, abs(columns * rows - pixels)

        return min(layouts, key=distance)

    def num_views(self, width_px: int, height_px: int) -> int:
        columns, rows = self.layout(width_px, height_px)
        tiles = columns * rows
        return tiles + int(self.settings.thumbnail and tiles > 1)

    def views(self, image: Image.Image) -> list[View]:
        columns, rows = self.layout(*image.size)
        side = self.side_px
        large = image.resize((columns * side, rows * side), Image.Resampling.BICUBIC)
        corners = [(x * side, y * side) for y in range(rows) for x in range(columns)]
        tiles = [large.crop((left, top, left + side, top + side)) for left, top in corners]
        if self.settings.thumbnail and len(tiles) > 1:
            tiles.append(image)
        return [self.whole_view(tile) for tile in tiles]
