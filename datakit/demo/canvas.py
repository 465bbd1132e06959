"""A canvas that is drawn at twice its size and scaled down, so that edges are smooth."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from datakit.demo.words import Rgb

SCALE = 2
INK: Rgb = (44, 48, 56)

Point = tuple[float, float]


@cache
def _font(size_px: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size_px)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
    return font


def text_width_px(text: str, size_px: float) -> float:
    """Width of a line of text, before it is drawn."""
    return _font(size_px * SCALE).getlength(text) / SCALE


def wrapped(text: str, size_px: float, width_px: float) -> list[str]:
    """Breaks text at spaces into lines that are at most `width_px` wide."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width_px(f"{lines[-1]} {word}", size_px) <= width_px:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


class Canvas:
    """A page in final pixels; every coordinate and size is scaled up while it is drawn."""

    def __init__(self, width_px: int, height_px: int, paper: Rgb = (255, 255, 255)) -> None:
        self.width_px = width_px
        self.height_px = height_px
        self._image = Image.new("RGB", (width_px * SCALE, height_px * SCALE), paper)
        self._draw = ImageDraw.Draw(self._image)

    def text(
        self,
        at: Point,
        text: str,
        size_px: float,
        *,
        anchor: str = "la",
        fill: Rgb = INK,
        bold: bool = False,
    ) -> None:
        """Writes one line; the bundled font has one weight, so bold is written side by side."""
        x, y = round(at[0] * SCALE), round(at[1] * SCALE)
        strokes = max(1, round(size_px * SCALE / 24)) if bold else 0
        for shift in range(strokes + 1):
            self._draw.text((x + shift, y), text, fill, _font(size_px * SCALE), anchor)

    def upright_text(self, centre: Point, text: str, size_px: float, fill: Rgb = INK) -> None:
        """Writes one line that reads from bottom to top."""
        font = _font(size_px * SCALE)
        box = font.getbbox(text, anchor="la")
        mask = Image.new("L", (round(box[2]) + 2, round(box[3]) + 2))
        ImageDraw.Draw(mask).text((0, 0), text, 255, font)
        mask = mask.transpose(Image.Transpose.ROTATE_90)
        left = round(centre[0] * SCALE - mask.width / 2)
        top = round(centre[1] * SCALE - mask.height / 2)
        self._image.paste(fill, (left, top), mask)

    def box(
        self,
        box: Sequence[float],
        *,
        fill: Rgb | None = None,
        outline: Rgb | None = None,
        width_px: float = 1,
        radius_px: float = 0,
    ) -> None:
        """Draws a rectangle given as left, top, right, bottom."""
        scaled = tuple(round(edge * SCALE) for edge in box)
        width = max(1, round(width_px * SCALE))
        self._draw.rounded_rectangle(scaled, radius_px * SCALE, fill, outline, width)

    def line(self, points: Sequence[Point], fill: Rgb = INK, width_px: float = 1) -> None:
        """Draws a line through all points."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self._draw.line(scaled, fill, max(1, round(width_px * SCALE)), joint="curve")

    def dot(
        self, centre: Point, radius_px: float, fill: Rgb, outline: Rgb = (255, 255, 255)
    ) -> None:
        """Draws a disc with a thin rim."""
        (x, y), radius = centre, radius_px * SCALE
        box = (x * SCALE - radius, y * SCALE - radius, x * SCALE + radius, y * SCALE + radius)
        self._draw.ellipse(box, fill, outline, SCALE)

    def slice(
        self, centre: Point, radius_px: float, start_deg: float, end_deg: float, fill: Rgb
    ) -> None:
        """Draws a slice of a pie, clockwise from three o'clock."""
        (x, y), radius = centre, radius_px * SCALE
        box = (x * SCALE - radius, y * SCALE - radius, x * SCALE + radius, y * SCALE + radius)
        self._draw.pieslice(box, start_deg, end_deg, fill, (255, 255, 255), SCALE)

    def finish(self) -> Image.Image:
        """The picture at its final size."""
        return self._image.resize((self.width_px, self.height_px), Image.Resampling.LANCZOS)
