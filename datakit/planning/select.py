"""From a source's records to its candidate samples: each step a pure function on tables.

A table of records holds numbers only, for there may be millions: `source` (its number in the
mixture), `row` and `first_row` (of its spool), `num_images` and `payload_bytes`; each step adds its
own. What a step drops it returns as a second table, with the columns of a reject and `source`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from datakit.balance import draw
from datakit.io.image_files import ImageFiles
from datakit.planning.record_names import RecordNames
from datakit.sources.read import REJECT_SCHEMA

# A duplicate says nothing against the data: the record that it repeats stands for it.
FAULTLESS_REASONS = frozenset({"duplicate-turn"})

IMAGES_AT_ONCE = 1 << 16  # whose names are in memory

REJECTED = {"source": pl.UInt16, **REJECT_SCHEMA, "kept_source": pl.UInt16}

Step = tuple[pl.DataFrame, pl.DataFrame]


def is_faultless(reason: str) -> bool:
    """Whether a reject says nothing against the data."""
    return reason in FAULTLESS_REASONS


def rejected(
    frame: pl.DataFrame,
    reason: str,
    detail: pl.Expr,
    kept: pl.Expr | None = None,
    kept_source: pl.Expr | None = None,
) -> pl.DataFrame:
    """The rejects table of all rows of `frame`, as REJECTED.

    Args:
        frame: records with `record_id` and `place`.
        kept: the record that each one repeats.
        kept_source: the number of that record's source, where it may be another.
    """
    return frame.select(
        "source",
        "record_id",
        "place",
        reason=pl.lit(reason),
        detail=detail,
        kept_record_id=kept if kept is not None else pl.lit(""),
        kept_source=kept_source if kept_source is not None else pl.col("source"),
    ).cast(REJECTED)  # type: ignore[arg-type]


def drop_repeated_ids(frame: pl.DataFrame, names: RecordNames) -> Step:
    """Keeps the first record of each id."""
    ids = names.ids(frame)
    first = ids.is_first_distinct()
    if first.all():
        return frame, pl.DataFrame(schema=REJECTED)
    repeated = names.named(frame.filter(~first))
    of_first = names.named(frame.filter(first & ids.is_in(repeated["record_id"].implode())))
    repeated = repeated.join(
        of_first.select("record_id", first_place="place"),
        on="record_id",
        how="left",
        maintain_order="left",
    )
    detail = pl.format("the id is also that of {}", "first_place")
    return frame.filter(first), rejected(repeated, "record-id-repeated", detail)


def measure_images(
    frame: pl.DataFrame,
    images: pl.DataFrame,
    files: ImageFiles,
    max_per_sample: int,
    names: RecordNames,
) -> Step:
    """Adds `image_bytes`; drops records with a missing image or with too many.

    Args:
        images: the names that stand behind each `first_row`.
    """
    named = images.explode("images").drop_nulls().rename({"images": "name"})
    parts = named.select("name").iter_slices(IMAGES_AT_ONCE)
    sizes = [size for part in parts for size in files.sizes(part["name"].to_list())]
    named = named.with_columns(size=pl.Series(sizes, dtype=pl.Int64))
    lost = named.filter(pl.col("size").is_null()).unique("first_row", keep="first")
    details = {name: f"{name}; {files.suggestion(name)}" for name in lost["name"].unique()}
    lost = lost.select(
        "first_row", detail=pl.Series([details[name] for name in lost["name"]], dtype=pl.String)
    )
    frame = frame.join(
        named.group_by("first_row").agg(image_bytes=pl.col("size").sum()),
        on="first_row",
        how="left",
        maintain_order="left",
    ).with_columns(pl.col("image_bytes").fill_null(0))
    absent = frame.join(lost, on="first_row", maintain_order="left")
    frame = frame.join(lost, on="first_row", how="anti", maintain_order="left")
    crowd = frame.filter(pl.col("num_images") > max_per_sample)
    too_many = pl.format(f"{{}} images, at most {max_per_sample}", "num_images")
    rejects = [
        rejected(names.named(absent), "image-missing", pl.col("detail")),
        rejected(names.named(crowd), "too-many-images", too_many),
    ]
    return frame.filter(pl.col("num_images") <= max_per_sample), pl.concat(rejects)


def draw_records(
    frame: pl.DataFrame, cap: int | None, names: RecordNames, *, seed: int, source: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keeps `cap` records; the second table holds those not drawn."""
    if cap is None or len(frame) <= cap:
        return frame, frame.clear()
    mask = pl.Series(draw(names.ids(frame), cap, seed=seed, purpose=f"records of {source}"))
    return frame.filter(mask), frame.filter(~mask)


def cut_shards(
    sizes_bytes: Sequence[int], *, shard_bytes: int, shard_samples: int | None
) -> np.ndarray:
    """The shard of each sample: a new one starts where the next sample would pass a limit."""
    shards = np.zeros(len(sizes_bytes), dtype=np.uint32)
    shard, filled, count = 0, 0, 0
    for index, size in enumerate(sizes_bytes):
        full = filled + size > shard_bytes or (shard_samples is not None and count >= shard_samples)
        if full and count:
            shard, filled, count = shard + 1, 0, 0
        shards[index] = shard
        filled, count = filled + size, count + 1
    return shards
