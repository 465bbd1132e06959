"""What an image's bytes say of themselves, without decoding its pixels."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from datakit.io.image_style import Check
from datakit.io.orientation import orientation_of

EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp"}
CONVERTIBLE = (*EXTENSIONS, "GIF", "BMP", "TIFF")
EXIF_KEYS = frozenset({"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"})
JPEG_END = b"\xff\xd9"
MOST_PLAIN_PIXELS = 1 << 26
FRAME_MARKERS = frozenset({0xC0, 0xC1, 0xC2})
SCAN_MARKER = 0xDA
FRAME = struct.Struct(">BHHB")  # bits, height, width, colours
# Other kinds of frames, a height that comes later, and segments of EXIF, XMP and Adobe's colours.
UNUSUAL_MARKERS = frozenset({0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xD0), 0xE1, 0xEE, 0xDC, 0xD9})
PNG_END = b"IEND\xaeB`\x82"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHeader:
    """Format and size of an image as it is stored.

    Attributes:
        extension: what its bytes are, whatever its name.
        orientation: EXIF's, 1 to 8: how a viewer turns it before showing it; 1 is not at all.
    """

    extension: str
    width_px: int
    height_px: int
    orientation: int = 1


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
            which catches truncation at no cost; `decode` decodes all of its data.

    Raises:
        ImageError: empty, not an image, a format that shards do not hold, cut off, or so large
            that decoding it would be an attack.
    """
    if check != "decode" and (plain := read_plain_jpeg(data)):
        return plain
    with without_warnings():
        image, header = open_image(data, check=check)
        if check == "decode":
            check_pixels(image)
    return header


@contextmanager
def without_warnings() -> Iterator[None]:
    """Silences Pillow on images of more than 89 megapixels and on broken metadata: no faults here.

    Filters of warnings are the process's own: threads that open images stand inside of one such
    block.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def open_image(
    data: bytes, *, check: Check = "header", convertible: bool = False
) -> tuple[Image.Image, ImageHeader]:
    """An image that is not decoded yet, and its header; checks all but the pixels.

    Args:
        convertible: takes formats that shards do not hold, too, if they can be encoded anew.

    Raises:
        ImageError: as `read_header`.
    """
    if not data:
        raise ImageError("image-empty", "0 bytes")
    if check != "none" and not _ends_whole(data):
        raise ImageError("image-truncated", f"{len(data)} bytes without the format's end")
    image = _open(data)
    kind = str(image.format)
    if kind not in (CONVERTIBLE if convertible else EXTENSIONS):
        mend = "; `images.mode: jpeg` converts it" if kind in CONVERTIBLE else ""
        raise ImageError("image-format", f"{kind}; shards hold jpg, png or webp{mend}")
    header = ImageHeader(
        extension=EXTENSIONS.get(kind, kind.lower()),
        width_px=image.width,
        height_px=image.height,
        orientation=1 if EXIF_KEYS.isdisjoint(image.info) else orientation_of(image),
    )
    return image, header


def check_pixels(image: Image.Image) -> None:
    """Decodes all of the data; of a JPEG only grey pixels are made of it, at an eighth of its size.

    Every fault of a JPEG shows in its coefficients, all of which are read in any case; making full
    pixels of them takes the other half of the time, and cannot fail.

    Raises:
        ImageError: they are damaged.
    """
    image.draft("L", (max(1, image.width // 8), max(1, image.height // 8)))
    decode(image)


def decode(image: Image.Image) -> None:
    """Decodes every pixel.

    Raises:
        ImageError: they are damaged.
    """
    try:
        image.load()
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        raise ImageError("image-undecodable", str(error)) from error


def _open(data: bytes) -> Image.Image:
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
        return data.rfind(JPEG_END) >= _jpeg_scan_start(data)
    if data.startswith(b"RIFF"):
        return len(data) >= int.from_bytes(data[4:8], "little") + 8
    return True


def read_plain_jpeg(data: bytes) -> ImageHeader | None:
    """The header of a whole JPEG of the usual kind; None of all else, which Pillow then judges.

    Usual is: baseline or progressive, 8 bits, grey or three colours, no metadata, both ends there.
    Most images of a training set are, and Pillow takes ten times as long.
    """
    if not data.startswith(b"\xff\xd8"):
        return None
    segments = _jpeg_segments(data)
    frames = [at for marker, at in segments if marker in FRAME_MARKERS]
    if len(frames) != 1 or segments[-1][0] != SCAN_MARKER:
        return None
    if not UNUSUAL_MARKERS.isdisjoint([marker for marker, _ in segments]):
        return None
    precision, height, width, channels = FRAME.unpack_from(data, frames[0] + 4)
    usual = precision == 8 and channels in (1, 3) and 0 < width * height <= MOST_PLAIN_PIXELS
    if not usual or data.rfind(JPEG_END) < segments[-1][1]:
        return None
    return ImageHeader(extension="jpg", width_px=width, height_px=height)


def _jpeg_scan_start(data: bytes) -> int:
    """Where the first scan of a JPEG starts, or its length where it has none."""
    starts = (at for marker, at in _jpeg_segments(data) if marker == SCAN_MARKER)
    return next(starts, len(data))


def _jpeg_segments(data: bytes) -> list[tuple[int, int]]:
    """The marker of each segment up to the first scan, and where it starts."""
    segments: list[tuple[int, int]] = []
    at, last, marker = 2, len(data) - 10, 0
    while at < last and data[at] == 0xFF and marker != SCAN_MARKER:
        marker = data[at + 1]
        if marker == 0xFF:  # fill
            at += 1
            continue
        segments.append((marker, at))
        without_length = marker == 0x01 or 0xD0 <= marker <= 0xD8
        at += 2 if without_length else 2 + (data[at + 2] << 8 | data[at + 3])
    return segments
