"""EXIF's orientation, 1 to 8: how a viewer turns an image before showing it; 1 is not at all."""

from __future__ import annotations

from struct import error as StructError

from PIL import ExifTags, Image

SIDEWAYS = frozenset({5, 6, 7, 8})  # exchange width and height
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation_of(image: Image.Image) -> int:
    """An image's orientation; 1 where there is none, or none that can be read.

    Pillow turns TIFF itself, and transformers' `load_image` turns what it hands on: both leave 1.
    """
    if image.format == "TIFF":
        return 1
    try:
        # Not the format's own method: PNG's decodes every pixel to look behind them.
        found = Image.Image.getexif(image).get(ExifTags.Base.Orientation)
    except (SyntaxError, ValueError, TypeError, OSError, KeyError, StructError):
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def upright(image: Image.Image) -> Image.Image:
    """The image with its pixels turned as its orientation says."""
    turn = UPRIGHT.get(orientation_of(image))
    return image if turn is None else image.transpose(turn)


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Width and height of `upright(image)`, known without its pixels."""
    return turned_size(image.size, orientation_of(image))


def turned_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Width and height after turning the pixels as an orientation says."""
    return size[::-1] if orientation in SIDEWAYS else size
