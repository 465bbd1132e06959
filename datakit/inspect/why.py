"""Why a sample is in a build, and what became of a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from datakit.errors import UsageError, nearest
from datakit.io.trees import BuildPlace
from datakit.shards.index import INDEX, read_table
from datakit.shards.manifest import read_manifest

Fate = Literal["used", "rejected", "not drawn", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOrigin:
    """One row of the index: where a sample stands and what it was made of."""

    key: str
    row: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFate:
    """What became of one record.

    Attributes:
        keys: of the samples that use it.
        reason: why it was rejected, or the cap that left it out.
    """

    source: str
    record_id: str
    fate: Fate
    keys: tuple[str, ...] = ()
    place: str = ""
    reason: str = ""
    detail: str = ""
    kept_record_id: str = ""


def why_sample(build: BuildPlace, key: str) -> SampleOrigin:
    """The origin of a sample.

    Raises:
        UsageError: no such build, or no sample has this key.
    """
    read_manifest(build)
    index = read_table(build / INDEX)
    found = index.filter(pl.col("key") == key)
    if found.is_empty():
        keys = index["key"].to_list()
        raise UsageError(f"no sample {key!r} in {build}. {_nearest_key(key, keys)}")
    return SampleOrigin(key=key, row=found.row(0, named=True))


def why_record(build: BuildPlace, source: str, record_id: str) -> RecordFate:
    """What became of a record: used, rejected, not drawn, or unknown to the build.

    Raises:
        UsageError: no such build, or it has no such source.
    """
    names = [entry.name for entry in read_manifest(build).sources]
    if source not in names:
        raise UsageError(f"no source {source!r} in {build}. {nearest(source, names)}")
    is_record = (pl.col("source") == source) & (pl.col("record_id") == record_id)
    index = read_table(build / INDEX)
    holding = index.filter(pl.col("record_ids").list.contains(record_id))
    keys = [
        key
        for key, ids, owners in holding.select("key", "record_ids", "record_sources").iter_rows()
        if (source, record_id) in zip(owners, ids, strict=True)
    ]
    if keys:
        return RecordFate(source=source, record_id=record_id, fate="used", keys=tuple(keys))
    rejected = read_table(build / "rejects.parquet").filter(is_record)
    if len(rejected):
        return RecordFate(fate="rejected", **rejected.row(0, named=True))
    left = read_table(build / "not_drawn.parquet").filter(is_record)
    if len(left):
        row = left.row(0, named=True)
        return RecordFate(fate="not drawn", reason=row.pop("by"), **row)
    return RecordFate(source=source, record_id=record_id, fate="unknown")


def _nearest_key(key: str, keys: list[str]) -> str:
    hint = nearest(key, keys[:5000])
    return hint if hint.startswith("Did") else "`index.parquet` lists them."
