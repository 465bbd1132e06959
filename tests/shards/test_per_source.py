"""Shards of one source each: the same samples, in files that other sources do not change."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

import datakit
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


def test_a_whole_build_is_not_written_again(release: Release, tmp_path: Path) -> None:
    first = datakit.build(release.mixture, out=tmp_path / "out", overrides=PER_SOURCE, workers=1)
    again = datakit.build(release.mixture, out=tmp_path / "out", overrides=PER_SOURCE, workers=1)
    assert (again.written_shards, again.manifest) == (0, first.manifest)
