"""Squashing to a square: every pixel of the view shows the image, but shapes are bent."""

from __future__ import annotations

from PIL import Image
from pydantic import BaseModel, ConfigDict

from trainer.geometry.base import Geometry, View


class SquashConfig(BaseModel):
    """Squashing has nothing to set."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Squash(Geometry):
    """Resizes width and height to the side of the view, whatever they were."""

    Config = SquashConfig

    def views(self, image: Image.Image) -> list[View]:
        return [View(self.to_tensor(image))]
