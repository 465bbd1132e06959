"""Shards of one source each: the same samples, in files that other sources do not change."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import datakit
from datakit.errors import DataError, OutputError
from tests.releases import Release

PER_SOURCE = ("output.layout=per-source", "output.shard_samples=2")


def shard_digests(build: Path) -> dict[str, str]:
    """SHA-256 of every shard, by name."""
    paths = sorted((build / "shards").glob("*.tar"))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_each_shard_is_of_one_source_and_nothing_else_differs(
    release: Release, tmp_path: Path
) -> None:
    held_out = "holdout.share=0.5"
    mixed, apart = tmp_path / "mixed", tmp_path / "apart"
    datakit.build(release.mixture, out=mixed, overrides=[held_out], workers=1)
    result = datakit.build(release.mixture, out=apart, overrides=[*PER_SOURCE, held_out], workers=1)
    assert datakit.verify(apart) == []
    data = datakit.open(apart)
    assert sorted(s.id for s in data) == sorted(s.id for s in datakit.open(mixed))
    assert all(data[sample.id] == sample for sample in datakit.open(mixed))
    for shard, split, source in data.index.select("shard", "split", "source").iter_rows():
        assert shard.startswith(f"{split}-{source}-0")
    assert result.manifest.layout == "per-source"
    trained = data.index.filter(pl.col("split") == "train")
    for entry in result.manifest.sources:
        assert entry.share == entry.samples / len(trained)


def test_another_source_changes_no_shard_of_the_first(release: Release, tmp_path: Path) -> None:
    few = [*PER_SOURCE, "leave_out=[docvqa]"]
    datakit.build(release.mixture, out=tmp_path / "few", overrides=few, workers=1)
    datakit.build(release.mixture, out=tmp_path / "all", overrides=PER_SOURCE, workers=1)
    before, after = shard_digests(tmp_path / "few"), shard_digests(tmp_path / "all")
    assert before.items() < after.items()
    assert {name.split("-")[1] for name in after.keys() - before.keys()} == {"docvqa"}


def renewed(release: Release, out: Path, *overrides: str, **options: Any) -> int:
    """Builds into the folder again; returns how many shards were written."""
    more = [*PER_SOURCE, *overrides]
    result = datakit.build(release.mixture, out=out, overrides=more, workers=1, **options)
    assert datakit.verify(out) == []
    fresh = out.with_name("fresh")
    expected = datakit.build(
        release.mixture, out=fresh, overrides=more, workers=1, force=True, **options
    )
    assert result.manifest == expected.manifest
    assert {p.name for p in out.rglob("*")} == {p.name for p in fresh.rglob("*")}
    return result.written_shards


def test_only_the_shards_that_must_are_written_again(release: Release, tmp_path: Path) -> None:
    out = tmp_path / "out"
    without = "leave_out=[docvqa]"
    assert renewed(release, out, without) == 5
    assert renewed(release, out) == 1, "a source was added"
    own = tmp_path / "own" / "fine"
    own.mkdir(parents=True)
    (own / "docvqa.yaml").write_text(
        "task: vqa-open\nanswer: short\ntemplates:\n"
        "  - {id: read, user: 'Read: {{ question }}', assistant: '{{ answer }}'}\n"
    )
    assert renewed(release, out, templates=tmp_path / "own") == 1, "one template was changed"
    assert renewed(release, out, "sources.sharegpt-4v.cap_samples=2") == 2
    assert renewed(release, out, "holdout.share=0.5", "leave_out=[sharegpt-4v]") > 0
    assert renewed(release, out, without) > 0


def test_data_that_moved_is_renewed_without_writing_a_shard(
    release: Release, tmp_path: Path
) -> None:
    """Where the data lie decides no byte of a shard, but stands in the lock file."""
    out = tmp_path / "out"
    renewed(release, out)
    moved = release.root.rename(release.root.with_name("moved"))
    assert renewed(release, out, f"root={moved}") == 0


def test_a_renewal_without_room_leaves_the_build_whole(release: Release, tmp_path: Path) -> None:
    out = tmp_path / "out"
    datakit.build(release.mixture, out=out, overrides=PER_SOURCE, workers=1)
    with next((release.charts / "png").iterdir()).open("r+b") as image:
        image.truncate(shutil.disk_usage(tmp_path).total)
    with pytest.raises(DataError, match="free"):
        more = [*PER_SOURCE, "leave_out=[docvqa]"]
        datakit.build(release.mixture, out=out, overrides=more, workers=1)
    assert datakit.verify(out) == []


def test_a_renewal_that_was_stopped_goes_on(release: Release, tmp_path: Path) -> None:
    out = tmp_path / "out"
    renewed(release, out, "leave_out=[docvqa]")

    def stop(_shard: object, _done: int, _total: int) -> None:
        raise KeyboardInterrupt

    more, progress = [*PER_SOURCE, "seed=8"], datakit.Progress(on_shard=stop)
    with pytest.raises(KeyboardInterrupt):
        datakit.build(release.mixture, out=out, overrides=more, workers=1, progress=progress)
    assert not (out / "manifest.json").exists()
    assert renewed(release, out, "leave_out=[docvqa]") == 1, "the first was of the other seed"


def test_another_mixture_and_a_damaged_shard_are_not_taken_over(
    release: Release, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    renewed(release, out)
    with pytest.raises(OutputError, match="another mixture"):
        renewed(release, out, "name=other")
    with pytest.raises(OutputError, match="another mixture"):
        datakit.build(release.mixture, out=out)
    shard = out / "shards" / "train-chartqa-000001.tar"
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    assert renewed(release, out, "leave_out=[docvqa]") == 1


def test_a_whole_build_is_not_written_again(release: Release, tmp_path: Path) -> None:
    first = datakit.build(release.mixture, out=tmp_path / "out", overrides=PER_SOURCE, workers=1)
    again = datakit.build(release.mixture, out=tmp_path / "out", overrides=PER_SOURCE, workers=1)
    assert (again.written_shards, again.manifest) == (0, first.manifest)
