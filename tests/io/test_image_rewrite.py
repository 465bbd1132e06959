"""What an image becomes when it is encoded anew, and what is counted as lost by that."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps

from datakit.io.image_header import ImageError, read_header, without_warnings
from datakit.io.image_rewrite import WrittenImage, write_image, written_header
from datakit.io.image_style import ImageStyle

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def written(data: bytes, **style: Any) -> WrittenImage:
    """The image as the style has it; its header is checked against its bytes."""
    how = ImageStyle(**style)
    with without_warnings():
        made = write_image(data, how)
    assert made.header == read_header(made.data) == written_header(made.source, how)
    return made


def opened(made: WrittenImage) -> Image.Image:
    return Image.open(BytesIO(made.data))


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def gradient(mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> Image.Image:
    """Dark at its top left corner, light at the opposite one."""
    tall, wide = Image.linear_gradient("L"), Image.linear_gradient("L").rotate(90)
    return Image.blend(tall, wide, 0.5).resize(size).convert(mode)


def oriented(number: int, kind: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = number
    return encoded(gradient(), kind, exif=exif)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("check", ["none", "header", "decode"])
def test_by_default_the_bytes_stay(kind: str, check: str) -> None:
    for data in (encoded(gradient(), kind), oriented(6, kind)):
        made = written(data, check=check, max_side_px=40)
        assert (made.data, made.changes) == (data, ())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("number", range(1, 9))
def test_exif_orientation_is_kept_and_said_or_applied(kind: str, number: int) -> None:
    data = oriented(number, kind)
    assert written(data).header.orientation == number
    made = written(data, orientation="apply")
    assert made.header.orientation == 1
    expected = ImageOps.exif_transpose(Image.open(BytesIO(data)))
    found = opened(made)
    assert found.size == expected.size
    assert found.getexif().get(ExifTags.Base.Orientation, 1) == 1
    corners = [(2, 2), (2, found.height - 3), (found.width - 3, 2)]
    for corner in corners:
        levels = (found.convert("L").getpixel(corner), expected.convert("L").getpixel(corner))
        assert levels[0] == pytest.approx(levels[1], abs=12)


def test_what_is_encoded_anew_is_always_upright() -> None:
    made = written(oriented(6), max_side_px=20)
    assert (made.header.width_px, made.header.height_px) == (15, 20)
    assert set(made.changes) == {"re-encoded", "metadata-dropped", "turned", "resized"}


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\x7f"])
def test_broken_exif_is_no_fault(exif: bytes) -> None:
    data = encoded(gradient(), "JPEG", exif=exif)
    assert read_header(data).orientation == 1


@pytest.mark.parametrize(
    ("size", "most", "expected"),
    [
        ((40, 30), 20, (20, 15)),
        ((30, 40), 20, (15, 20)),
        ((40, 30), 39, (39, 29)),
        ((400, 2), 100, (100, 1)),
        ((3000, 20), 10, (10, 1)),
        ((1001, 999), 500, (500, 499)),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_longer_side_is_shrunk_in_the_images_own_format(
    size: tuple[int, int], most: int, expected: tuple[int, int], kind: str
) -> None:
    made = written(encoded(gradient(size=size), kind), max_side_px=most)
    assert (made.header.width_px, made.header.height_px) == expected
    assert opened(made).format == kind
    assert made.changes == ("re-encoded", "resized")


def test_thin_lines_are_mixed_not_dropped() -> None:
    lines = Image.new("L", (800, 800), "white")
    lines.paste(0, (0, 0, 800, 400))
    for y in range(0, 400, 8):
        lines.paste(255, (0, y, 800, y + 2))
    small = opened(written(encoded(lines, "PNG"), max_side_px=100)).convert("L")
    assert all(30 < small.getpixel((50, y)) < 100 for y in range(2, 48))  # type: ignore[operator]


def with_key() -> bytes:
    return encoded(gradient("L").convert("RGB"), "PNG", transparency=(0, 0, 0))


def rgb_of_16_bits() -> bytes:
    """A PNG of 8 x 8 px, three channels of 16 bits: Pillow reads, but does not write these."""
    rows = b"".join(b"\0" + struct.pack(">3H", 1000, 30000, 65535) * 8 for _ in range(8))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


CLEAR = Image.new("RGBA", (40, 30), (200, 10, 10, 0))
GREY_16 = Image.frombytes("I;16", (40, 30), struct.pack("<1200H", *range(20000, 44000, 20)))
FRAMES = [gradient().quantize(16), Image.new("RGB", (40, 30), "red").quantize(4)]


@pytest.mark.parametrize(
    ("data", "mode", "changes"),
    [
        (encoded(gradient("L"), "PNG"), "L", ()),
        (encoded(gradient("1"), "PNG"), "L", ()),
        (encoded(gradient().quantize(16), "PNG"), "RGB", ()),
        (encoded(gradient("RGBA"), "PNG"), "RGB", ()),
        (encoded(CLEAR, "PNG"), "RGB", ("alpha-on-white",)),
        (encoded(CLEAR.convert("LA"), "PNG"), "RGB", ("alpha-on-white",)),
        (encoded(CLEAR, "WEBP", lossless=True), "RGB", ("alpha-on-white",)),
        (with_key(), "RGB", ()),
        (encoded(gradient("CMYK"), "JPEG"), "RGB", ("cmyk-to-rgb",)),
        (encoded(GREY_16, "PNG"), "L", ("8-bit",)),
        (rgb_of_16_bits(), "RGB", ("8-bit",)),
        (encoded(gradient(), "BMP"), "RGB", ()),
        (encoded(gradient(), "TIFF"), "RGB", ()),
        (
            encoded(FRAMES[0], "GIF", save_all=True, append_images=FRAMES[1:]),
            "RGB",
            ("first-frame",),
        ),
        (
            encoded(gradient(), "WEBP", save_all=True, append_images=[Image.new("RGB", (40, 30))]),
            "RGB",
            ("first-frame",),
        ),
    ],
)
def test_every_mode_becomes_a_jpeg_and_what_is_lost_is_said(
    data: bytes, mode: str, changes: tuple[str, ...]
) -> None:
    made = written(data, mode="jpeg")
    assert (opened(made).format, opened(made).mode) == ("JPEG", mode)
    assert made.changes == ("re-encoded", *changes)


def test_16_bits_become_their_upper_8() -> None:
    found = opened(written(encoded(GREY_16, "PNG"), mode="jpeg", quality=95))
    levels = found.getextrema()
    assert levels[0] == pytest.approx(20000 / 256, abs=4)
    assert levels[1] == pytest.approx(43980 / 256, abs=4)


def test_what_was_see_through_is_white() -> None:
    pixel = opened(written(encoded(CLEAR, "PNG"), mode="jpeg")).getpixel((5, 5))
    assert pixel == (255, 255, 255)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_webp_keeps_what_is_see_through(kind: str) -> None:
    made = written(encoded(CLEAR, kind, lossless=True), mode="webp")
    assert opened(made).mode == "RGBA"
    assert made.changes == ("re-encoded",)


@pytest.mark.parametrize(
    ("image", "mode"),
    [
        (gradient("1"), "L"),
        (gradient("L"), "L"),
        (gradient().quantize(16), "RGB"),
        (gradient("RGBA"), "RGBA"),
        (CLEAR.quantize(4), "RGBA"),
        (GREY_16, "I;16"),
    ],
)
def test_pngs_of_every_mode_are_shrunk(image: Image.Image, mode: str) -> None:
    made = written(encoded(image, "PNG"), max_side_px=20)
    assert opened(made).mode == mode
    assert opened(made).size == (20, 15)


def test_turning_a_palette_or_a_lossless_webp_loses_no_colour() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 3
    for data in (
        encoded(gradient().quantize(16), "PNG", exif=exif),
        encoded(gradient(), "WEBP", exif=exif, lossless=True),
    ):
        found = opened(written(data, orientation="apply"))
        expected = ImageOps.exif_transpose(Image.open(BytesIO(data)))
        assert found.convert("RGB").tobytes() == expected.convert("RGB").tobytes()


@pytest.mark.parametrize("mode", ["copy", "jpeg", "webp"])
def test_the_colour_profile_stays_but_with_cmyk(mode: str) -> None:
    data = encoded(gradient(), "JPEG", icc_profile=PROFILE)
    assert opened(written(data, mode=mode, max_side_px=20)).info["icc_profile"] == PROFILE
    cmyk = encoded(gradient("CMYK"), "JPEG", icc_profile=PROFILE)
    found = opened(written(cmyk, mode=mode, max_side_px=20))
    assert ("icc_profile" in found.info) == (mode == "copy") == (found.mode == "CMYK")


def test_quality_decides_the_bytes_and_the_same_image_gives_the_same() -> None:
    data = encoded(gradient(size=(300, 200)), "PNG")
    low, high, again = (written(data, mode="jpeg", quality=q).data for q in (30, 95, 30))
    assert len(low) < len(high)
    assert low == again


def test_damage_inside_is_found_when_encoding_anew() -> None:
    data = encoded(gradient(size=(200, 200)), "PNG")
    start = data.index(b"IDAT") + 10
    with pytest.raises(ImageError, match="image-undecodable"):
        written(data[:start] + bytes(20) + data[start + 20 :], mode="jpeg")


def test_a_gif_is_refused_with_the_key_that_converts_it() -> None:
    with pytest.raises(ImageError, match="images.mode: jpeg"):
        written(encoded(gradient(), "GIF"))


def test_what_a_format_cannot_hold_is_said() -> None:
    with pytest.raises(ImageError, match="image-not-encodable"):
        written(encoded(Image.new("L", (17_000, 2)), "PNG"), mode="webp")
