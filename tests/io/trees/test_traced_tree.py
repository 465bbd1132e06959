"""What a cache of records must check: every change that matters changes a stamp."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from datakit.io.image_files import ImageFiles
from datakit.io.trees.local_tree import LocalTree
from datakit.io.trees.source_path import SourcePath
from datakit.io.trees.traced_tree import TracedTree
from datakit.io.trees.unpacked_tree import UnpackedTree

Seen = dict[tuple[str, str], str | None]


def write_release(root: Path) -> Path:
    (root / "images").mkdir(parents=True)
    for number in range(200):
        (root / "images" / f"{number}.png").write_bytes(b"image")
    (root / "train.json").write_text("[1]")
    with zipfile.ZipFile(root / "more.zip", "w") as packed:
        packed.writestr("notes.json", "[2]")
    return root


def read_release(root: Path) -> Seen:
    """Reads as a converter does, then as planning and writing do; returns what was noted."""
    traced = TracedTree(LocalTree(str(root)))
    path = SourcePath(UnpackedTree(traced))
    assert (path / "train.json").read_bytes()
    assert (path / "more" / "notes.json").read_bytes()
    assert not (path / "val.json").exists()
    assert not (path / "missing" / "deep" / "val.json").exists()
    images = ImageFiles(path / "images")
    for name in (path / "images").names():
        assert images.size(name) == 5
        assert images.read(name) == b"image"
    return traced.trace


def is_stale(seen: Seen) -> bool:
    return any(LocalTree(root).stamp(name) != stamp for (root, name), stamp in seen.items())


def edit_in_place(root: Path) -> None:
    """The same size, and the old time of modification."""
    before = (root / "train.json").stat()
    (root / "train.json").write_text("[3]")
    os.utime(root / "train.json", ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(root: Path) -> None:
    (root / "new").write_text("[1]")
    (root / "new").rename(root / "train.json")


def write_archive(root: Path) -> None:
    with zipfile.ZipFile(root / "more.zip", "a") as packed:
        packed.writestr("val.json", "[]")


CHANGES: list[Callable[[Path], object]] = [
    edit_in_place,
    replace,
    write_archive,
    lambda root: (root / "train.json").unlink(),
    lambda root: (root / "val.json").write_text("[]"),
    lambda root: (root / "missing" / "deep").mkdir(parents=True),
    lambda root: (root / "images" / "new.png").write_bytes(b"image"),
    lambda root: (root / "images" / "7.png").unlink(),
    lambda root: (root / "images" / "7.png").rename(root / "images" / "x.png"),
    lambda root: (root / "images").rename(root / "pictures"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_makes_what_was_read_stale(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    root = write_release(tmp_path / "release")
    seen = read_release(root)
    assert not is_stale(seen)
    assert not is_stale(read_release(root))
    change(root)
    assert is_stale(seen)


def test_what_is_noted_grows_with_folders_and_not_with_images(tmp_path: Path) -> None:
    seen = read_release(write_release(tmp_path))
    assert sorted(name for _, name in seen) == [
        "",
        "images",
        "missing",
        "missing/deep",
        "more",
        "more.zip",
        "train.json",
    ]


def test_a_copy_for_another_process_notes_nothing(tmp_path: Path) -> None:
    traced = TracedTree(LocalTree(str(write_release(tmp_path))))
    copy = pickle.loads(pickle.dumps(traced))
    assert isinstance(copy, LocalTree)
    assert copy.read("train.json") == b"[1]"
