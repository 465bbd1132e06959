"""One source, read and drawn: the records that may become turns, and what was left behind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from datakit.errors import DataError, UsageError
from datakit.instructize import find_task
from datakit.instructize.tasks.base import payload_name
from datakit.io.image_files import ImageFiles
from datakit.mixture import Mixture
from datakit.planning import select
from datakit.planning.record_names import RecordNames
from datakit.planning.resolve import ResolvedSource
from datakit.planning.split import SourcePart
from datakit.record import Record, Reject
from datakit.sources.read import first_items
from datakit.sources.spool import Spool, payload_kind

NOT_DRAWN_SCHEMA = {"record_id": pl.String, "place": pl.String, "by": pl.String}


@dataclass(slots=True, kw_only=True)
class ScreenedSource:
    """One source, read and drawn: the records that may become turns, and what was left behind.

    Attributes:
        number: its place in the mixture.
        frame: a row a record, `held_out` for those of the validation split.
        rejects: parts of the table of rejects, with `source` and `kept_source` as numbers.
    """

    number: int
    source: ResolvedSource
    spool: Spool
    files: ImageFiles
    frame: pl.DataFrame
    rejects: list[pl.DataFrame]
    not_drawn: list[pl.DataFrame]
    records: int
    annotation_digests: dict[str, str]
    image_digest: str
    mended: dict[str, int]
    from_cache: bool


def screen_source(number: int, part: SourcePart, mixture: Mixture) -> ScreenedSource:
    """Drops the records of one source that cannot be used, and finds its images.

    Raises:
        UsageError: its records are of another task than its template set.
    """
    source, spool, files = part.source, part.spool, part.images
    names = RecordNames({number: spool})
    _check_tasks(source, spool.kinds())
    frame = part.frame().with_columns(source=pl.lit(number, dtype=pl.UInt16))
    records = len(frame) + len(part.rejects)
    frame, repeated = select.drop_repeated_ids(frame, names)
    images = _images(frame, spool)
    most = mixture.images.max_per_sample
    frame, unusable = select.measure_images(frame, images, files, most, names)
    image_digest = _image_digest(images.join(frame, on="first_row", how="semi"), files)
    merges = source.instructize.multi_turn and _merges(source)
    return ScreenedSource(
        number=number,
        source=source,
        spool=spool,
        files=files,
        frame=frame.with_columns(merges=pl.lit(merges), held_out=pl.lit(False)),
        rejects=[_as_rejected(part.rejects, number), repeated, unusable],
        not_drawn=[],
        records=records,
        annotation_digests=part.read.digests,
        image_digest=image_digest,
        mended=part.mended,
        from_cache=part.read.from_cache,
    )


def image_sets(member: ScreenedSource) -> pl.DataFrame:
    """`source`, `first_row` and `images` of each set of images that a record has."""
    sets = member.frame.select("source", "first_row").unique(maintain_order=True)
    return sets.hstack(member.spool.texts(sets["first_row"], ["images"]))


def draw_from(member: ScreenedSource, seed: int) -> None:
    """Draws the records of one source, beside those that are held out."""
    names = RecordNames({member.number: member.spool})
    candidates = member.frame.filter(~pl.col("held_out"))
    _, left = select.draw_records(
        candidates, member.source.spec.cap_records, names, seed=seed, source=member.source.name
    )
    if len(left):
        member.frame = member.frame.join(left, on="row", how="anti", maintain_order="left")
    member.not_drawn.append(not_drawn_by(names.named(left), "cap_records"))


def check_first_records(source: ResolvedSource, count: int) -> None:
    """Reads the first records of a source.

    Raises:
        DataError: there is none, every one would be rejected, or no image of theirs is there.
        UsageError: they are of another task than the source's template set.
    """
    converter = source.make_converter()
    items = list(first_items(converter.read(), count))
    good = [item for item in items if isinstance(item, Record)]
    if not items:
        raise DataError("it has no records. Check path, split and options.")
    if not good:
        first = items[0]
        assert isinstance(first, Reject)
        raise DataError(f"all of its first records are rejected: {first.reason}: {first.detail}")
    _check_tasks(source, {(record.task, payload_kind(record.payload)) for record in good})
    _check_images(converter.image_files, [name for record in good for name in record.images])


def _check_images(files: ImageFiles, names: Sequence[str]) -> None:
    """Requires that one of the images is there, if any is named: else they lie elsewhere."""
    if names and all(files.size(name) is None for name in names):
        raise DataError(
            f"none of the {len(names)} images of its first records is there: {names[0]}, "
            f"{files.suggestion(names[0])}. Check where they lie, and the options."
        )


def _check_tasks(source: ResolvedSource, found: Iterable[tuple[str, str]]) -> None:
    """Requires records of the template set's task, with payloads that the task takes."""
    made_for = source.instructions.templates.task
    kinds = {payload_name(kind) for kind in find_task(made_for).payloads}
    other = sorted({task for task, _ in found} - {made_for})
    if other:
        raise UsageError(
            f"source {source.name!r}: its records are of the task {other[0]!r}, but the template "
            f"set {source.instructions.set_name!r} is made for {made_for!r}. Choose a dataset or a "
            "converter of one task."
        )
    wrong = sorted({kind for _, kind in found} - kinds)
    assert not wrong, f"{source.converter}: payloads {wrong} under the task {made_for}"


def _merges(source: ResolvedSource) -> bool:
    return find_task(source.instructions.templates.task).merges


def _as_rejected(rejects: pl.DataFrame, number: int) -> pl.DataFrame:
    number_of = pl.lit(number, dtype=pl.UInt16)
    rejects = rejects.with_columns(source=number_of, kept_source=number_of)
    return rejects.select(list(select.REJECTED))


def not_drawn_by(frame: pl.DataFrame, by: str) -> pl.DataFrame:
    return frame.select("record_id", "place", by=pl.lit(by)).cast(NOT_DRAWN_SCHEMA)  # type: ignore[arg-type]


def _images(frame: pl.DataFrame, spool: Spool) -> pl.DataFrame:
    """`first_row` and `images`, a row for each set of images that a record has."""
    rows = frame["first_row"].unique(maintain_order=True)
    return spool.texts(rows, ["images"]).with_columns(first_row=rows)


def _image_digest(images: pl.DataFrame, files: ImageFiles) -> str:
    digest = hashlib.sha256()
    for name in images["images"].explode().drop_nulls().unique().sort():
        digest.update(f"{name}\x1f{files.size(name)}\n".encode())
    return digest.hexdigest()
