"""Which images, and which texts without one, are kept for validation: by their content alone.

A unit is what must not be divided: images that share a conversation, directly or through others, or
the text of records without an image. It has a number that is a hash of its content.
"""

from __future__ import annotations

import polars as pl

from datakit.io.stable_hash import stable_hash, stable_share

# Of the sizes that images have in bytes, so many times the share are looked into. Only their images
# need to be read.
LOOKED_INTO = 8

UNITS = {"source": pl.UInt16, "unit": pl.UInt64, "place": pl.Float64, "samples": pl.Int64}


def unit_number(content: str, seed: int) -> int:
    """The number of a unit, evenly drawn of 64 bits."""
    return stable_hash(seed, "holdout", content)


def size_place(size_bytes: int, seed: int) -> float:
    """The least share at which an image of this size can be held out."""
    return stable_share(seed, "holdout size", size_bytes) / LOOKED_INTO


def place(number: int, of_size: float = 0.0) -> float:
    """The share from which on a unit is held out: evenly distributed in [0, 1).

    Args:
        of_size: the `size_place` of its image. Below an eighth, the size decides when and the
            content whether: an eighth of the images of a size are held out. Above it, the content
            decides alone.
    """
    own = number / 2**64
    return own if own * LOOKED_INTO >= 1 or not of_size else of_size


def held_out(units: pl.DataFrame, max_samples: int) -> pl.Series:
    """The numbers of the units that are held out.

    Units are taken in the order of their places, of each source as long as `max_samples` are not
    passed; what several sources have is held out where all of them still take it. One that has
    more in a single source is left out: it would be all or nothing.

    Args:
        units: as UNITS, those with a place below the share: a row for each source that a unit
            is in, with the samples that it has there.
    """
    too_large = units.filter(pl.col("samples") > max_samples)["unit"]
    order = units.filter(~pl.col("unit").is_in(too_large.implode())).sort("place", "unit")
    full = pl.col("samples").cum_sum().over("source") > max_samples
    order = order.with_columns(full=full)
    return order.group_by("unit").agg(pl.col("full").any()).filter(~pl.col("full"))["unit"]
