"""Each split of a build becomes a file of its own in every format."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from shutil import copytree

import polars as pl
import pyarrow.parquet as pq
import pytest

import datakit

VAL = "val-000000.tar"


@pytest.fixture(scope="module")
def split_build(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the build whose last shard is the one of `val`."""
    copy = Path(copytree(build, tmp_path_factory.mktemp("split") / "build"))
    manifest = json.loads((copy / "manifest.json").read_text())
    shard = manifest["shards"][-1]
    last = Path(shard["path"]).name
    for suffix in ("", ".idx"):
        (copy / "shards" / f"{last}{suffix}").rename(copy / "shards" / f"{VAL}{suffix}")
    shard |= {"path": f"shards/{VAL}", "split": "val"}
    index = pl.read_parquet(copy / "index.parquet")
    held = pl.col("shard") == last
    index = index.with_columns(
        split=pl.when(held).then(pl.lit("val")).otherwise("split"),
        shard=pl.when(held).then(pl.lit(VAL)).otherwise("shard"),
    )
    index.write_parquet(copy / "index.parquet")
    data = (copy / "index.parquet").read_bytes()
    entry = next(entry for entry in manifest["files"] if entry["path"] == "index.parquet")
    entry |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (copy / "manifest.json").write_text(json.dumps(manifest))
    return copy


def keys(build: Path, split: str) -> set[str]:
    index = datakit.open(build).index
    return set(index.filter(split=split)["key"])


def test_llava(split_build: Path, tmp_path: Path) -> None:
    result = datakit.export(split_build, to="llava", out=tmp_path / "out")
    for split in ("train", "val"):
        rows = json.loads((tmp_path / "out" / f"{split}.json").read_text())
        assert {row["id"] for row in rows} == keys(split_build, split)
        assert result.samples[split] == len(rows) > 0


def test_llamafactory(split_build: Path, tmp_path: Path) -> None:
    result = datakit.export(split_build, to="llamafactory", out=tmp_path / "out")
    registered = json.loads((tmp_path / "out" / "dataset_info.json").read_text())
    files = {name: entry["file_name"] for name, entry in registered.items()}
    assert files == {"mixed": "train.jsonl", "mixed_val": "val.jsonl"}
    lines = {split: lines_of(tmp_path / "out" / f"{split}.jsonl") for split in result.samples}
    assert result.samples == lines


def test_swift(split_build: Path, tmp_path: Path) -> None:
    result = datakit.export(split_build, to="swift", out=tmp_path / "out")
    lines = {split: lines_of(tmp_path / "out" / f"{split}.jsonl") for split in ("train", "val")}
    assert result.samples == lines


@pytest.mark.filterwarnings("ignore")  # the reader's own warnings
def test_parquet(split_build: Path, tmp_path: Path) -> None:
    datakit.export(split_build, to="parquet", out=tmp_path / "out")
    datasets = pytest.importorskip("datasets")
    configs = datasets.load_dataset_builder(str(tmp_path / "out")).config.data_files
    assert set(configs) == {"train", "validation"}
    for split in ("train", "val"):
        table = pq.read_table(tmp_path / "out" / "data" / f"{split}-00000.parquet")
        assert set(table["id"].to_pylist()) == keys(split_build, split)


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())
