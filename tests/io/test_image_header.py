"""What an image's bytes say, and which bytes are refused."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from datakit.io.image_header import (
    ImageError,
    check_pixels,
    decode,
    open_image,
    read_header,
    read_plain_jpeg,
    without_warnings,
)
from datakit.io.image_style import Check


def encoded(kind: str, mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> bytes:
    buffer = BytesIO()
    Image.new(mode, size).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "extension"),
    [
        (encoded("PNG"), "png"),
        (encoded("PNG", "P"), "png"),
        (encoded("PNG", "RGBA"), "png"),
        (encoded("JPEG"), "jpg"),
        (encoded("JPEG", "L"), "jpg"),
        (encoded("JPEG", "CMYK"), "jpg"),
        (encoded("WEBP"), "webp"),
        (encoded("JPEG") + b"camera notes after the end", "jpg"),
    ],
)
@pytest.mark.parametrize("check", ["none", "header", "decode"])
def test_the_extension_and_size_come_from_the_bytes(
    data: bytes, extension: str, check: Check
) -> None:
    header = read_header(data, check=check)
    assert (header.extension, header.width_px, header.height_px) == (extension, 40, 30)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_file_without_its_end_is_truncated(kind: str) -> None:
    with pytest.raises(ImageError, match="image-truncated"):
        read_header(encoded(kind)[:-8])


def test_a_jpeg_cut_behind_its_thumbnail_is_truncated() -> None:
    whole = encoded("JPEG", size=(300, 200))
    thumbnail = encoded("JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    with_thumbnail = whole[:2] + segment + whole[2:]
    read_header(with_thumbnail)
    with pytest.raises(ImageError, match="image-truncated"):
        read_header(with_thumbnail[:-50])


def test_only_decoding_finds_damage_inside() -> None:
    data = bytearray(encoded("PNG", size=(200, 200)))
    start = data.index(b"IDAT") + 10
    data[start : start + 20] = b"\x00" * 20
    read_header(bytes(data), check="header")
    with pytest.raises(ImageError, match="image-undecodable"):
        read_header(bytes(data), check="decode")


def damaged(data: bytes, random: Random) -> bytes:
    """An image with a piece replaced, taken out or put in, or cut off before its end."""
    broken, at = bytearray(data), random.randrange(len(data))
    match random.randrange(4):
        case 0:
            for place in random.sample(range(len(data)), 3):
                broken[place] = random.randrange(256)
        case 1:
            del broken[at : at + random.randrange(1, 400)]
        case 2:
            broken[at:at] = random.randbytes(random.randrange(1, 50))
        case _:
            broken[at:] = b"\xff\xd9"
    return bytes(broken)


def fault_of(data: bytes, look: Callable[[Image.Image], None]) -> str:
    try:
        with without_warnings():
            look(open_image(data, check="none")[0])
    except ImageError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"restart_marker_blocks": 4}, {"subsampling": 0}])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_at_an_eighth_shows_each_fault_that_its_full_pixels_show(
    mode: str, options: dict[str, Any], progressive: bool
) -> None:
    buffer, random = BytesIO(), Random(0)
    noise = Image.frombytes("RGB", (41, 23), random.randbytes(41 * 23 * 3))
    noise.convert(mode).save(buffer, "JPEG", progressive=progressive, **options)
    images = [damaged(buffer.getvalue(), random) for _ in range(200)]
    found = [fault_of(image, check_pixels) for image in images]
    assert found == [fault_of(image, decode) for image in images]
    assert 20 < sum(map(bool, found)) < 180


def test_a_header_of_60000_x_60000_px_is_refused_and_not_decoded() -> None:
    size = struct.pack(">II", 60_000, 60_000) + b"\x08\x02\x00\x00\x00"
    chunk = b"IHDR" + size
    head = struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    with pytest.raises(ImageError, match="image-too-large"):
        read_header(b"\x89PNG\r\n\x1a\n" + head + b"\x00\x00\x00\x00IEND\xaeB`\x82")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "image-empty"),
        (b"<!doctype html>", "image-unreadable"),
        (encoded("GIF"), "image-format"),
        (encoded("TIFF"), "image-format"),
    ],
)
def test_other_bytes_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError) as caught:
        read_header(data)
    assert caught.value.reason == reason


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"comment": b"a comment"}])
def test_plain_jpegs_are_read_as_pillow_reads_them(mode: str, options: dict[str, Any]) -> None:
    buffer = BytesIO()
    Image.new(mode, (300, 200)).save(buffer, "JPEG", **options)
    data = buffer.getvalue()
    assert read_plain_jpeg(data) == open_image(data)[1]
    for cut in range(len(data)):
        assert read_plain_jpeg(data[:cut]) is None


def test_what_is_no_plain_jpeg_is_left_to_pillow() -> None:
    exif = Image.Exif()
    exif[274] = 6
    buffer = BytesIO()
    Image.new("RGB", (40, 30)).save(buffer, "JPEG", exif=exif)
    others = [buffer.getvalue(), encoded("JPEG", "CMYK"), encoded("PNG"), b"", b"\xff\xd8\xff\xd9"]
    assert [read_plain_jpeg(data) for data in others] == [None] * 5
    assert read_header(others[0]).orientation == 6


@given(st.binary(max_size=60), st.integers(0, 600))
def test_any_bytes_are_an_image_or_a_named_fault(noise: bytes, at: int) -> None:
    data = bytearray(encoded("JPEG"))
    data[at : at + len(noise)] = noise
    try:
        found = read_header(bytes(data))
    except ImageError as error:
        assert error.reason.startswith("image-")
    else:
        assert found.width_px > 0
