"""Keeps records for validation, so that no image is on both sides, in whichever source it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from datakit.balance import held_out, place, size_place, unit_number
from datakit.mixture import Holdout
from datakit.planning.components import Components
from datakit.planning.image_content import image_contents, looks, sha256
from datakit.planning.lookalikes import same_looks
from datakit.planning.screen import ScreenedSource, image_sets

IMAGE_SET = ["source", "first_row"]
CONTENT = {"source": pl.UInt16, "name": pl.String, "content": pl.String}
UNIT = {"unit": pl.UInt64, "place": pl.Float64}


def with_holdout(
    members: Iterable[ScreenedSource], how: Holdout, seed: int, folder: Path
) -> Iterator[ScreenedSource]:
    """Marks what is held out in the records of all sources.

    That depends on the seed and on the content of an image, or of a record's text where it has no
    image: not on names or places, and on other data only where they have an image in common.

    Args:
        members: the sources; taken one by one where nothing is held out.
        folder: for temporary files.
    """
    if not how.share:
        yield from members
        return
    members = list(members)
    images = _units_of_images(members, how, seed, folder)
    candidates = [_candidates(member, images, how.share, seed) for member in members]
    samples = [_samples(m, own) for m, own in zip(members, candidates, strict=True)]
    chosen = held_out(pl.concat(samples), how.max_samples)
    for member, own in zip(members, candidates, strict=True):
        rows = own.filter(pl.col("unit").is_in(chosen.implode()))["row"]
        member.frame = member.frame.with_columns(held_out=pl.col("row").is_in(rows.implode()))
        yield member


def _units_of_images(
    members: Sequence[ScreenedSource], how: Holdout, seed: int, folder: Path
) -> pl.DataFrame:
    """`source` and `first_row` of each set of images that may be held out, with its UNIT."""
    images = pl.concat([_images(member, how, seed) for member in members])
    in_crowds = images.filter("crowd")["size"].unique()
    wanted = (pl.col("size_place") < how.share) | pl.col("size").is_in(in_crowds.implode())
    contents = _contents(members, images.filter(wanted), how, folder)
    images = images.join(contents, on=["source", "name"], maintain_order="left")
    return _units(images, seed)


def _images(member: ScreenedSource, how: Holdout, seed: int) -> pl.DataFrame:
    """The images of each set; `crowd` where it has several, `size_place` by which it is read."""
    images = image_sets(member).explode("images").drop_nulls().rename({"images": "name"})
    sizes = pl.Series([member.files.size(name) for name in images["name"]], dtype=pl.Int64)
    places = {n: size_place(n, seed) if how.match == "content" else 0.0 for n in sizes.unique()}
    return images.with_columns(
        size=sizes,
        size_place=pl.Series([places[size] for size in sizes], dtype=pl.Float64),
        crowd=pl.len().over("first_row") > 1,
    )


def _contents(
    members: Sequence[ScreenedSource], images: pl.DataFrame, how: Holdout, folder: Path
) -> pl.DataFrame:
    """`source`, `name` and `content` of the images that can be read."""
    names = {m.number: images.filter(pl.col("source") == m.number)["name"] for m in members}
    found = image_contents(
        {source: own.unique(maintain_order=True) for source, own in names.items()},
        {member.number: member.files for member in members},
        sha256 if how.match == "content" else looks,
        folder,
    )
    if how.match == "perceptual":
        alike = same_looks({bytes.fromhex(content) for content in found.values()})
        found = {image: alike[bytes.fromhex(content)].hex() for image, content in found.items()}
    rows = [(source, name, content) for (source, name), content in found.items()]
    return pl.DataFrame(rows, schema=CONTENT, orient="row")


def _units(images: pl.DataFrame, seed: int) -> pl.DataFrame:
    """A unit for all sets that have images in common: that of its first content in their order."""
    contents = images.group_by("content").agg(pl.col("size_place").min()).sort("content")
    number = contents.select("content").with_row_index("number")
    images = images.join(number, on="content", maintain_order="left")
    together = Components(len(contents))
    first = images.select(pl.col("number").first().over(IMAGE_SET)).to_series()
    together.join(images["number"].to_numpy(), first.to_numpy())
    smallest = together.smallest()
    units = [unit_number(content, seed) for content in contents["content"]]
    places = [place(*of) for of in zip(units, contents["size_place"], strict=True)]
    table = pl.DataFrame({"unit": units, "place": places}, schema=UNIT)[smallest]
    sets = images.unique(IMAGE_SET, maintain_order=True)
    return sets.select(IMAGE_SET).hstack(table[sets["number"]])


def _candidates(
    member: ScreenedSource, images: pl.DataFrame, share: float, seed: int
) -> pl.DataFrame:
    """The records with a place below the share, with their UNIT."""
    numbers = member.frame.select("row", *IMAGE_SET, "num_images", "merges")
    shown = numbers.join(images, on=IMAGE_SET)
    read = numbers.filter(pl.col("num_images") == 0)
    candidates = pl.concat([shown, read.hstack(_units_of_texts(member, read["row"], seed))])
    return candidates.filter(pl.col("place") < share)


def _units_of_texts(member: ScreenedSource, rows: pl.Series, seed: int) -> pl.DataFrame:
    """The UNIT of each record without images, by its text."""
    units: list[int] = []
    wanted = np.zeros(int(rows.max() or 0) + 1 if len(rows) else 0, dtype=np.bool_)  # type: ignore[arg-type]
    wanted[rows.to_numpy()] = True
    start = 0
    for payloads in member.spool.payloads() if len(rows) else ():
        for at in np.flatnonzero(wanted[start : start + len(payloads)]):
            units.append(unit_number(hashlib.sha256(payloads[at]).hexdigest(), seed))
        start += len(payloads)
    return pl.DataFrame({"unit": units, "place": [place(unit) for unit in units]}, schema=UNIT)


def _samples(member: ScreenedSource, records: pl.DataFrame) -> pl.DataFrame:
    """`source`, UNIT and `samples`: how many its records become, if none is a duplicate."""
    merged = pl.col("merges") & (pl.col("num_images") > 0)
    alone = -1 - pl.col("row").cast(pl.Int64)
    sample = pl.when(merged).then(pl.col("first_row").cast(pl.Int64)).otherwise(alone)
    turns = records.group_by("source", *UNIT, sample.alias("sample")).len("turns")
    samples = (pl.col("turns") / member.source.instructize.max_turns).ceil().cast(pl.Int64)
    return turns.group_by("source", *UNIT).agg(samples=samples.sum())
