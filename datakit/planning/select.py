"""From a source's records to its candidate samples: each step a pure function on tables.

A table of records has the columns `row, record_id, place, task, kind, images`; each step adds its
own. What a step drops it returns as a second table, with the columns of a reject.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import orjson
import polars as pl

from datakit.balance import draw
from datakit.instructize import normalize
from datakit.io.image_files import ImageFiles
from datakit.io.stable_hash import stable_hash
from datakit.mixture import Dedup
from datakit.sources.read import REJECT_SCHEMA

# A duplicate says nothing against the data: the record that it repeats stands for it.
FAULTLESS_REASONS = frozenset({"duplicate-turn"})

Step = tuple[pl.DataFrame, pl.DataFrame]


def is_faultless(reason: str) -> bool:
    """Whether a reject says nothing against the data."""
    return reason in FAULTLESS_REASONS


def rejected(
    frame: pl.DataFrame, reason: str, detail: pl.Expr, kept: pl.Expr | None = None
) -> pl.DataFrame:
    """The rejects table of all rows of `frame`."""
    return frame.select(
        "record_id",
        "place",
        reason=pl.lit(reason),
        detail=detail,
        kept_record_id=kept if kept is not None else pl.lit(""),
    ).cast(REJECT_SCHEMA)  # type: ignore[arg-type]


def drop_repeated_ids(frame: pl.DataFrame) -> Step:
    """Keeps the first record of each id."""
    frame = frame.with_columns(first_place=pl.col("place").first().over("record_id"))
    first = pl.col("record_id").is_first_distinct()
    repeated = frame.filter(~first)
    detail = pl.format("the id is also that of {}", "first_place")
    kept = frame.filter(first).drop("first_place")
    return kept, rejected(repeated, "record-id-repeated", detail)


def measure_images(frame: pl.DataFrame, files: ImageFiles, max_per_sample: int) -> Step:
    """Adds `image_bytes`; drops records with a missing image or with too many."""
    named = frame.select("row", name="images").explode("name").drop_nulls()
    names = named["name"].unique(maintain_order=True)
    sizes = pl.DataFrame(
        {"name": names, "size": [files.size(name) for name in names]},
        schema={"name": pl.String, "size": pl.Int64},
    )
    measured = named.join(sizes, on="name", how="left", maintain_order="left")
    per_row = measured.group_by("row", maintain_order=True).agg(
        image_bytes=pl.col("size").sum(),
        missing=pl.col("name").filter(pl.col("size").is_null()).first(),
    )
    frame = frame.join(per_row, on="row", how="left", maintain_order="left")
    frame = frame.with_columns(pl.col("image_bytes").fill_null(0))
    too_many = pl.col("images").list.len() > max_per_sample
    absent = frame.filter(pl.col("missing").is_not_null())
    details = [f"{name}; {files.suggestion(name)}" for name in absent["missing"]]
    absent = absent.with_columns(detail=pl.Series(details, dtype=pl.String))
    rejects = rejected(absent, "image-missing", pl.col("detail"))
    crowd = frame.filter(pl.col("missing").is_null() & too_many)
    detail = pl.format(f"{{}} images, at most {max_per_sample}", pl.col("images").list.len())
    kept = frame.filter(pl.col("missing").is_null() & ~too_many).drop("missing")
    return kept, pl.concat([rejects, rejected(crowd, "too-many-images", detail)])


def draw_records(
    frame: pl.DataFrame, cap: int | None, *, seed: int, source: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keeps `cap` records; the second table holds those not drawn."""
    mask = pl.Series(draw(frame["record_id"], cap, seed=seed, purpose=f"records of {source}"))
    return frame.filter(mask), frame.filter(~mask)


def turn_digests(payloads: Iterable[tuple[str, bytes]], dedup: Dedup) -> pl.Series:
    """A hash of what makes a turn the same as another; null for conversations."""
    how = normalize if dedup.match == "normalized" else str
    digests: list[int | None] = []
    for kind, payload in payloads:
        if kind != "question":
            digests.append(None)
            continue
        fields = orjson.loads(payload)
        parts = [how(fields["answer"])]
        if dedup.by == "pair":
            parts.append(how(fields["question"]))
        digests.append(stable_hash(*parts))
    return pl.Series(digests, dtype=pl.UInt64)


def drop_duplicates(frame: pl.DataFrame) -> Step:
    """Of the turns of one image with one `digest`, keeps the first."""
    key = ["images", "digest"]
    comparable = pl.col("digest").is_not_null() & (pl.col("images").list.len() > 0)
    frame = frame.with_columns(
        kept_row=pl.when(comparable).then(pl.col("row").first().over(key)).otherwise("row"),
        kept_id=pl.col("record_id").first().over(key),
    )
    first = pl.col("row") == pl.col("kept_row")
    again = frame.filter(~first)
    detail = pl.format("says the same of its image as {}", "kept_id")
    kept = frame.filter(first).drop("kept_row", "kept_id", "digest")
    return kept, rejected(again, "duplicate-turn", detail, pl.col("kept_id"))


def merge_turns(frame: pl.DataFrame, max_turns: int) -> pl.DataFrame:
    """Merges the questions of one image, in their order, into samples of at most `max_turns`.

    Nothing is dropped: 23 questions become samples of 10, 10 and 3 (Honeybee, section 4).

    Returns:
        A row a sample: `rows`, `record_ids`, `task`, `images`, `image_bytes`, `payload_bytes`.
    """
    mergeable = (pl.col("kind") == "question") & (pl.col("images").list.len() > 0)
    frame = frame.with_columns(
        chunk=pl.when(mergeable)
        .then(pl.int_range(pl.len()).over(["images", "kind"]) // max_turns)
        .otherwise(-1 - pl.col("row").cast(pl.Int64)),
    )
    return frame.group_by(["images", "kind", "chunk"], maintain_order=True).agg(
        rows=pl.col("row"),
        record_ids=pl.col("record_id"),
        task=pl.col("task").first(),
        image_bytes=pl.col("image_bytes").first(),
        payload_bytes=pl.col("payload_bytes").sum(),
    )


def sample_keys(record_ids: Iterable[Iterable[str]], *, source: str, split: str) -> list[str]:
    """`<source>-<16 hex of a hash of source, record ids, split and repeat>` of each sample."""
    return [f"{source}-{stable_hash(source, split, 0, *ids):016x}" for ids in record_ids]


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
