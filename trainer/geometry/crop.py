"""Cropping to a square: CLIP's own way; what lies outside of the middle is not seen."""

from __future__ import annotations

from PIL import Image

from trainer.geometry.base import Geometry, View
from trainer.settings import NoSettings


class Crop(Geometry):
    """The largest square in the middle of the image."""

    Config = NoSettings

    def views(self, image: Image.Image) -> list[View]:
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        return [self.whole_view(image.crop((left, top, left + side, top + side)))]
