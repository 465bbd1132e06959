"""The tables beside the shards: a row a sample, a row a dropped record, a row one not drawn."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from datakit.errors import DamageError
from datakit.io.atomic import whole_file
from datakit.io.trees import BuildPlace

INDEX = "index.parquet"
INDEX_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("split", pa.string()),
        ("shard", pa.string()),
        ("offset", pa.int64()),
        ("size", pa.int64()),
        ("source", pa.string()),
        ("dataset", pa.string()),
        ("task", pa.string()),
        ("category", pa.string()),
        ("license", pa.string()),
        ("num_turns", pa.int32()),
        ("num_images", pa.int32()),
        ("image_width_px", pa.list_(pa.int32())),
        ("image_height_px", pa.list_(pa.int32())),
        ("image_sha256", pa.list_(pa.string())),
        ("image_orientation", pa.list_(pa.int32())),
        ("image_changes", pa.list_(pa.string())),
        ("turn_chars", pa.list_(pa.int32())),
        ("templates", pa.list_(pa.string())),
        ("inverted", pa.list_(pa.bool_())),
        ("system", pa.string()),
        ("response_format", pa.string()),
        ("misfit_turns", pa.int32()),
        ("short_turns", pa.int32()),
        ("unprompted_short_turns", pa.int32()),
        ("repeat", pa.int32()),
        ("record_ids", pa.list_(pa.string())),
        ("record_sources", pa.list_(pa.string())),
    ]
)
REJECTS_SCHEMA = pa.schema(
    [
        (name, pa.string())
        for name in ("source", "record_id", "place", "reason", "detail", "kept_record_id")
    ]
)
# What each shard rejected, also what another repeat of the same sample did use.
SHARD_REJECTS = "shard_rejects.parquet"
SHARD_REJECTS_SCHEMA = pa.schema([("shard", pa.string()), *REJECTS_SCHEMA])
NOT_DRAWN_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("source", "record_id", "place", "by")]
)


def write_table(path: Path, schema: pa.Schema, parts: Iterable[pa.Table]) -> None:
    """Writes a parquet file, a row group a part, whole or not at all."""
    with whole_file(path) as temporary:
        fill_table(temporary, schema, parts)


def fill_table(path: Path, schema: pa.Schema, parts: Iterable[pa.Table]) -> None:
    """Writes a parquet file, a row group a part.

    The bytes depend on the rows and on pyarrow's version alone.
    """
    with table_writer(path, schema) as writer:
        for part in parts:
            append_rows(writer, part)


def table_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Writes a parquet file, a row group at a time; see `append_rows`."""
    return pq.ParquetWriter(path, schema, compression="zstd", store_schema=False)


def append_rows(writer: pq.ParquetWriter, rows: pa.Table) -> None:
    """Adds rows as one row group; no group where there are none."""
    if rows.num_rows:
        writer.write_table(rows.cast(writer.schema))


def read_table(path: BuildPlace) -> pl.DataFrame:
    """Reads one of a build's tables.

    Raises:
        DamageError: it is missing or broken.
    """
    try:
        with path.open("rb") as file:
            return pl.read_parquet(file)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DamageError(f"{path}: cannot be read: {error}") from error


def to_arrow(frame: pl.DataFrame, source: str) -> pa.Table:
    """A polars table with its source's name as the first column."""
    return frame.select(pl.lit(source).alias("source"), pl.all()).to_arrow()
