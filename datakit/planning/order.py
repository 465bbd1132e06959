"""The order in which samples are written, and where one shard ends and the next begins."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from datakit.errors import DataError
from datakit.io.stable_hash import stable_hash
from datakit.planning import select
from datakit.planning.resolve import ResolvedMixture
from datakit.planning.source_plan import TRAIN, VAL, SourcePlan


def in_order(mixture: ResolvedMixture, by_source: Mapping[str, SourcePlan]) -> pl.DataFrame:
    """All samples, each split shuffled by a hash of their keys and cut into shards.

    With shards of one source each, that is done for each source by itself.
    """
    parts = [
        by_source[source.name].samples.select(
            "key",
            "repeat",
            "task",
            "images",
            "rows",
            "row_sources",
            "duplicates",
            "image_bytes",
            "split",
            source=pl.lit(source.name),
            dataset=pl.lit(source.spec.dataset),
            num_records=pl.col("rows").list.len(),
            num_images=pl.col("images").list.len(),
            planned_bytes=pl.col("image_bytes") + pl.col("payload_bytes"),
        )
        for source in mixture.sources
    ]
    samples = pl.concat(parts)
    if samples["key"].is_duplicated().any():
        raise DataError("two samples have one key. Rename a source, and report this.")
    seed = mixture.spec.seed
    places = [stable_hash(seed, "shuffle", key) for key in samples["key"]]
    samples = samples.with_columns(place=pl.Series(places, dtype=pl.UInt64))
    samples = samples.sort("split", "place", "key").drop("place")
    together = [samples.filter(pl.col("split") == split) for split in (TRAIN, VAL)]
    if mixture.spec.output.layout == "per-source":
        names = [source.name for source in mixture.sources]
        together = [part.filter(pl.col("source") == name) for part in together for name in names]
    return pl.concat([_in_shards(mixture, part) for part in together])


def shard_key(mixture: ResolvedMixture) -> list[str]:
    """What the samples of one shard have in common."""
    return ["split", "source"] if mixture.spec.output.layout == "per-source" else ["split"]


def _in_shards(mixture: ResolvedMixture, samples: pl.DataFrame) -> pl.DataFrame:
    shards = select.cut_shards(
        samples["planned_bytes"].to_list(),
        shard_bytes=mixture.spec.output.shard_bytes,
        shard_samples=mixture.spec.output.shard_samples,
    )
    return samples.with_columns(shard=pl.Series(shards, dtype=pl.UInt32))
