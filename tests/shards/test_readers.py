"""Other programs' own readers open a build, with no preparation and nothing lost."""

from __future__ import annotations

import json
from collections.abc import Iterable
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
    """Samples of one JPEG, PNG or WebP, of several images, and of text alone; 3 a shard."""
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
    one = [{"from": "human", "value": "<image>Day or night?"}, {"from": "gpt", "value": "Night."}]
    rows += [{"id": "one", "image": "b.webp", "conversations": one}]
    file.write_text(json.dumps(rows))
    out = tmp_path / "out"
    datakit.build(release.mixture, out=out, workers=1, overrides=["output.shard_samples=3"])
    return out


def expected(build: Path) -> dict[str, int]:
    """Number of images by key."""
    return {sample.id: len(sample.image_bytes) for sample in datakit.open(build)}


def images_of(row: dict[str, Any]) -> dict[str, Any]:
    """The image columns of a row that hold something, by member name."""
    return {
        name: value
        for name, value in row.items()
        if name.split(".")[-1] in IMAGE_TYPES and value is not None
    }


IMAGE_TYPES = {"jpg", "png", "webp"}


def test_the_build_has_every_kind_of_sample(build: Path) -> None:
    kinds = {tuple(name.split(".")[-1] for name in s.images) for s in datakit.open(build)}
    assert kinds == {("png",), ("jpg",), ("webp",), ("png", "webp"), ()}


def test_webdataset_reads_every_sample_and_image(build: Path) -> None:
    check_raw(build, datakit.open(build).webdataset())


@pytest.mark.parametrize("form", ["{path}", "file:{path}", "pipe:cat {path}"])
def test_webdataset_reads_shard_lists_in_each_of_its_forms(build: Path, form: str) -> None:
    webdataset = pytest.importorskip("webdataset")
    last = len(datakit.open(build).manifest.shards) - 1
    braces = f"{build}/shards/train-{{000000..{last:06d}}}.tar"
    check_raw(build, webdataset.WebDataset(form.format(path=braces), shardshuffle=False))


def check_raw(build: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Compares undecoded samples with the build's, to the byte."""
    data = datakit.open(build)
    keys = []
    for row in rows:
        sample = data[row["__key__"]]
        keys.append(row["__key__"])
        assert json.loads(row["json"])["id"] == sample.id
        members = dict(zip(sample.images, sample.image_bytes, strict=True))
        assert images_of(row) == members
    assert keys == [sample.id for sample in data]


@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_reads_every_sample_image_and_field(
    build: Path, tmp_path: Path, streaming: bool
) -> None:
    datasets = pytest.importorskip("datasets")
    cache = str(tmp_path / "cache")
    rows = list(
        datasets.load_dataset(str(build), split="train", streaming=streaming, cache_dir=cache)
    )
    raw = {row["__key__"]: json.loads(row["json"]) for row in datakit.open(build).webdataset()}
    assert {row["__key__"]: row["json"] for row in rows} == raw
    data = datakit.open(build)
    for row in rows:
        sample = data[row["__key__"]]
        pixels = {name: image.convert("RGB").tobytes() for name, image in images_of(row).items()}
        opened = zip(sample.images, sample.open_images(), strict=True)
        assert pixels == {name: image.convert("RGB").tobytes() for name, image in opened}


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
