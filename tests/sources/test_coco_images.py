"""Where COCO's images are found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from datakit.io.trees import open_source
from datakit.sources.coco_images import CocoImages, coco_id
from datakit.sources.row import BadRow


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


@pytest.mark.parametrize(
    "name",
    [
        "train2014/COCO_train2014_000000000031.jpg",
        "train2014/000000000031.jpg",
        "images/train2014/COCO_train2014_000000000031.jpg",
        "images/000000000031.jpg",
        "train2017/000000000031.jpg",
        "COCO_val2014_000000000031.jpg",
        "000000000031.jpg",
    ],
)
def test_an_image_is_found_wherever_it_may_be(tmp_path: Path, name: str) -> None:
    touch(tmp_path, name)
    assert CocoImages(open_source(tmp_path), "train2014").name(31) == name


def test_images_spread_over_folders_and_namings(tmp_path: Path) -> None:
    names = ["val2017/000000000003.jpg", "train2017/000000000001.jpg"]
    names += ["train2017/COCO_val2014_000000000002.jpg", "images/000000000004.jpg"]
    touch(tmp_path, *names, "train2017/notes.txt")
    images = CocoImages(open_source(tmp_path), "val2014")
    assert [images.name(number) for number in (3, 1, 2, 4)] == names


def test_the_subsets_own_folder_comes_first(tmp_path: Path) -> None:
    names = ["train2017/000000000001.jpg", "val2014/COCO_val2014_000000000001.jpg"]
    touch(tmp_path, *names)
    assert [CocoImages(open_source(tmp_path), s).name(1) for s in ("train2017", "val2014")] == names


def test_an_image_that_is_nowhere_gets_the_name_it_should_have(tmp_path: Path) -> None:
    assert CocoImages(open_source(tmp_path), "train2017").name(5) == "train2017/000000000005.jpg"
    assert (
        CocoImages(open_source(tmp_path), "val2014").name(5)
        == "val2014/COCO_val2014_000000000005.jpg"
    )
    touch(tmp_path, "images/000000000001.jpg")
    assert CocoImages(open_source(tmp_path), "val2014").name(5) == "images/000000000005.jpg"


def test_a_folder_is_listed_once_and_no_file_is_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, *(f"train2014/{number:012}.jpg" for number in range(50)))
    listed: list[str] = []
    listdir = os.listdir

    def counted(path: Path) -> list[str]:
        listed.append(str(path))
        return listdir(path)

    monkeypatch.setattr(os, "listdir", counted)
    images = CocoImages(open_source(tmp_path), "train2014")
    for number in range(50):
        images.name(number)
    assert listed == [str(tmp_path / "train2014")]
    for number in range(60, 90):
        images.name(number)
    once = list(listed)
    assert set(once) == {str(tmp_path / name) for name in ("train2014", "images", "")}
    for number in range(60, 90):
        images.name(number)
    assert listed == once


@pytest.mark.parametrize(
    "text",
    [
        "31",
        "000000000031",
        "COCO_val2014_000000000031.jpg",
        "COCO_train2014_000000000031_7",
        "a/000000000031.jpg",
    ],
)
def test_ids_and_names_that_hold_one(text: str) -> None:
    assert coco_id(text, "image_id") == 31


@pytest.mark.parametrize("text", ["cat", "-1", "1.5", "2" * 13, "COCO_31.jpg", "٣"])
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(BadRow, match="expected the id of a COCO image"):
        coco_id(text, "image_id")
