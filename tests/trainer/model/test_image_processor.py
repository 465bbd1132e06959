"""Images of every shape and mode become square views."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image, ImageOps
from transformers import image_utils

from datakit.errors import DataError
from datakit.io.orientation import upright, upright_size
from datakit.registry import module_names
from trainer.model.image_processor import SquareImageProcessor

SIDE = 32


def colour(image: Any) -> list[int]:
    """Of the middle of the one view of an image."""
    pixels = SquareImageProcessor(side_px=SIDE)(image)["pixel_values"]
    assert pixels.shape == (1, 3, SIDE, SIDE)
    return [int(channel) for channel in pixels[0, :, SIDE // 2, SIDE // 2]]


@pytest.mark.parametrize("size", [(1, 10_000), (10_000, 1)])
@pytest.mark.parametrize("name", module_names("trainer.geometry"))
def test_a_line_of_pixels_becomes_few_views(name: str, size: tuple[int, int]) -> None:
    processor = SquareImageProcessor(side_px=SIDE, geometry={"type": name})
    image = Image.new("RGB", size, "red")
    views = processor.views(image)
    assert len(views) == processor.cutter().num_views(*size) <= 5
    assert all(view.pixels.shape == (3, SIDE, SIDE) for view in views)
    red = torch.tensor([255, 0, 0], dtype=torch.uint8)
    for view in views:
        left, top, right, bottom = view.area
        shown = view.pixels[:, top:bottom, left:right]
        assert torch.equal(shown.flatten(1).amin(1), red)
        assert torch.equal(shown.flatten(1).amax(1), red)


def palette_with_transparency() -> Image.Image:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 200, 0, 0])
    image.info["transparency"] = 1
    return image


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("1", (8, 8), 1), [255, 255, 255]),
        (Image.new("L", (8, 8), 9), [9, 9, 9]),
        (Image.new("LA", (8, 8), (9, 0)), [255, 255, 255]),
        (Image.new("RGBA", (8, 8), (200, 0, 0, 255)), [200, 0, 0]),
        (Image.new("RGBA", (8, 8), (200, 0, 0, 0)), [255, 255, 255]),
        (Image.new("CMYK", (8, 8), (0, 255, 255, 0)), [255, 0, 0]),
        (palette_with_transparency(), [255, 255, 255]),
        (Image.fromarray(np.full((8, 8), 40_000, dtype=np.uint16)), [156, 156, 156]),
        (Image.fromarray(np.full((8, 8), 40_000, dtype=np.int32)), [156, 156, 156]),
        (np.full((8, 8, 3), 7, dtype=np.uint8), [7, 7, 7]),
        (torch.full((1, 8, 8), 7, dtype=torch.uint8), [7, 7, 7]),
    ],
)
def test_every_mode_shows_what_it_looks_like(image: Any, expected: list[int]) -> None:
    assert colour(image) == expected


@pytest.mark.parametrize("image", [Image.new("F", (8, 8)), np.zeros((8, 8, 3), dtype=np.float32)])
def test_values_without_a_known_range_are_refused(image: Any) -> None:
    with pytest.raises(DataError, match="8"):
        colour(image)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", module_names("trainer.geometry"))
def test_an_image_is_turned_once_whoever_opens_it(name: str, orientation: int) -> None:
    """From the file, as training opens it, and by `load_image`, as `apply_chat_template` does."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 90, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG", exif=exif)
    processor = SquareImageProcessor(side_px=SIDE, geometry={"type": name})
    expected = processor(ImageOps.exif_transpose(Image.open(file)))
    assert processor.num_views(Image.open(file)) == expected["num_views"][0]
    load_image: Any = image_utils.load_image
    for image in (Image.open(file), load_image(Image.open(file))):
        shown = processor(image)
        assert torch.equal(shown["pixel_values"], expected["pixel_values"])
        assert torch.equal(shown["view_areas"], expected["view_areas"])


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_an_orientation_that_cannot_be_read_turns_nothing() -> None:
    image = Image.new("RGB", (90, 40))
    image.info["exif"] = b"Exif\0\0II*\0\xff\xff\xff\x7f"
    assert upright_size(image) == upright(image).size == (90, 40)
