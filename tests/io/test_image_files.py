"""Where an image probably is that is not where its record says, and images that are none."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datakit.io.image_files import ImageFiles
from datakit.io.tables import CELL
from datakit.io.trees import open_source


def touch(root: Path, *names: str) -> ImageFiles:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return ImageFiles(open_source(root))


@pytest.mark.parametrize(
    ("there", "named", "nearest"),
    [
        ("images/a.jpg", "images/A.JPG", "images/a.jpg"),
        ("Images/a.jpg", "images/a.jpg", "Images/a.jpg"),
        ("COCO/Train2014/a.jpg", "coco/train2014/a.jpg", "COCO/Train2014/a.jpg"),
        ("images/a.jpg", "a.jpg", "images/a.jpg"),
        ("coco/train2017/a.jpg", "train2017/a.jpg", "coco/train2017/a.jpg"),
        ("a.jpg", "images/a.jpg", "a.jpg"),
        ("train2017/a.jpg", "data/coco/train2017/a.jpg", "train2017/a.jpg"),
        ("images/a.png", "images/a.jpg", "images/a.png"),
        ("images/a.jpeg", "images/a.jpg", "images/a.jpeg"),
        ("images/a.jpg", "images/a", "images/a.jpg"),
        ("images/chart_12.png", "images/chart12.png", "images/chart_12.png"),
    ],
)
def test_the_image_that_a_name_was_meant_to_be(
    tmp_path: Path, there: str, named: str, nearest: str
) -> None:
    images = touch(tmp_path, there)
    assert images.size(named) is None
    assert images.suggestion(named) == f"nearest is {nearest}"
    assert images.size(nearest) == len(there)


def test_the_image_may_be_in_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as packed:
        packed.writestr("a.png", b"data")
    images = ImageFiles(open_source(tmp_path))
    assert images.suggestion("images/a.jpg") == "nearest is images/a.png"
    assert images.suggestion("Images/a.png") == "nearest is images/a.png"


def test_nothing_near_and_nothing_there(tmp_path: Path) -> None:
    images = touch(tmp_path, "images/a.jpg")
    told = images.suggestion("images/zzzzzz.gif")
    assert told == "none near it among the 1 names in 'images'"
    assert images.suggestion("charts/a.txt") == "the folder 'charts' is missing or empty"


def test_things_that_are_no_files(tmp_path: Path) -> None:
    images = touch(tmp_path, "a.jpg")
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "broken.jpg").symlink_to("none")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    for name in ("folder.jpg", "pipe.jpg", "broken.jpg", "loop.jpg"):
        assert images.size(name) is None
        assert "no file" in images.suggestion(name)
        with pytest.raises(OSError):
            images.read(name)


@pytest.mark.parametrize("name", ["a\0.jpg", "a\ud800.jpg", "x" * 300 + ".jpg", "a.jpg/b.jpg"])
def test_names_that_no_file_can_have(tmp_path: Path, name: str) -> None:
    images = touch(tmp_path, "a.jpg")
    assert images.size(name) is None
    assert images.suggestion(name)


def test_a_name_that_is_no_utf8_is_shown_so_that_it_can_be_written(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"data")
    images = ImageFiles(open_source(tmp_path))
    assert images.suggestion("cafe.jpg") == "nearest is caf\N{REPLACEMENT CHARACTER}.jpg"


@pytest.mark.parametrize(
    "named",
    ["images/{}.jpg", "{}.jpg", "pictures/{}.jpg", "pictures/{}/a.jpg", "{}/images/a.jpg"],
)
def test_each_folder_is_listed_once_however_many_images_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    images = touch(tmp_path, *(f"images/{number}.png" for number in range(1000, 1200)))
    for number in range(60):
        (tmp_path / f"more_{number}").mkdir()
    listed: list[str] = []
    listdir = os.listdir

    def counted(path: str) -> list[str]:
        listed.append(path)
        return listdir(path)

    monkeypatch.setattr(os, "listdir", counted)
    names = [named.format(number) for number in range(5000, 5200)]
    told = [images.suggestion(name) for name in names]
    assert len(told) == 200
    assert max(map(listed.count, listed)) <= 3, "for names, archives, and those not readable"


def test_staged_cells_are_forgotten_also_after_a_failure(tmp_path: Path) -> None:
    pq.write_table(pa.table({"image": [b"data"]}), tmp_path / "x.parquet")
    images = ImageFiles(open_source(tmp_path))
    with pytest.raises(KeyError), images.staged(["x.parquet!image/0"], tmp_path):
        raise KeyError
    assert images.read("x.parquet!image/0") == b"data"


def test_many_images_are_looked_up_as_one_by_one(tmp_path: Path) -> None:
    touch(tmp_path, "images/a.jpg", "plain.png")
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as packed:
        packed.writestr("b.png", b"packed data")
    table = pa.table({"image": [b"a cell", None]})
    pq.write_table(table, tmp_path / "rows.parquet")
    cells = [f"rows.parquet{CELL}image/{row}" for row in (0, 1)]
    plain = ["images/a.jpg", "packed/b.png", "plain.png", "images", "gone.jpg", "a\0b.jpg"]
    for names in (plain, [*plain, *cells], [*cells, "plain.png", "plain.png"]):
        one, many = (ImageFiles(open_source(tmp_path)) for _ in range(2))
        assert many.sizes(names) == [one.size(name) for name in names]
        assert many.stamps(names) == [one.stamp(name) for name in names]
        assert [one.size(name) for name in names] == many.sizes(names)
    sizes = ImageFiles(open_source(tmp_path)).sizes([*plain[:3], *cells])
    assert sizes == [12, 11, 9, 6, None]
