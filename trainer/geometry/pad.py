"""Padding to a square: LLaVA-1.5's way, and Eagle's and Cambrian's."""

from __future__ import annotations

from PIL import Image

from trainer.geometry.base import Geometry, View
from trainer.settings import NoSettings


class Pad(Geometry):
    """Keeps the aspect ratio, in the middle of a square of the encoders' mean colour."""

    Config = NoSettings

    def views(self, image: Image.Image) -> list[View]:
        longest = max(image.size)
        width, height = (max(1, round(s * self.side_px / longest)) for s in image.size)
        left, top = (self.side_px - width) // 2, (self.side_px - height) // 2
        canvas = Image.new("RGB", (self.side_px, self.side_px), self.fill_rgb)
        canvas.paste(image.resize((width, height), Image.Resampling.BICUBIC), (left, top))
        return [View(self.to_tensor(canvas), (left, top, left + width, top + height))]
