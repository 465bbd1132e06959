"""Converted records are kept, and used only as long as nothing that decides them has changed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import datakit
from datakit.sources import read_source
from datakit.sources.cache import RecordCache
from datakit.sources.converter import Converter, find_converter
from datakit.sources.spool import Spool
from tests.cli.command import datakit as run
from tests.releases import Release


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATAKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def chartqa(release: Release, **options: str) -> Converter:
    kind = find_converter("chartqa")
    return kind(release.root / "ChartQA Dataset", "train", kind.Options(**options))


def is_cached(converter: Converter, tmp_path: Path) -> bool:
    return read_source(converter, "x", tmp_path / "x.arrow").from_cache


def test_the_second_time_no_raw_data_is_read(release: Release, tmp_path: Path) -> None:
    first = read_source(chartqa(release), "x", tmp_path / "1.arrow")
    second = read_source(chartqa(release), "x", tmp_path / "2.arrow")
    assert (first.from_cache, second.from_cache) == (False, True)
    assert (tmp_path / "1.arrow").read_bytes() == (tmp_path / "2.arrow").read_bytes()
    assert first.rejects.equals(second.rejects)
    assert (first.records, first.digests, first.mended) == (
        second.records,
        second.digests,
        second.mended,
    )


def rewrite(release: Release) -> None:
    """Another order of the rows: the size of the file stays."""
    file = release.charts / "train_human.json"
    file.write_text(json.dumps(json.loads(file.read_text())[::-1]))


def touch(release: Release) -> None:
    file = release.charts / "train_human.json"
    os.utime(file, ns=(1, 1))


def remove(release: Release) -> None:
    file = release.charts / "train_human.json"
    file.rename(file.with_suffix(".old"))
    file.write_text("[]")


@pytest.mark.parametrize("change", [rewrite, touch, remove])
def test_a_file_that_changed_is_read_again(
    release: Release, tmp_path: Path, change: Callable[[Release], None]
) -> None:
    assert not is_cached(chartqa(release), tmp_path)
    change(release)
    assert not is_cached(chartqa(release), tmp_path)
    assert is_cached(chartqa(release), tmp_path)


def test_images_that_come_later_are_seen(tmp_path: Path) -> None:
    """Where COCO's images lie decides what records call them."""
    folder = tmp_path / "vqa"
    folder.mkdir()
    questions = [{"image_id": 9, "question": "What?", "question_id": 1}]
    (folder / "questions.json").write_text(json.dumps({"questions": questions}))
    answers = [{"question_id": 1, "image_id": 9, "multiple_choice_answer": "a dog"}]
    (folder / "annotations.json").write_text(json.dumps({"annotations": answers}))
    kind = find_converter("vqav2")
    names = []
    for _ in range(2):
        read = read_source(kind(folder, "train", kind.Options()), "x", tmp_path / "x.arrow")
        names.append(Spool(read.spool).take([0])[0]["images"])
        (folder / "images").mkdir(exist_ok=True)
        (folder / "images" / "000000000009.jpg").write_bytes(b"x")
    assert names == [["train2014/COCO_train2014_000000000009.jpg"], ["images/000000000009.jpg"]]


def test_other_options_and_splits_have_entries_of_their_own(
    release: Release, tmp_path: Path
) -> None:
    assert not is_cached(chartqa(release), tmp_path)
    assert not is_cached(chartqa(release, subset="human"), tmp_path)
    assert is_cached(chartqa(release), tmp_path)
    assert len(RecordCache.of_user().entries()) == 2


def test_a_damaged_entry_is_made_again(release: Release, tmp_path: Path) -> None:
    assert not is_cached(chartqa(release), tmp_path)
    (entry,) = RecordCache.of_user().entries()
    (entry.folder / "records.parquet").write_bytes(b"PAR1 and no more")
    assert not is_cached(chartqa(release), tmp_path)
    assert is_cached(chartqa(release), tmp_path)
    (entry.folder / "entry.json").write_text("{")
    assert not is_cached(chartqa(release), tmp_path)


def test_a_cache_that_cannot_be_written_hinders_nothing(
    release: Release, tmp_path: Path, cache: Path
) -> None:
    cache.write_text("a file where the folder should be")
    assert not is_cached(chartqa(release), tmp_path)
    assert not is_cached(chartqa(release), tmp_path)


def test_a_build_is_the_same_with_the_cache_and_without(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = datakit.build(release.mixture, out=tmp_path / "fresh", workers=1)
    again = datakit.build(release.mixture, out=tmp_path / "again", workers=1)
    monkeypatch.setenv("DATAKIT_CACHE", "off")
    without = datakit.build(release.mixture, out=tmp_path / "without", workers=1)
    assert fresh.manifest == again.manifest == without.manifest


def test_a_new_template_or_cap_reads_no_raw_data(release: Release, tmp_path: Path) -> None:
    arguments = ["build", release.mixture, "--workers", "1", "--out"]
    assert "from the cache" not in run(*arguments, tmp_path / "1").stderr
    changed = ["--set", "seed=9", "--set", "instructize.granularity=coarse"]
    said = run(*arguments, tmp_path / "2", *changed, "--set", "balance.cap_samples=2").stderr
    assert "chartqa: 13 records from the cache" in said
    assert said.count("from the cache") == 3


def test_what_is_cached_is_listed_and_cleared(release: Release, cache: Path) -> None:
    assert "nothing is cached" in run("cache").stdout
    datakit.plan(release.mixture)
    listed = run("cache").stdout
    assert f"{release.root / 'DocVQA'}" in listed
    assert "3 entries" in listed
    (cache / "somebody else's").write_text("")
    assert "removed 3 entries" in run("cache", "clear").stdout
    assert [path.name for path in cache.iterdir()] == ["somebody else's"]


def test_nothing_but_entries_is_listed_or_cleared(release: Release, cache: Path) -> None:
    read_source(chartqa(release), "x", cache.parent / "x.arrow")
    own, killed = cache / "mine", cache / ".datakit-abc"
    for folder in (own, killed):
        folder.mkdir()
        (folder / "entry.json").write_text("{}")
    assert len(RecordCache(cache).entries()) == 1
    RecordCache(cache).clear()
    assert [path.name for path in cache.iterdir()] == ["mine"]


def test_a_damaged_entry_is_listed_as_such(release: Release, cache: Path) -> None:
    read_source(chartqa(release), "x", cache.parent / "x.arrow")
    for text in ("{", "[]", "{}"):
        next(cache.glob("*/entry.json")).write_text(text)
        assert "damaged" in (listed := run("cache")).stdout, listed.stderr


def test_what_follows_from_the_records_is_that_of_their_own_version(
    release: Release, tmp_path: Path
) -> None:
    old = read_source(chartqa(release), "x", tmp_path / "1.arrow").cached
    rewrite(release)
    new = read_source(chartqa(release), "x", tmp_path / "2.arrow").cached
    assert old and new and old.folder == new.folder
    one, two = pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [2]})
    assert new.frame("f", lambda: two).equals(two)
    assert old.frame("f", lambda: one).equals(one)
    assert new.frame("f", lambda: one).equals(two)


def test_a_full_disk_hinders_nothing(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = read_source(chartqa(release), "x", tmp_path / "x.arrow").cached

    def full(_: pl.DataFrame, path: Path) -> None:
        path.touch()
        raise pl.exceptions.ComputeError("No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    made = pl.DataFrame({"a": [1]})
    assert entry and entry.frame("f", lambda: made).equals(made)
    assert not list(entry.folder.glob("*.part"))
