"""A sample's text without its images, and what webdataset reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import datakit
from datakit.errors import DamageError
from tests.releases import Release


@pytest.fixture
def data(release: Release, tmp_path: Path) -> datakit.BuiltDataset:
    datakit.build(release.mixture, out=tmp_path / "build", workers=1)
    return datakit.open(tmp_path / "build")


def test_text_is_that_of_the_sample_and_long_ones_are_whole(data: datakit.BuiltDataset) -> None:
    for number, sample in enumerate(data):
        text = data.text(number)
        assert (text.id, text.messages, text.images) == (sample.id, sample.messages, sample.images)
    with pytest.raises(IndexError):
        data.text(len(data))


def test_a_cut_shard_is_damage(data: datakit.BuiltDataset) -> None:
    shard = Path(str(data.path)) / "shards" / "train-000000.tar"
    content = shard.read_bytes()
    last = len(data) - 1
    offset = data.index["offset"][last]
    for size in (offset + 100, offset + 600):
        shard.write_bytes(content[:size])
        with pytest.raises(DamageError):
            data.text(last)


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # webdataset closes none
def test_webdatasets_fields_become_samples(data: datakit.BuiltDataset) -> None:
    rows = list(data.webdataset())
    assert [data.from_webdataset(row) for row in rows] == list(data)
    row = next(row for row in rows if json.loads(row["json"])["images"])
    image = next(name for name in row if name != "json" and not name.startswith("__"))
    with pytest.raises(DamageError, match=f"no member '{row['__key__']}.{image}'"):
        data.from_webdataset({name: value for name, value in row.items() if name != image})
    with pytest.raises(DamageError, match="no member .*json"):
        data.from_webdataset({"__key__": "a", "__url__": "u"})
