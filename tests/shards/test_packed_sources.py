"""A release builds the same bytes however it is packed: unpacked, zip, tar, beside or whole."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pytest

import datakit
from datakit.errors import RejectShareError
from datakit.planning.resolve import ResolvedSource
from datakit.shards import build
from tests.releases import Release
from tests.shards.test_build import SMALL_SHARDS, digests

WHOLE = """\
name: small
seed: 7
root: {root}
sources:
  - {dataset: chartqa, path: ChartQA Dataset.KIND, split: train}
  - {dataset: docvqa, path: DocVQA.KIND, split: val}
  - {dataset: sharegpt-4v, path: ShareGPT4V.KIND, options: {images: scenes}}
"""
IMAGE_FOLDERS = ("ChartQA Dataset/train/png", "DocVQA/documents", "ShareGPT4V/scenes")


def pack(folder: Path, kind: str, *, top: str) -> None:
    """Puts a folder's files into an archive beside it, under `top`, and removes the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    members = [(file, f"{top}{file.relative_to(folder).as_posix()}") for file in files]
    target = folder.with_name(f"{folder.name}.{kind}")
    if kind == "zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
            for file, name in members:
                packed.write(file, name)
    else:
        with tarfile.open(target, "w") as packed_tar:
            for file, name in members:
                packed_tar.add(file, name)
    shutil.rmtree(folder)


@pytest.fixture
def unpacked(release: Release, tmp_path: Path) -> dict[str, str]:
    """The digests of the build of the release as it is."""
    datakit.build(release.mixture, out=tmp_path / "unpacked", workers=1, overrides=SMALL_SHARDS)
    return digests(tmp_path / "unpacked")


@pytest.mark.parametrize(
    ("kind", "inner_folder", "workers"),
    [("zip", True, 1), ("zip", False, 2), ("tar", True, 2), ("tar", False, 1)],
)
def test_images_packed_beside_their_annotations(
    release: Release,
    unpacked: dict[str, str],
    tmp_path: Path,
    kind: str,
    inner_folder: bool,
    workers: int,
) -> None:
    for name in IMAGE_FOLDERS:
        folder = release.root / name
        pack(folder, kind, top=f"{folder.name}/" if inner_folder else "")
    out = tmp_path / "packed"
    datakit.build(release.mixture, out=out, workers=workers, overrides=SMALL_SHARDS)
    assert digests(out) == unpacked
    assert datakit.verify(out) == []


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("inner_folder", [True, False])
def test_a_whole_release_as_one_archive(
    release: Release, unpacked: dict[str, str], tmp_path: Path, kind: str, inner_folder: bool
) -> None:
    fingerprint = datakit.plan(release.mixture, overrides=SMALL_SHARDS).fingerprint
    for folder in sorted(release.root.iterdir()):
        pack(folder, kind, top=f"{folder.name}/" if inner_folder else "")
    mixture = release.write_mixture(WHOLE.replace("KIND", kind), "whole.yaml")
    assert datakit.plan(mixture, overrides=SMALL_SHARDS).fingerprint == fingerprint
    datakit.build(mixture, out=tmp_path / "packed", workers=1, overrides=SMALL_SHARDS)
    changed = {name for name, own in digests(tmp_path / "packed").items() if own != unpacked[name]}
    assert changed <= {"mixture.lock.yaml", "manifest.json", "README.md"}
    assert datakit.verify(tmp_path / "packed") == []


def test_one_archive_is_unpacked_and_the_other_is_not(
    release: Release, unpacked: dict[str, str], tmp_path: Path
) -> None:
    charts = release.charts / "png"
    files = sorted(charts.iterdir())
    for part in (0, 1):
        with zipfile.ZipFile(charts / f"part_{part}.zip", "w") as packed:
            for file in files[part::2]:
                packed.write(file, file.name)
    for file in files[1::2]:
        file.unlink()
    datakit.build(release.mixture, out=tmp_path / "packed", workers=1, overrides=SMALL_SHARDS)
    assert digests(tmp_path / "packed") == unpacked


def test_a_preview_of_packed_images_is_that_of_files(release: Release) -> None:
    before = datakit.preview(release.mixture)
    for name in IMAGE_FOLDERS:
        pack(release.root / name, "zip", top="")
    assert datakit.preview(release.mixture) == before


def test_faulty_members_reject_their_records_and_no_others(
    release: Release, tmp_path: Path
) -> None:
    folder = release.charts / "png"
    contents = {
        "0.png": b"",
        "1.png": b"<!doctype html><title>Not found</title>",
        "2.png": (folder / "2.png").read_bytes(),
        "two_col_0.png": bytes(300_000_000),
        "../outside.png": b"",
    }
    pack(folder, "zip", top="")
    with zipfile.ZipFile(release.charts / "png.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in contents.items():
            packed.writestr(name, data)
    with pytest.raises(RejectShareError):
        datakit.build(release.mixture, out=tmp_path / "out", workers=1)
    rejects = pl.read_parquet(tmp_path / "out" / "rejects.parquet")
    of_charts = rejects.filter(pl.col("source") == "chartqa")
    assert dict(of_charts["reason"].value_counts().iter_rows()) == {
        "image-empty": 3,
        "image-unreadable": 3 + 2,
        "image-missing": 2,
    }
    assert any("zip bomb" in detail for detail in of_charts["detail"])
    assert datakit.verify(tmp_path / "out") == []


def test_a_mixture_of_buckets_builds_the_same_shards(release: Release, tmp_path: Path) -> None:
    files = fsspec.filesystem("memory")
    files.put(str(release.root), "/bucket/", recursive=True)
    here = datakit.resolve(release.mixture, overrides=SMALL_SHARDS)

    def moved(source: ResolvedSource) -> ResolvedSource:
        inner = Path(source.path).relative_to(release.root.parent)
        change: dict[str, Any] = {"path": f"memory://bucket/{inner}"}
        return replace(source, **change)

    there = replace(here, sources=tuple(map(moved, here.sources)))
    built = [
        build(mixture, tmp_path / name, workers=1)
        for name, mixture in (("here", here), ("there", there))
    ]
    files.rm("/bucket", recursive=True)
    assert built[0].manifest == built[1].manifest
    assert digests(tmp_path / "here") == digests(tmp_path / "there")
