"""Boxes: clipped, brought to another frame or scale, written as text. Pure functions.

A box is `(x1, y1, x2, y2)` in pixels, y downwards; a size is `(width, height)` in pixels.
"""

from __future__ import annotations

from math import isfinite
from typing import Literal, NamedTuple

from datakit.io.orientation import SIDEWAYS, turned_size
from datakit.record import Box

Size = tuple[int, int]
BoxFormat = Literal["xyxy", "xywh", "centre"]
BoxScale = Literal["unit", "0-1000", "pixel"]
BoxFrame = Literal["original", "padded"]

BACK = {6: 8, 8: 6}  # the orientations that undo another; the others undo themselves


class View(NamedTuple):
    """An image as a shard has it, and what it was made of.

    Attributes:
        size: as written.
        stored: of its source, before it was turned or shrunk; None where it is the same.
        orientation: EXIF's in the source, 1 to 8.
        is_turned: whether what is written was turned upright by it.
    """

    size: Size
    stored: Size | None = None
    orientation: int = 1
    is_turned: bool = False

    @property
    def source_size(self) -> Size:
        """Pixels of the source as they are stored."""
        return self.stored or self.size

    @property
    def shown_size(self) -> Size:
        """Pixels of the source as a viewer shows it, which turns it as EXIF says."""
        return turned_size(self.source_size, self.orientation)

    def place(self, box: Box) -> Box:
        """A box in the stored pixels of the source, in the pixels that are written."""
        if not self.is_turned:
            return rescale(box, self.source_size, self.size)
        return rescale(turn(box, self.source_size, self.orientation), self.shown_size, self.size)

    def unturned(self, box: Box) -> Box:
        """A box in the shown pixels of the source, in its stored ones."""
        return turn(box, self.shown_size, BACK.get(self.orientation, self.orientation))


def from_xywh(x: float, y: float, width: float, height: float) -> Box:
    """The box with its corner at `(x, y)`."""
    return (x, y, x + width, y + height)


def clip(box: Box, size: Size) -> Box | None:
    """The part of a box that is inside the image; None where there is none."""
    if not all(map(isfinite, box)):
        return None
    width, height = size
    x1, x2 = max(0.0, box[0]), min(float(width), box[2])
    y1, y2 = max(0.0, box[1]), min(float(height), box[3])
    return (x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None


def rescale(box: Box, size: Size, to: Size) -> Box:
    """The box in the pixels of the same image at another size."""
    if size == to:
        return box
    across, down = to[0] / size[0], to[1] / size[1]
    return (box[0] * across, box[1] * down, box[2] * across, box[3] * down)


def turn(box: Box, size: Size, orientation: int) -> Box:
    """The box in an image that is turned as EXIF's orientation says.

    Args:
        size: of the image before.
    """
    x1, y1, x2, y2 = box
    width, height = size
    if orientation in (2, 3, 7, 8):  # mirrored along x
        x1, x2 = width - x2, width - x1
    if orientation in (3, 4, 6, 7):  # along y
        y1, y2 = height - y2, height - y1
    return (y1, x1, y2, x2) if orientation in SIDEWAYS else (x1, y1, x2, y2)


def into_padded_square(box: Box, size: Size) -> tuple[Box, Size]:
    """The box, and the size, of the image centred in the square that holds it (LLaVA's `pad`)."""
    side = max(size)
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    return (box[0] + left, box[1] + top, box[2] + left, box[3] + top), (side, side)


def write_box(
    box: Box,
    size: Size,
    *,
    form: BoxFormat = "xyxy",
    scale: BoxScale = "unit",
    decimals: int = 3,
    frame: BoxFrame = "original",
) -> str:
    """A box as text such as `[0.125,0.300,0.500,0.875]` (Honeybee, appendix on templates).

    Args:
        box: inside the image.
        size: of the image.
        form: corners, corner and extent, or centre and extent.
        scale: fractions of the frame, thousandths of it, or its pixels.
        decimals: digits after the point; 0 writes whole numbers.
        frame: the image itself, or the square that it is padded to.
    """
    if frame == "padded":
        box, size = into_padded_square(box, size)
    x1, y1, x2, y2 = rescale(box, size, SCALED[scale]) if scale in SCALED else box
    corners = {
        "xyxy": (x1, y1, x2, y2),
        "xywh": (x1, y1, x2 - x1, y2 - y1),
        "centre": ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1),
    }[form]
    return f"[{','.join(f'{value:.{decimals}f}' for value in corners)}]"


SCALED: dict[str, Size] = {"unit": (1, 1), "0-1000": (1000, 1000)}
