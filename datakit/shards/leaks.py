"""Whether an image that is held out is also trained on."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from datakit.errors import DataError

SHOWN_IMAGES = 5


def leaked_images(index: pl.DataFrame) -> Iterator[str]:
    """Images whose bytes are in several splits: each with its samples, and how to mend it.

    A holdout by content tells images apart by their sources' bytes; where images are encoded anew,
    two files of one picture may become the same.

    Args:
        index: `key`, `split` and `image_sha256` of all samples.
    """
    images = index.select("key", "split", "image_sha256").explode("image_sha256").drop_nulls()
    held_out = images.filter(pl.col("split") != pl.col("split").first())["image_sha256"].unique()
    both = images.filter(pl.col("image_sha256").is_in(held_out.implode()))
    sides = both.group_by("image_sha256", maintain_order=True).agg("key", "split")
    for digest, keys, splits in sides.iter_rows():
        if len(set(splits)) > 1:
            yield (
                f"image {digest[:16]} is in more than one split: {', '.join(keys[:4])}. Its copies "
                "differ at their sources: build with `holdout.match: perceptual`."
            )


def refuse_leaks(index: pl.DataFrame) -> None:
    """Lets a build pass whose splits have no image in common.

    Raises:
        DataError: some have; it names them.
    """
    leaks = list(leaked_images(index))
    if leaks:
        more = f"\n  and {len(leaks) - SHOWN_IMAGES:,} more" if len(leaks) > SHOWN_IMAGES else ""
        shown = "\n  ".join(leaks[:SHOWN_IMAGES])
        raise DataError(f"images that are held out are also trained on:\n  {shown}{more}")
