"""Records about one image become the turns of one sample, within a source or across several."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from datakit.io.image_files import ImageFiles
from datakit.io.stable_hash import stable_hash


def merge_turns(frame: pl.DataFrame, max_turns: int) -> pl.DataFrame:
    """Merges records about the same images, in their order, into samples of at most `max_turns`.

    Nothing is dropped: 23 questions become samples of 10, 10 and 3 (Honeybee, section 4). Only
    records with images are merged, and only where `merges` says so.

    Args:
        frame: records with `source`, `row`, `first_row`, `about` (equal where the images are the
            same ones), `num_images`, `image_bytes`, `payload_bytes`, `merges`, `held_out` and
            `duplicates`.

    Returns:
        A row a sample: `source` and `first_row` (of the first record), `rows`, `row_sources`,
        `duplicates`, `image_bytes`, `payload_bytes`, `held_out`.
    """
    mergeable = pl.col("merges") & (pl.col("num_images") > 0)
    frame = frame.with_row_index("position").with_columns(mergeable=mergeable)
    frame = frame.with_columns(
        chunk=pl.when("mergeable")
        .then(pl.int_range(pl.len()).over("about", "mergeable") // max_turns)
        .otherwise(-1 - pl.col("position").cast(pl.Int64)),
    )
    return frame.group_by(["about", "chunk"], maintain_order=True).agg(
        source=pl.col("source").first(),
        first_row=pl.col("first_row").first(),
        rows=pl.col("row"),
        row_sources=pl.col("source").alias("row_sources"),
        duplicates=pl.col("duplicates"),
        image_bytes=pl.col("image_bytes").first(),
        payload_bytes=pl.col("payload_bytes").sum(),
        held_out=pl.col("held_out").first(),
    )


def same_images(
    names: Mapping[int, Sequence[str]], files: Mapping[int, ImageFiles]
) -> dict[tuple[int, str], str]:
    """A name for each image that all sources share: two with one name have the same bytes.

    Files are read only where two of different sources are as large as each other.

    Args:
        names: the images of each source, by its number.
        files: where they lie.
    """
    identities = {
        (source, name): files[source].identity(name)
        for source, own in names.items()
        for name in own
    }
    by_size: dict[int, dict[str, list[tuple[int, str]]]] = {}
    for (source, name), identity in identities.items():
        size = files[source].size(name) or 0
        by_size.setdefault(size, {}).setdefault(identity, []).append((source, name))
    shared: dict[str, str] = {}
    for owners in by_size.values():
        sources = {source for owned in owners.values() for source, _ in owned}
        if len(owners) > 1 and len(sources) > 1:
            shared |= {i: _content(files[own[0][0]], own[0][1], i) for i, own in owners.items()}
    return {key: shared.get(identity, identity) for key, identity in identities.items()}


def _content(files: ImageFiles, name: str, identity: str) -> str:
    """The digest of an image; one that cannot be read is like itself only, and rejected later."""
    try:
        return hashlib.sha256(files.read(name)).hexdigest()
    except OSError:
        return identity


def sample_keys(
    record_ids: Iterable[Iterable[str]], *, source: str, split: str, repeat: int
) -> list[str]:
    """`<source>-<16 hex of a hash of source, record ids, split and repeat>` of each sample."""
    return [f"{source}-{stable_hash(source, split, repeat, *ids):016x}" for ids in record_ids]
