"""Images encoded anew: turned upright, shrunk, in another format, and what that changes.

What is encoded anew holds pixels and their colour profile: of EXIF the orientation is applied, the
rest is left out. Of an animation it is the first frame.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import PIL
from PIL import Image, features

from datakit.io.image_header import (
    EXIF_KEYS,
    ImageError,
    ImageHeader,
    check_pixels,
    decode,
    open_image,
    read_plain_jpeg,
)
from datakit.io.image_style import ImageStyle
from datakit.io.orientation import SIDEWAYS, UPRIGHT, turned_size

FORMATS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}
WANTED = {"jpeg": "jpg", "webp": "webp"}
SIXTEEN_BITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenImage:
    """An image as a shard holds it.

    Attributes:
        header: of `data`.
        source: of its source's image.
        changes: what differs from its source, such as `resized`; nothing where the bytes are its.
    """

    data: bytes
    header: ImageHeader
    source: ImageHeader
    changes: tuple[str, ...] = ()


def codec_versions() -> dict[str, str]:
    """Versions of all that decides the bytes of an image that is encoded anew."""
    names = ("libjpeg_turbo", "jpg", "webp", "zlib", "zlib_ng")
    known = {name: features.version(name) for name in names}
    return {"pillow": PIL.__version__, **{name: found for name, found in known.items() if found}}


def written_header(header: ImageHeader, style: ImageStyle) -> ImageHeader:
    """The header that an image will have in its shard; its own where its bytes stay."""
    size = header.width_px, header.height_px
    too_large = style.max_side_px is not None and max(size) > style.max_side_px
    turned = style.orientation == "apply" and header.orientation != 1
    if style.mode == "copy" and not (too_large or turned):
        return header
    size = turned_size(size, header.orientation)
    if style.max_side_px is not None and too_large:
        share = style.max_side_px / max(size)
        size = max(1, round(size[0] * share)), max(1, round(size[1] * share))
    extension = WANTED.get(style.mode, header.extension)
    return ImageHeader(extension=extension, width_px=size[0], height_px=size[1])


def write_image(data: bytes, style: ImageStyle) -> WrittenImage:
    """The image as the style wants it: checked, and the same bytes where nothing else is asked for.

    Called within `without_warnings`.

    Raises:
        ImageError: as `read_header`, or its pixels are damaged, or the format cannot hold them.
    """
    if not style.decodes and (plain := read_plain_jpeg(data)):
        return WrittenImage(data=data, header=plain, source=plain)
    image, header = open_image(data, check=style.check, convertible=style.mode != "copy")
    wanted = written_header(header, style)
    if wanted is header:
        if style.check == "decode":
            check_pixels(image)
        return WrittenImage(data=data, header=header, source=header)
    changes = ["re-encoded", *_losses(data, image)]
    lossless = header.extension == "webp" and b"VP8L" in data[12:40]
    size = wanted.width_px, wanted.height_px
    sideways = header.orientation in SIDEWAYS
    shrunk = size != ((header.height_px, header.width_px) if sideways else image.size)
    if shrunk:
        # Decodes a JPEG at an eighth to a half where that is still twice as large as wanted.
        across, down = size[::-1] if sideways else size
        image.draft(None, (2 * across, 2 * down))
    decode(image)
    profile = image.info.get("icc_profile")
    pixels = _plain(image, shrunk=shrunk)
    if header.orientation != 1:
        changes.append("turned")
        pixels = pixels.transpose(UPRIGHT[header.orientation])
    if shrunk:
        changes.append("resized")
        pixels = pixels.resize(size, Image.Resampling.LANCZOS)
    pixels, more = _fitting(pixels, wanted.extension, keep_cmyk=style.mode == "copy")
    options: dict[str, Any] = {}
    if wanted.extension != "png":
        options["quality"] = style.quality
    if wanted.extension == header.extension == "webp" and style.mode == "copy":
        options["lossless"] = lossless
    if profile and "cmyk-to-rgb" not in more:
        options["icc_profile"] = profile
    encoded = _encode(pixels, FORMATS[wanted.extension], options)
    return WrittenImage(data=encoded, header=wanted, source=header, changes=(*changes, *more))


def _losses(data: bytes, image: Image.Image) -> list[str]:
    """What an image holds that is left out when it is encoded anew."""
    found = []
    if not EXIF_KEYS.isdisjoint(image.info):
        found.append("metadata-dropped")
    if getattr(image, "is_animated", False):
        found.append("first-frame")
    if image.format == "PNG" and image.mode in ("RGB", "RGBA", "LA") and data[24] == SIXTEEN_BITS:
        found.append("8-bit")  # Pillow decodes these to 8 bits
    return found


def _plain(image: Image.Image, *, shrunk: bool) -> Image.Image:
    """Pixels that can be turned, and mixed where they are shrunk: no palette, no colour key."""
    if image.has_transparency_data and image.mode not in ("RGBA", "LA"):
        return image.convert("RGBA")
    if image.mode in ("P", "PA"):
        return image.convert("RGB")
    return image.convert("L") if image.mode == "1" and shrunk else image


def _fitting(
    pixels: Image.Image, extension: str, *, keep_cmyk: bool
) -> tuple[Image.Image, list[str]]:
    """Pixels in a mode that the format holds, and what was lost by that."""
    changes = []
    if pixels.mode in ("I;16", "I;16B", "I;16L", "I;16N", "I", "F") and extension != "png":
        changes.append("8-bit")
        pixels = _in_8_bits(pixels)
    if extension == "png":
        return pixels, changes
    if pixels.mode == "CMYK" and not (keep_cmyk and extension == "jpg"):
        changes.append("cmyk-to-rgb")
        pixels = pixels.convert("RGB")
    if pixels.mode in ("RGBA", "LA") and extension == "jpg":
        if pixels.getextrema()[-1][0] < 255:  # type: ignore[index]
            changes.append("alpha-on-white")
        pixels = _on_white(pixels.convert("RGBA"))
    if pixels.mode == "LA":
        pixels = pixels.convert("RGBA")
    if pixels.mode not in ("L", "RGB", "RGBA", "CMYK"):
        pixels = pixels.convert("L" if pixels.mode == "1" else "RGB")
    return pixels, changes


def _in_8_bits(pixels: Image.Image) -> Image.Image:
    """Grey levels of 16 bits as their upper 8."""
    return pixels.convert("I").point(lambda level: level * (1 / 256)).convert("L")


def _on_white(pixels: Image.Image) -> Image.Image:
    white = Image.new("RGBA", pixels.size, "white")
    return Image.alpha_composite(white, pixels).convert("RGB")


def _encode(pixels: Image.Image, kind: str, options: dict[str, Any]) -> bytes:
    pixels.info = {}  # or Pillow writes some of it
    buffer = BytesIO()
    try:
        pixels.save(buffer, kind, **options)
    except (OSError, ValueError, struct.error) as error:
        raise ImageError("image-not-encodable", f"as {kind}: {error}") from error
    return buffer.getvalue()
