"""What the model sees of a sample of a real build."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
import torch
from PIL import ExifTags, Image

import datakit
from trainer.data.measure import measure_rows
from trainer.data.samples import encode_sample
from trainer.model.build import ModelAndProcessor
from trainer.model.image_processor import SquareImageProcessor
from trainer.model.processor import EncoderMixtureProcessor

COLUMNS = {
    "boxes": "{image: file, phrase: phrase, bbox: box}",
    "captions": "{image: file, caption: phrase}",
}


@pytest.mark.parametrize(("columns", "as_stored"), [("boxes", True), ("captions", False)])
def test_boxes_are_shown_the_pixels_that_they_are_of(
    tmp_path: Path, small: ModelAndProcessor, columns: str, as_stored: bool
) -> None:
    """A photo that a viewer turns by a quarter: its boxes are of the pixels as they are stored."""
    photo = Image.new("RGB", (90, 30), "white")
    photo.paste("red", (0, 0, 30, 30))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    photo.save(tmp_path / "photo.png", exif=exif)
    (tmp_path / "rows.jsonl").write_text(
        '{"file": "photo.png", "phrase": "the red part", "box": [0, 0, 30, 30]}\n'
    )
    (tmp_path / "mine.yaml").write_text(
        "name: mine\nsources:\n"
        f"  - {{dataset: columns, path: rows.jsonl, options: {COLUMNS[columns]}}}\n"
    )
    datakit.build(tmp_path / "mine.yaml", out=tmp_path / "out", root=tmp_path)
    build = datakit.open(tmp_path / "out")
    processor = EncoderMixtureProcessor(
        SquareImageProcessor(side_px=32, geometry={"type": "tile"}),
        small.processor.tokenizer,
        chat_format=small.processor.chat_format,
        tokens_per_view=2,
    )
    encoded = encode_sample(build[0], processor, exchanges=1)
    stored = BytesIO()
    photo.save(stored, "PNG", exif=Image.Exif())
    shown = Image.open(stored) if as_stored else photo.transpose(Image.Transpose.ROTATE_270)
    expected = processor.image_processor(shown)
    assert torch.equal(encoded.pixel_values, expected["pixel_values"])
    assert torch.equal(encoded.view_areas, expected["view_areas"])
    (measured,) = measure_rows(build, [0], processor, cut_tokens=None)
    assert measured.views == len(encoded.pixel_values)
    assert measured.tokens == len(encoded.input_ids)
