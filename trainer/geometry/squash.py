"""Squashing to a square: every pixel of the view shows the image, but shapes are bent."""

from __future__ import annotations

from PIL import Image

from trainer.geometry.base import Geometry, View
from trainer.settings import NoSettings


class Squash(Geometry):
    """Resizes width and height to the side of the view, whatever they were."""

    Config = NoSettings

    def views(self, image: Image.Image) -> list[View]:
        return [self.whole_view(image)]
