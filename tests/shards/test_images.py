"""Images that are shrunk, turned or encoded anew in a build, and the boxes that follow them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import ExifTags, Image, ImageDraw

import datakit
from datakit.inspect import LoadedSample
from datakit.io.image_style import ImageStyle
from datakit.record import Box
from datakit.shards.image_threads import image_threads
from tests.releases import Release
from tests.releases.refcoco import write_refcoco
from tests.shards.test_build import digests

MIXTURE = """\
name: boxes
root: {root}
images: {{{images}}}
instructize: {{diversity: single, multi_turn: false, boxes: {{{boxes}}}}}
sources:
  - {{dataset: refcoco, path: refcoco}}
"""
IMAGE = "train2014/COCO_train2014_000000000031.jpg"
STORED = (64, 48)
BOXES = {(4.0, 5.0, 24.0, 15.0), (40.5, 20.0, 64.0, 48.0), (0.0, 0.0, 7.0, 7.5)}
ON_THEIR_SIDE = {(33.0, 4.0, 43.0, 24.0), (0.0, 40.5, 28.0, 64.0), (40.5, 0.0, 48.0, 7.0)}


def build(folder: Path, images: str = "", boxes: str = "") -> dict[str, LoadedSample]:
    """The samples of a build of a small RefCOCO, by their phrase."""
    mixture = folder / "boxes.yaml"
    mixture.write_text(MIXTURE.format(root=folder, images=images, boxes=boxes))
    datakit.build(mixture, out=folder / "out", workers=1)
    assert datakit.verify(folder / "out") == []
    return {sample.objects[0].label: sample for sample in datakit.open(folder / "out")}


def orient(path: Path, number: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = number
    image = Image.open(path).copy()
    image.save(path, exif=exif)


def boxes_of(samples: dict[str, LoadedSample]) -> set[Box]:
    return {sample.objects[0].bbox_px for sample in samples.values()}


def numbers(sample: LoadedSample) -> list[float]:
    """The box that the answer states, or the question where the sample is inverted."""
    texts = [message.content for message in sample.messages]
    found = re.search(r"\[([\d.,]+)\]", "\n".join(texts))
    return [float(text) for text in found[1].split(",")] if found else []


def test_boxes_are_of_the_image_as_it_is_written(tmp_path: Path) -> None:
    write_refcoco(tmp_path)
    samples = build(tmp_path, "max_side_px: 32", "scale: pixel, decimals: 2")
    for sample in samples.values():
        assert sample.open_images()[0].size == (32, 24)
        assert numbers(sample) == list(sample.objects[0].bbox_px)
    assert boxes_of(samples) == {tuple(side / 2 for side in box) for box in BOXES}


def test_fractions_do_not_change_with_the_size(tmp_path: Path) -> None:
    (tmp_path / "large").mkdir()
    (tmp_path / "small").mkdir()
    for folder in ("large", "small"):
        write_refcoco(tmp_path / folder)
    large = build(tmp_path / "large")
    small = build(tmp_path / "small", "max_side_px: 32")
    texts = {label: sample.messages for label, sample in large.items()}
    assert {label: sample.messages for label, sample in small.items()} == texts


@pytest.mark.parametrize("style", ["orientation: apply", "mode: jpeg", "mode: webp"])
def test_boxes_turn_with_their_image(tmp_path: Path, style: str) -> None:
    orient(write_refcoco(tmp_path) / IMAGE, 6)
    samples = build(tmp_path, style, "scale: pixel, decimals: 2")
    for sample in samples.values():
        assert sample.open_images()[0].size == STORED[::-1]
        assert numbers(sample) == list(sample.objects[0].bbox_px)
    assert boxes_of(samples) == ON_THEIR_SIDE


def test_boxes_are_turned_to_what_they_frame(tmp_path: Path) -> None:
    """A red field in a grey image is in its box however the image is turned and shrunk."""
    path = write_refcoco(tmp_path) / IMAGE
    fields = json.loads((tmp_path / "refcoco" / "finetune_refcoco_train.json").read_text())
    x, y, width, height = fields["annotations"][0]["bbox"]
    for number in range(1, 9):
        image = Image.new("RGB", STORED, "grey")
        ImageDraw.Draw(image).rectangle((x, y, x + width - 1, y + height - 1), fill="red")
        image.save(path, "PNG")
        orient(path, number)
        folder = tmp_path / "out"
        sample = build(tmp_path, "orientation: apply, max_side_px: 48")["thing 0"]
        red = sample.open_images()[0].convert("RGB").getchannel(1).point(lambda g: 255 * (g < 64))
        assert red.getbbox() == pytest.approx(sample.objects[0].bbox_px, abs=1), number
        for file in sorted(folder.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()


def test_kept_orientation_stands_in_the_index_and_leaves_boxes_alone(tmp_path: Path) -> None:
    path = write_refcoco(tmp_path) / IMAGE
    orient(path, 6)
    samples = build(tmp_path)
    assert boxes_of(samples) == BOXES
    data = datakit.open(tmp_path / "out")
    assert all(sample.image_bytes == (path.read_bytes(),) for sample in samples.values())
    assert data.index["image_orientation"].to_list() == [[6]] * 3
    assert data.index["image_width_px"].to_list() == [[STORED[0]]] * 3
    assert data.manifest.sources[0].changed_images == {}


@pytest.mark.parametrize(("style", "expected"), [("", BOXES), ("mode: jpeg", ON_THEIR_SIDE)])
def test_boxes_drawn_on_the_image_as_viewers_show_it(
    tmp_path: Path, style: str, expected: set[Box]
) -> None:
    folder = write_refcoco(tmp_path)
    orient(folder / IMAGE, 6)
    file = folder / "finetune_refcoco_train.json"
    fields = json.loads(file.read_text())
    for image in fields["images"]:
        image["width"], image["height"] = STORED[::-1]
    for row, (x1, y1, x2, y2) in zip(
        fields["annotations"], [(33, 4, 43, 24), (0, 40.5, 28, 64), (40.5, 0, 48, 7)], strict=True
    ):
        row["bbox"] = [x1, y1, x2 - x1, y2 - y1]
    file.write_text(json.dumps(fields))
    assert boxes_of(build(tmp_path, style)) == expected


def test_what_was_changed_is_counted_by_image(tmp_path: Path) -> None:
    orient(write_refcoco(tmp_path) / IMAGE, 6)
    build(tmp_path, "mode: jpeg, max_side_px: 32")
    data = datakit.open(tmp_path / "out")
    kinds = ("metadata-dropped", "re-encoded", "resized", "turned")
    assert data.manifest.sources[0].changed_images == dict.fromkeys(kinds, 3)
    changes = data.index["image_changes"].explode().to_list()
    assert {frozenset(text.split()) for text in changes} == {frozenset(kinds)}
    assert data.index["image_orientation"].to_list() == [[1]] * 3


def test_a_preview_shows_the_boxes_that_will_be_written(tmp_path: Path) -> None:
    orient(write_refcoco(tmp_path) / IMAGE, 6)
    samples = build(tmp_path, "mode: webp, max_side_px: 32", "scale: pixel, decimals: 1")
    texts = {tuple(m.content for m in sample.messages) for sample in samples.values()}
    shown = {
        tuple(m.content for m in sample.conversation.messages)
        for sample in datakit.preview(tmp_path / "boxes.yaml", per_source=3)
        if sample.conversation
    }
    assert shown == texts


def test_codecs_stand_in_the_lock_where_they_decide_bytes(release: Release, tmp_path: Path) -> None:
    for name, overrides in {"copy": (), "jpeg": ("images.mode=jpeg",)}.items():
        datakit.build(release.mixture, out=tmp_path / name, workers=1, overrides=overrides)
        lock = (tmp_path / name / "mixture.lock.yaml").read_text()
        assert ("pillow:" in lock) == (name == "jpeg")


@pytest.mark.parametrize("style", ["check=decode", "mode=jpeg", "check=header"])
def test_threads_within_a_shard_change_no_byte_and_reject_the_same(
    release: Release, tmp_path: Path, style: str
) -> None:
    images = sorted((release.charts / "png").iterdir())
    damaged = bytearray(images[1].read_bytes())
    damaged[60:70] = bytes(10)
    images[1].write_bytes(damaged)
    images[2].write_bytes(b"no image")
    overrides = (f"images.{style}", "max_reject_share=1")
    for workers in (1, 3):
        out = tmp_path / str(workers)
        datakit.build(release.mixture, out=out, workers=workers, overrides=overrides)
        assert datakit.verify(out) == []
    assert digests(tmp_path / "1") == digests(tmp_path / "3")
    reasons = datakit.open(tmp_path / "1").manifest.sources[0].rejected_records
    assert "image-unreadable" in reasons
    assert ("image-undecodable" in reasons) == (style != "check=header")


def test_cores_without_a_shard_of_their_own_decode_in_threads() -> None:
    copied, decoded = ImageStyle(), ImageStyle(check="decode")
    assert [image_threads(copied, 4, tasks) for tasks in (0, 1, 100)] == [1, 1, 1]
    assert [image_threads(decoded, 4, tasks) for tasks in (1, 4, 8, 16)] == [4, 4, 2, 1]
    assert image_threads(decoded, 1, 1) == image_threads(decoded, 1, 0) == 1
