"""What an image's bytes say of themselves, without decoding its pixels."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

from PIL import Image, UnidentifiedImageError

EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp"}
JPEG_END = b"\xff\xd9"
PNG_END = b"IEND\xaeB`\x82"

Check = Literal["none", "header", "decode"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHeader:
    """Format and size of an image; `extension` is what its bytes are, whatever its name."""

    extension: str
    width_px: int
    height_px: int


class ImageError(Exception):
    """An image that cannot be used: a short stable reason, and what was found."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def read_header(data: bytes, *, check: Check = "header") -> ImageHeader:
    """Identifies an image from its bytes.

    Args:
        check: `none` reads the header only; `header` also requires the file's end to be there,
            which catches truncation at no cost; `decode` decodes every pixel.

    Raises:
        ImageError: empty, not an image, a format that shards do not hold, cut off, or so large
            that decoding it would be an attack.
    """
    if not data:
        raise ImageError("image-empty", "0 bytes")
    if check != "none" and not _ends_whole(data):
        raise ImageError("image-truncated", f"{len(data)} bytes without the format's end")
    image = _open(data)
    extension = EXTENSIONS.get(str(image.format))
    if extension is None:
        raise ImageError("image-format", f"{image.format}; shards hold jpg, png or webp")
    if check == "decode":
        _decode(image)
    return ImageHeader(extension=extension, width_px=image.width, height_px=image.height)


def _open(data: bytes) -> Image.Image:
    with warnings.catch_warnings():
        # Pillow warns from 89 megapixels, which large scans reach, and refuses twice that.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            return Image.open(BytesIO(data))
        except Image.DecompressionBombError as error:
            raise ImageError("image-too-large", str(error)) from error
        except UnidentifiedImageError as error:
            raise ImageError("image-unreadable", f"not an image: starts {data[:12]!r}") from error
        except (OSError, SyntaxError, ValueError) as error:
            raise ImageError("image-unreadable", str(error)) from error


def _ends_whole(data: bytes) -> bool:
    """Whether the end that the format demands is there; true of what is no such format."""
    if data.startswith(b"\x89PNG"):
        return PNG_END in data[-64:] or PNG_END in data
    if data.startswith(b"\xff\xd8"):
        # Cameras append data after the end marker, so it is sought, not expected last; and a
        # thumbnail has an end of its own, so it is sought behind the segments before the scan.
        return data.find(JPEG_END, _jpeg_scan_start(data)) > 0
    if data.startswith(b"RIFF"):
        return len(data) >= int.from_bytes(data[4:8], "little") + 8
    return True


def _jpeg_scan_start(data: bytes) -> int:
    """Where the first scan of a JPEG starts, or its length where it has none."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xDA:
            return at
        without_length = marker in (0x01, 0xFF) or 0xD0 <= marker <= 0xD8
        fill = 1 if marker == 0xFF else 2
        at += fill if without_length else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return len(data)


def _decode(image: Image.Image) -> None:
    try:
        image.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise ImageError("image-undecodable", str(error)) from error
