"""What has to be fetched for a mixture, where it belongs, and what is there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import datakit
from datakit.mixture import load_mixture
from datakit.planning.downloads import wanted_downloads
from datakit.sources import dataset_names, find_converter, load_dataset_entry
from tests.cli.command import datakit as command
from tests.releases import Release, layout_of

MIXTURE = """\
name: three
root: {root}
sources:
  - {dataset: aokvqa, path: A-OKVQA, options: {images: ../coco}}
  - {name: captions, dataset: coco-captions, path: COCO, options: {images: ../coco}}
  - {dataset: docvqa, path: DocVQA, split: val}
  - {name: own, dataset: llava-json, path: own/*.json}
"""
OWN = [n for n in dataset_names() if (e := load_dataset_entry(n)).converter == n and e.download]


@pytest.mark.parametrize("name", OWN)
def test_what_is_listed_lies_where_the_converter_reads(name: str, tmp_path: Path) -> None:
    layout = layout_of(name)
    layout.write(tmp_path)
    listed = load_dataset_entry(name).download
    needed = next(item for item in listed if not item.splits or layout.split in item.splits)
    assert (tmp_path / layout.path / needed.to).exists()


@pytest.mark.parametrize("name", dataset_names())
def test_every_list_names_splits_that_there_are_and_places_inside(name: str) -> None:
    entry = load_dataset_entry(name)
    splits = find_converter(entry.converter).splits
    for item in entry.download:
        assert not splits or set(item.splits) <= set(splits)
        assert item.url.startswith(("https://", "http://"))
        assert not Path(item.to).is_absolute() and ".." not in Path(item.to).parts


def test_images_that_two_sources_share_are_one_download(release: Release) -> None:
    path = release.write_mixture(MIXTURE)
    wanted = {item.path.relative_to(release.root): item for item in datakit.downloads(path)}
    images = wanted[Path("coco/train2017")]
    assert images.sources == ("aokvqa", "captions")
    assert images.size_bytes == 19_340_000_000
    assert Path("coco/val2017") not in wanted, "no source reads this split"
    assert wanted[Path("DocVQA/val_v1.0.json")].present
    assert not wanted[Path("COCO/annotations")].present
    own = next(item for item in wanted.values() if item.sources == ("own",))
    assert own.path == release.root / "own/*.json" and not own.present
    assert own.note.startswith("A JSON list")


def test_check_without_the_data_lists_what_to_download(release: Release) -> None:
    path = release.write_mixture(MIXTURE)
    result = command("check", path)
    assert result.returncode == 2
    rows = [line.split() for line in result.stdout.splitlines()]
    image_rows = [row for row in rows if str(release.root / "coco/train2017") in row]
    assert image_rows[0][:3] == ["missing", "19.3", "GB"]
    after = rows[rows.index(image_rows[0]) + 1 :]
    assert after[1] == ["from", "http://images.cocodataset.org/zips/train2017.zip"]
    assert max(map(len, result.stdout.splitlines())) < 80 + len(str(release.root))
    assert ["ok", "?", str(release.root / "DocVQA/documents")] in [row[:3] for row in rows]
    assert "To download: 19.6 GB, and 2 downloads of unknown size." in result.stdout
    assert "nothing is at 2 paths" in result.stderr
    fields = json.loads(command("check", path, "--json").stdout)
    assert (fields["well"], fields["missing_bytes"]) == (False, 19_340_000_000 + 252_900_000)
    assert fields["downloads"][0]["sources"] == ["aokvqa"]


def test_a_path_that_may_be_misspelled_is_still_pointed_out(release: Release) -> None:
    path = release.write_mixture(
        "name: one\nroot: '{root}'\nsources:\n  - {dataset: docvqa, path: DocVQQ, split: val}\n"
    )
    result = command("check", path)
    assert f"{path}:4: sources[0].path: nothing at" in result.stderr
    assert "Did you mean 'DocVQA'" in result.stderr


def test_other_mistakes_come_before_the_list(release: Release) -> None:
    path = release.write_mixture(MIXTURE + "  - {dataset: chartqq, path: ChartQA Dataset}\n")
    result = command("check", path)
    assert result.returncode == 2
    assert "no dataset 'chartqq'" in result.stderr and result.stdout == ""


def test_check_of_what_is_there_speaks_json_too(release: Release) -> None:
    fields = json.loads(command("check", release.mixture, "--json").stdout)
    assert fields["well"] is True
    assert [source["name"] for source in fields["sources"]] == ["chartqa", "docvqa", "sharegpt-4v"]


def test_what_is_left_out_needs_no_download(release: Release) -> None:
    path = release.write_mixture(MIXTURE + "leave_out: [captioning, vqa-mc]\n")
    assert {item.sources for item in datakit.downloads(path)} == {("docvqa",), ("own",)}


def test_what_lies_there_packed_need_not_be_unpacked(release: Release) -> None:
    wanted = wanted_downloads(load_mixture(release.mixture))
    pages = next(item for item in wanted if item.path.name == "documents")
    assert pages.present
    documents = release.root / "DocVQA" / "documents"
    shutil.make_archive(str(documents), "zip", documents.parent, "documents")
    shutil.rmtree(documents)
    again = wanted_downloads(load_mixture(release.mixture))
    assert next(item for item in again if item.path.name == "documents").present
    (release.root / "DocVQA" / "documents.zip").unlink()
    gone = wanted_downloads(load_mixture(release.mixture))
    assert not next(item for item in gone if item.path.name == "documents").present


def test_a_path_of_a_mixture_may_be_in_an_archive(release: Release) -> None:
    whole = datakit.plan(release.mixture).fingerprint
    folder = release.root / "DocVQA"
    shutil.make_archive(str(folder), "zip", release.root, "DocVQA")
    shutil.rmtree(folder)
    assert datakit.plan(release.mixture).fingerprint == whole
