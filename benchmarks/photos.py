"""Many JPEGs of one size that are all different, drawn in seconds, and questions about them."""

from __future__ import annotations

import json
import random
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageFilter

DRAWN = 200
WIDTH_PX, HEIGHT_PX = 640, 480
DRAWN_SHARE = 0.95  # of a photo's bytes; a comment with its number fills the rest
MIXTURE = """\
name: photos
root: .
sources:
  - dataset: columns
    path: photos.jsonl
    options: {question: question, answer: answer, image: image}
    instructize: {response_format: {prompt: word-or-phrase}}
"""


def draw_photos(folder: Path, count: int, photo_bytes: int) -> None:
    """Writes photos of exactly `photo_bytes`, two questions about each, and a mixture of them."""
    images = folder / "images"
    if images.is_dir() and len(list(images.iterdir())) == count:
        return
    images.mkdir(parents=True)
    drawn = [draw_photo(seed, int(photo_bytes * DRAWN_SHARE)) for seed in range(DRAWN)]
    with (folder / "photos.jsonl").open("w") as rows:
        for number in range(count):
            name = f"images/{number:06d}.jpg"
            photo = with_comment(drawn[number % DRAWN], number, photo_bytes)
            (folder / name).write_bytes(photo)
            for row in questions(number):
                rows.write(json.dumps({**row, "image": name}) + "\n")
    (folder / "photos.yaml").write_text(MIXTURE)


def draw_photo(seed: int, most_bytes: int) -> bytes:
    """Noise over soft shapes, at the best quality that has at most `most_bytes`."""
    random_ = random.Random(seed)
    size = (WIDTH_PX, HEIGHT_PX)
    small = Image.frombytes("RGB", (16, 12), random_.randbytes(16 * 12 * 3))
    shapes = small.resize(size, Image.Resampling.BICUBIC)
    noise = Image.frombytes("RGB", size, random_.randbytes(WIDTH_PX * HEIGHT_PX * 3))
    noise = noise.filter(ImageFilter.GaussianBlur(0.7))
    photo = Image.blend(shapes, noise, 0.35)
    for quality in range(95, 5, -3):
        buffer = BytesIO()
        photo.save(buffer, "JPEG", quality=quality)
        if buffer.tell() <= most_bytes:
            return buffer.getvalue()
    raise ValueError(f"{most_bytes} bytes are too few")


def with_comment(photo: bytes, number: int, photo_bytes: int) -> bytes:
    """A JPEG filled up with comments that no other one has."""
    missing, comments = photo_bytes - len(photo), b""
    while missing:
        size = missing if missing <= 60_000 else 50_000
        text = random.Random(number).randbytes(size - 4)
        comments += b"\xff\xfe" + (size - 2).to_bytes(2, "big") + text
        missing -= size
    return photo[:2] + comments + photo[2:]


def questions(number: int) -> list[dict[str, str]]:
    """Two questions, as a dataset of visual questions might have them."""
    return [
        {"question": f"How many shapes are there in picture {number}?", "answer": f"{number % 9}"},
        {"question": "Which colour is the largest one?", "answer": "a light green"},
    ]
