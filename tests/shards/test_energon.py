"""megatron-energon opens builds with no preparation, goes on where it stopped, and blends them."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import datakit
from tests.releases import write_releases

pytestmark = pytest.mark.filterwarnings("ignore")  # energon's own warnings, not ours
energon: Any = pytest.importorskip("megatron.energon")

METADATASET = """\
__module__: megatron.energon
__class__: MetadatasetV2
splits:
  train:
    blend:
      - {weight: 3, path: build}
      - {weight: 1, path: other}
"""
OTHER = """\
name: other
root: {root}
sources:
  - {name: charts, dataset: chartqa, path: ChartQA Dataset, split: train}
"""


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build; beside it `other`, whose samples have keys of their own."""
    folder = tmp_path_factory.mktemp("energon")
    release = write_releases(folder)
    small = "output.shard_samples=3"
    datakit.build(release.mixture, out=folder / "build", workers=1, overrides=[small])
    other = release.write_mixture(OTHER, "other.yaml")
    datakit.build(other, out=folder / "other", workers=1, overrides=[small])
    return folder / "build"


@energon.stateless  # type: ignore[untyped-decorator]
def cook(sample: dict[str, Any]) -> Any:
    """What a user writes to turn a crude sample into one of energon's own."""
    told = {"id": sample["json"]["id"], "images": sorted(set(sample) & IMAGE_MEMBERS)}
    return energon.TextSample(**energon.basic_sample_keys(sample), text=json.dumps(told))


IMAGE_MEMBERS = {"jpg", "png", "webp"}


class Encoder(energon.DefaultTaskEncoder):  # type: ignore[misc]
    cookers = [energon.Cooker(cook)]  # noqa: RUF012 - energon's own way


def open_dataset(path: Path, **changes: Any) -> Any:
    """A training set in one process, in order unless changed."""
    options = {
        "batch_size": 1,
        "shuffle_buffer_size": None,
        "max_samples_per_sequence": None,
        "worker_config": energon.WorkerConfig(rank=0, world_size=1, num_workers=0),
        "task_encoder": Encoder(),
    }
    return energon.get_train_dataset(str(path), **{**options, **changes})


def told(loader: Any) -> Iterator[dict[str, Any]]:
    """What the cooker saw, sample by sample."""
    return (json.loads(text) for batch in loader for text in batch.text)


def test_it_loads_with_no_prepare(build: Path) -> None:
    rows = list(told(energon.get_loader(open_dataset(build, repeat=False))))
    found = {row["id"]: row["images"] for row in rows}
    assert len(rows) == len(found)
    assert found == {sample.id: list(sample.images) for sample in datakit.open(build)}


@pytest.mark.parametrize("shuffle_buffer_size", [None, 4])
def test_a_saved_state_goes_on_with_exactly_the_next_sample(
    build: Path, shuffle_buffer_size: int | None
) -> None:
    def loader() -> Any:
        changes = {"shuffle_buffer_size": shuffle_buffer_size, "max_samples_per_sequence": 2}
        return energon.get_savable_loader(open_dataset(build, **changes))

    whole = [row["id"] for row in islice(told(loader()), 40)]
    stopped = loader()
    first = [row["id"] for row in islice(told(stopped), 15)]
    state = stopped.save_state_rank()
    resumed = loader()
    resumed.restore_state_rank(state)
    assert first + [row["id"] for row in islice(told(resumed), 25)] == whole
    assert set(whole) == {sample.id for sample in datakit.open(build)}


def test_two_builds_blend_by_their_weights(build: Path) -> None:
    metadataset = build.with_name("blend.yaml")
    metadataset.write_text(METADATASET)
    rows = islice(told(energon.get_loader(open_dataset(metadataset))), 400)
    own = {sample.id for sample in datakit.open(build)}
    other = {sample.id for sample in datakit.open(build.with_name("other"))}
    assert not own & other
    counts = Counter(row["id"] for row in rows)
    assert own | other == set(counts)
    assert 270 <= sum(counts[key] for key in own) <= 330


def test_energons_index_finds_every_member(build: Path) -> None:
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
    assert len(parts) == len(data) + sum(len(sample.images) for sample in data)
    for file_id, key, part, offset, size in parts:
        content = (build / list(shards)[file_id]).read_bytes()[offset : offset + size]
        if part == "json":
            assert json.loads(content)["id"] == key
        else:
            assert content in data[key].image_bytes
