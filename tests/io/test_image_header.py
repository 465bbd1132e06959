"""What an image's bytes say, and which bytes are refused."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from datakit.io.image_header import ImageError, read_header
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
