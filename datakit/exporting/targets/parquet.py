"""Parquet with the images in it, as `datasets` opens it and the Hub shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from datakit.exporting.targets.base import Target
from datakit.inspect import LoadedSample
from datakit.shards.card import BOX, MESSAGE, TURN, Feature, front_matter
from datakit.shards.manifest import Manifest

FEATURES: list[Feature] = [
    *({"name": name, "dtype": "string"} for name in ("id", "source", "dataset", "task", "license")),
    {"name": "repeat", "dtype": "int64"},
    {"name": "messages", "list": MESSAGE},
    {"name": "images", "list": "image"},
    {"name": "image_sha256", "list": "string"},
    {"name": "objects", "list": BOX},
    {"name": "turns", "list": TURN},
]
TYPES = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "image": pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
}
GROUP_BYTES = 32_000_000
GROUP_ROWS = 1_000
FILE_GROUPS = 16


class Parquet(Target):
    """`data/train-00000.parquet`, … and a card, so that `datasets.load_dataset(DIR)` opens it.

        {"id": "chartqa-0f3c9a1be2d47a55", "source": "chartqa-human", "dataset": "chartqa",
         "task": "vqa-open", "license": "GPL-3.0", "repeat": 0,
         "messages": [{"role": "user", "content": "<image>\\nHow many bars?"},
                      {"role": "assistant", "content": "3"}],
         "images": [{"bytes": …, "path": "5e88….png"}], "image_sha256": ["5e88…"],
         "objects": [{"image": 0, "turn": 0, "label": "…", "bbox_px": [0.0, 0.0, 1.0, 1.0]}],
         "turns": [{"source": "chartqa-human", "record_id": "train_human-17",
                    "template": "fine/chartqa#ask", "inverted": false, "duplicates": []}]}

    It holds all that a sample has; nothing is changed or left out. A row group has at most 32 MB of
    images, or one sample; a file 16 row groups.
    """

    rules: ClassVar[dict[str, str]] = {}

    def write(self, split: str, samples: Iterable[LoadedSample]) -> None:
        folder = self.folder / "data"
        folder.mkdir(exist_ok=True)
        groups, number = _row_groups(samples), 0
        while first := next(groups, None):
            path = folder / f"{split}-{number:05d}.parquet"
            with pq.ParquetWriter(path, SCHEMA, compression="zstd", use_dictionary=False) as file:
                for rows in (first, *islice(groups, FILE_GROUPS - 1)):
                    file.write_table(pa.Table.from_pylist(rows, SCHEMA))
            number += 1

    def describe(self, splits: Sequence[str]) -> dict[str, bytes]:
        files = {split: f"data/{split}-*.parquet" for split in splits}
        card = f"{front_matter(files, FEATURES)}\n{_body(self.data.manifest)}"
        return {"README.md": card.encode()}


def _row_groups(samples: Iterable[LoadedSample]) -> Iterator[list[dict[str, Any]]]:
    """Rows, as many at a time as a row group holds."""
    rows: list[dict[str, Any]] = []
    image_bytes = 0
    for sample in samples:
        size = sum(map(len, sample.image_bytes))
        if rows and (image_bytes + size > GROUP_BYTES or len(rows) == GROUP_ROWS):
            yield rows
            rows, image_bytes = [], 0
        rows.append(_row(sample))
        image_bytes += size
    if rows:
        yield rows


def _row(sample: LoadedSample) -> dict[str, Any]:
    members = zip(sample.images, sample.image_sha256, sample.image_bytes, strict=True)
    return {
        "id": sample.id,
        "source": sample.source,
        "dataset": sample.dataset,
        "task": sample.task,
        "license": sample.provenance.license,
        "repeat": sample.provenance.repeat,
        "messages": [_fields(message) for message in sample.messages],
        "images": [
            {"bytes": data, "path": f"{digest}.{member.rpartition('.')[2]}"}
            for member, digest, data in members
        ],
        "image_sha256": sample.image_sha256,
        "objects": [_fields(box) for box in sample.objects],
        "turns": [_fields(turn) for turn in sample.provenance.turns],
    }


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


def _type(feature: Feature) -> pa.DataType:
    """The Arrow type of a feature of the card."""
    inner = feature.get("list")
    if inner is None:
        return TYPES[feature["dtype"]]
    if isinstance(inner, str):
        return pa.list_(TYPES[inner])
    return pa.list_(pa.struct([(field["name"], _type(field)) for field in inner]))


def _body(manifest: Manifest) -> str:
    rows = [
        f"| {s.name} | {s.dataset} | {s.samples + s.val_samples:,} | {s.license} |"
        for s in manifest.sources
    ]
    return "\n".join(
        [
            f"# {manifest.name}",
            "",
            f"{manifest.samples:,} samples, exported from the datakit build with the fingerprint "
            f"`{manifest.fingerprint}`.",
            "",
            "| source | dataset | samples | license |",
            "|---|---|--:|---|",
            *rows,
            "",
        ]
    )


SCHEMA = pa.schema([(feature["name"], _type(feature)) for feature in FEATURES])
