"""Other programs' own readers open a build, with no preparation and nothing lost."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import datakit
from datakit.errors import UsageError
from tests.releases import Release, draw

HOLDOUT = ("holdout.share=0.5", "output.shard_samples=3")

pytestmark = pytest.mark.filterwarnings("ignore")  # the readers' own warnings, not ours


@pytest.fixture
def build(release: Release, tmp_path: Path) -> Path:
    """A mix of one image, several images of other types, and none, in several shards."""
    scenes = release.root / "ShareGPT4V" / "scenes"
    draw(scenes / "a.png", "a")
    draw(scenes / "b.webp", "b")
    file = release.root / "ShareGPT4V" / "conversations.json"
    turns = [
        {"from": "human", "value": "<image><image>Which is brighter?"},
        {"from": "gpt", "value": "The second."},
    ]
    rows = [*json.loads(file.read_text())]
    rows += [{"id": "two", "image": ["a.png", "b.webp"], "conversations": turns}]
    file.write_text(json.dumps(rows))
    out = tmp_path / "out"
    datakit.build(release.mixture, out=out, workers=1, overrides=["output.shard_samples=3"])
    return out


def expected(build: Path) -> dict[str, int]:
    """Number of images by key."""
    return {sample.id: len(sample.image_bytes) for sample in datakit.open(build)}


def image_columns(row: dict[str, Any]) -> int:
    """How many image columns of a row hold something."""
    return sum(row[name] is not None for name in row if name.split(".")[-1] in IMAGE_TYPES)


IMAGE_TYPES = {"jpg", "png", "webp"}


def test_webdataset_reads_every_sample_and_image(build: Path) -> None:
    rows = list(datakit.open(build).webdataset())
    assert {row["__key__"]: image_columns(row) for row in rows} == expected(build)


@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_reads_every_sample_image_and_field(
    build: Path, tmp_path: Path, streaming: bool
) -> None:
    datasets = pytest.importorskip("datasets")
    cache = str(tmp_path / "cache")
    rows = list(
        datasets.load_dataset(str(build), split="train", streaming=streaming, cache_dir=cache)
    )
    assert {row["__key__"]: image_columns(row) for row in rows} == expected(build)
    data = datakit.open(build)
    for row in rows:
        sample = data[row["__key__"]]
        texts = [(m["role"], m["content"]) for m in row["json"]["messages"]]
        assert texts == [(m.role, m.content) for m in sample.messages]
        assert row["json"]["provenance"]["turns"][0]["record_id"] == (
            sample.provenance.turns[0].record_id
        )


def test_energon_loads_it_with_no_prepare(build: Path) -> None:
    energon: Any = pytest.importorskip("megatron.energon")

    @energon.stateless  # type: ignore[untyped-decorator]
    def cook(sample: dict[str, Any]) -> Any:
        return energon.TextSample(
            **energon.basic_sample_keys(sample), text=str(len(sample["json"]["messages"]))
        )

    class Encoder(energon.DefaultTaskEncoder):  # type: ignore[misc]
        cookers = [energon.Cooker(cook)]  # noqa: RUF012 - energon's own way

    loader = energon.get_loader(
        energon.get_train_dataset(
            str(build),
            batch_size=1,
            shuffle_buffer_size=None,
            max_samples_per_sequence=None,
            repeat=False,
            worker_config=energon.WorkerConfig(rank=0, world_size=1, num_workers=0),
            task_encoder=Encoder(),
        )
    )
    keys = [key.rpartition("/")[2] for batch in loader for key in batch.__key__]
    assert sorted(keys) == sorted(expected(build))


def test_energons_index_finds_every_member(build: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(build / ".nv-meta" / "index.sqlite")
    try:
        shards = json.loads((build / ".nv-meta" / ".info.json").read_text())["shard_counts"]
        query = (
            "SELECT s.tar_file_id, s.sample_key, p.part_name, p.content_byte_offset, "
            "p.content_byte_size FROM samples s JOIN sample_parts p USING "
            "(tar_file_id, sample_index)"
        )
        parts = connection.execute(query).fetchall()
    finally:
        connection.close()
    data = datakit.open(build)
    assert len(parts) == len(data) + sum(expected(build).values())
    for file_id, key, part, offset, size in parts:
        content = (build / list(shards)[file_id]).read_bytes()[offset : offset + size]
        if part == "json":
            assert json.loads(content)["id"] == key
        else:
            assert content in data[key].image_bytes


def test_wids_json_names_every_shard(build: Path) -> None:
    index = json.loads((build / "train.wids.json").read_text())
    assert index["__kind__"] == "wids-shard-index-v1"
    assert sum(shard["nsamples"] for shard in index["shardlist"]) == len(expected(build))
    for shard in index["shardlist"]:
        assert (build / shard["url"]).stat().st_size == shard["filesize"]


@pytest.fixture
def held_out(release: Release, tmp_path: Path) -> Path:
    """A build with a validation split."""
    datakit.build(release.mixture, out=tmp_path / "out", workers=1, overrides=HOLDOUT)
    return tmp_path / "out"


def keys_of(build: Path, split: str) -> list[str]:
    """The keys of a split; there are some."""
    keys = sorted(datakit.open(build, split=split).index["key"])
    assert keys
    return keys


@pytest.mark.parametrize(("split", "name"), [("train", "train"), ("val", "validation")])
def test_each_reader_keeps_the_validation_split_apart(
    held_out: Path, tmp_path: Path, split: str, name: str
) -> None:
    datasets = pytest.importorskip("datasets")
    keys = keys_of(held_out, split)
    data = datakit.open(held_out, split=split)
    assert sorted(sample.id for sample in data) == keys
    assert sorted(row["__key__"] for row in data.webdataset()) == keys
    cache = str(tmp_path / "cache")
    rows = datasets.load_dataset(str(held_out), split=name, cache_dir=cache)
    assert sorted(rows["__key__"]) == keys
    wids = json.loads((held_out / f"{split}.wids.json").read_text())
    assert sum(shard["nsamples"] for shard in wids["shardlist"]) == len(keys)


def test_energon_finds_the_validation_split(held_out: Path) -> None:
    energon: Any = pytest.importorskip("megatron.energon")

    @energon.stateless  # type: ignore[untyped-decorator]
    def cook(sample: dict[str, Any]) -> Any:
        return energon.TextSample(**energon.basic_sample_keys(sample), text="")

    class Encoder(energon.DefaultTaskEncoder):  # type: ignore[misc]
        cookers = [energon.Cooker(cook)]  # noqa: RUF012 - energon's own way

    workers = energon.WorkerConfig(rank=0, world_size=1, num_workers=0)
    loader = energon.get_savable_loader(
        energon.get_val_dataset(
            str(held_out), batch_size=1, worker_config=workers, task_encoder=Encoder()
        )
    )
    keys = [key.rpartition("/")[2] for batch in loader for key in batch.__key__]
    assert sorted(keys) == keys_of(held_out, "val")


def test_a_split_that_is_not_there_is_named(held_out: Path) -> None:
    with pytest.raises(UsageError, match="no split 'vall'. Did you mean 'val'"):
        datakit.open(held_out, split="vall")


def test_shards_of_one_source_each_open_as_well(release: Release, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    out, apart = tmp_path / "out", ["output.layout=per-source", "output.shard_samples=2"]
    datakit.build(release.mixture, out=out, workers=1, overrides=apart)
    data = datakit.open(out)
    keys = [row["__key__"] for row in data.webdataset()]
    assert sorted(keys) == sorted(data.index["key"])
    sources = [key.rpartition("-")[0] for key in keys]
    changes = sum(one != other for one, other in pairwise(sources))
    assert changes > 2, "its shards are read in a mixed order"
    rows = datasets.load_dataset(str(out), split="train", cache_dir=str(tmp_path / "cache"))
    assert sorted(rows["__key__"]) == sorted(keys)
