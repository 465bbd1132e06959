"""`datasets` opens the Parquet export with every image decoded and no field lost."""

from __future__ import annotations

from dataclasses import asdict
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageChops

import datakit
from datakit.exporting.targets import parquet

pytestmark = pytest.mark.filterwarnings("ignore")  # the reader's own warnings, not ours


@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_reads_every_image_and_field(build: Path, tmp_path: Path, streaming: bool) -> None:
    datasets = pytest.importorskip("datasets")
    datakit.export(build, to="parquet", out=tmp_path / "out")
    rows = list(
        datasets.load_dataset(
            str(tmp_path / "out"),
            split="train",
            streaming=streaming,
            cache_dir=str(tmp_path / "cache"),
        )
    )
    samples = list(datakit.open(build))
    assert [row["id"] for row in rows] == [sample.id for sample in samples]
    for row, sample in zip(rows, samples, strict=True):
        fields = asdict(sample)
        provenance = fields.pop("provenance")
        assert row["messages"] == list(fields["messages"])
        assert [row[name] for name in ("source", "dataset", "task")] == [
            fields[name] for name in ("source", "dataset", "task")
        ]
        assert (row["license"], row["repeat"]) == (provenance["license"], provenance["repeat"])
        assert row["turns"] == [
            {**turn, "duplicates": list(turn["duplicates"])} for turn in provenance["turns"]
        ]
        assert row["objects"] == [
            {**box, "bbox_px": list(box["bbox_px"])} for box in fields["objects"]
        ]
        assert tuple(row["image_sha256"]) == sample.image_sha256
        assert len(row["images"]) == len(sample.image_bytes)
        for image, data in zip(row["images"], sample.image_bytes, strict=True):
            assert isinstance(image, Image.Image)
            expected = Image.open(BytesIO(data))
            assert ImageChops.difference(image, expected).getbbox() is None


def test_row_groups_and_files_stay_small(
    build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "GROUP_ROWS", 2)
    monkeypatch.setattr(parquet, "FILE_GROUPS", 3)
    result = datakit.export(build, to="parquet", out=tmp_path / "out")
    files = [pq.ParquetFile(path) for path in sorted((tmp_path / "out" / "data").iterdir())]
    assert sum(file.metadata.num_rows for file in files) == result.samples["train"]
    assert len(files) > 1
    assert {file.num_row_groups for file in files[:-1]} == {3}
    ids = [key for file in files for key in file.read(["id"])["id"].to_pylist()]
    assert ids == datakit.open(build).index["key"].to_list()
