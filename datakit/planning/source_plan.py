"""The plan of one source: read, drop, draw, merge, cap."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from datakit.balance import draw
from datakit.errors import DataError, UsageError
from datakit.io.image_files import ImageFiles
from datakit.mixture import Mixture
from datakit.planning import select
from datakit.planning.resolve import ResolvedSource
from datakit.record import Record, Reject
from datakit.sources import read_source
from datakit.sources.read import first_items
from datakit.sources.spool import Spool

SPLIT = "train"
NOT_DRAWN_SCHEMA = {"record_id": pl.String, "place": pl.String, "by": pl.String}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePlan:
    """What one source gives, and what it does not.

    Attributes:
        spool: the Arrow file of its records.
        image_root: the folder that its images are relative to.
        samples: a row a sample, in the order of the data.
        rejects: a row a dropped record.
        not_drawn: a row a record that a cap left out, with the cap's key.
        records: how many the source has.
        candidate_samples: how many there were before the cap.
        annotation_digests: SHA-256 of each annotation file.
        image_digest: SHA-256 of the images' relative names and sizes.
        neutralized_markers: placeholders and special tokens in raw text that were made harmless.
    """

    spool: Path
    image_root: Path
    samples: pl.DataFrame
    rejects: pl.DataFrame
    not_drawn: pl.DataFrame
    records: int
    candidate_samples: int
    annotation_digests: dict[str, str]
    image_digest: str
    neutralized_markers: int


def plan_source(
    source: ResolvedSource, mixture: Mixture, folder: Path, limit_records: int | None
) -> SourcePlan:
    """Reads a source into `folder` and chooses its samples.

    Raises:
        FormatError: the release is not in a layout that the converter reads.
        DataError: the source has no records.
        UsageError: its records are of another task than its template set.
    """
    converter = source.make_converter()
    read = read_source(converter, source.name, folder / f"{source.name}.arrow", limit=limit_records)
    spool = Spool(read.spool)
    rejects, not_drawn = [read.rejects], []
    files = ImageFiles(converter.image_root)

    def keep(step: select.Step) -> pl.DataFrame:
        rejects.append(step[1])
        return step[0]

    frame = _with_payload_columns(spool, source)
    _check_tasks(source, frame["task"].unique())
    frame = keep(select.drop_repeated_ids(frame))
    frame = keep(select.measure_images(frame, files, mixture.images.max_per_sample))
    image_digest = _image_digest(frame, files)
    frame, left = select.draw_records(
        frame, source.spec.cap_records, seed=mixture.seed, source=source.name
    )
    not_drawn.append(_not_drawn(left, "cap_records"))
    frame = keep(select.drop_duplicates(frame))
    how = source.instructize
    candidates = select.merge_turns(frame, how.max_turns if how.multi_turn else 1)
    samples, left = _cap(candidates, source, mixture.seed)
    not_drawn.append(_not_drawn(_records_of(left, frame), "cap_samples"))
    return SourcePlan(
        spool=read.spool,
        image_root=converter.image_root,
        samples=samples,
        rejects=pl.concat(rejects),
        not_drawn=pl.concat(not_drawn),
        records=read.records,
        candidate_samples=len(candidates),
        annotation_digests=read.digests,
        image_digest=image_digest,
        neutralized_markers=read.neutralized_markers,
    )


def check_first_records(source: ResolvedSource, count: int) -> None:
    """Reads the first records of a source.

    Raises:
        DataError: there is none, or every one would be rejected, with the first reason.
        UsageError: they are of another task than the source's template set.
    """
    items = list(first_items(source.make_converter().records(), count))
    good = [item for item in items if isinstance(item, Record)]
    if not items:
        raise DataError("it has no records. Check path, split and options.")
    if not good:
        first = items[0]
        assert isinstance(first, Reject)
        raise DataError(f"all of its first records are rejected: {first.reason}: {first.detail}")
    _check_tasks(source, {record.task for record in good})


def _check_tasks(source: ResolvedSource, tasks: Iterable[str]) -> None:
    made_for = source.instructions.templates.task
    other = sorted(set(tasks) - {made_for})
    if other:
        raise UsageError(
            f"source {source.name!r}: its records are of the task {other[0]!r}, but the template "
            f"set {source.instructions.set_name!r} is made for {made_for!r}. Choose a dataset or a "
            "converter of one task."
        )


def _with_payload_columns(spool: Spool, source: ResolvedSource) -> pl.DataFrame:
    dedup = source.instructize.dedup
    frame = spool.light_columns()
    digests = pl.Series([None] * len(frame), dtype=pl.UInt64)
    if dedup.match != "none":
        digests = select.turn_digests(spool.payloads(), dedup)
    return frame.with_columns(digest=digests)


def _cap(
    candidates: pl.DataFrame, source: ResolvedSource, seed: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    keys = select.sample_keys(candidates["record_ids"], source=source.name, split=SPLIT)
    candidates = candidates.with_columns(key=pl.Series(keys, dtype=pl.String))
    drawn = draw(keys, source.cap_samples, seed=seed, purpose=f"samples of {source.name}")
    return candidates.filter(pl.Series(drawn)), candidates.filter(~pl.Series(drawn))


def _records_of(samples: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    rows = samples.select(row="rows").explode("row").drop_nulls()
    return frame.join(rows, on="row", how="semi", maintain_order="left")


def _not_drawn(frame: pl.DataFrame, by: str) -> pl.DataFrame:
    return frame.select("record_id", "place", by=pl.lit(by)).cast(NOT_DRAWN_SCHEMA)  # type: ignore[arg-type]


def _image_digest(frame: pl.DataFrame, files: ImageFiles) -> str:
    digest = hashlib.sha256()
    for name in frame.select("images").explode("images").drop_nulls()["images"].unique().sort():
        digest.update(f"{name}\x1f{files.size(name)}\n".encode())
    return digest.hexdigest()
