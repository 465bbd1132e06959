"""A source as it was read; where the mixture says `split_by`, the several sources that it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import polars as pl

import datakit.instructize
from datakit.errors import DataError
from datakit.instructize import find_task
from datakit.io.image_files import ImageFiles
from datakit.planning import dedup
from datakit.planning.digesting import TurnDigester
from datakit.planning.resolve import ResolvedMixture, ResolvedSource
from datakit.sources import SourceRecords, read_source
from datakit.sources.cache import code_digest
from datakit.sources.spool import Spool

MOST_PARTS = 1000
MOST_NAME_CHARACTERS = 60
NO_VALUE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePart:
    """What was read of one source of a plan: all records of a release, or those with one value.

    Attributes:
        frame: gives `row`, `first_row`, `num_images`, `payload_bytes` and the digests of each
            record.
        rejects: the records that the converter dropped.
        mended: what was changed in raw text; of a release in parts, with the first of them.
    """

    source: ResolvedSource
    read: SourceRecords
    spool: Spool
    images: ImageFiles
    frame: Callable[[], pl.DataFrame]
    rejects: pl.DataFrame
    mended: dict[str, int]

    @property
    def name(self) -> str:
        return self.source.name


def read_parts(
    source: ResolvedSource,
    folder: Path,
    limit_records: int | None,
    left_out: set[str],
    *,
    on_records: Callable[[int], None] | None = None,
) -> list[SourcePart]:
    """Reads a source into `folder`; one part, or with `split_by` one for each value of the field.

    Args:
        left_out: names of parts that are not used.
        on_records: called now and then with the number of records read so far.

    Raises:
        FormatError: the release is not in a layout that the converter reads.
        DataError: the source has no records, or the field has no values or too many.
    """
    converter, digester = source.make_converter(), _digester(source)
    with closing(digester) if digester else nullcontext():
        read = read_source(
            converter,
            source.name,
            folder / f"{source.name}.arrow",
            limit=limit_records,
            on_payloads=digester.add if digester else None,
            on_records=on_records,
        )
        made = digester.result() if digester else None
    spool = Spool(read.spool)
    frame = partial(_numbers, spool, source, read, made)
    part = SourcePart(
        source=source,
        read=read,
        spool=spool,
        images=converter.image_files,
        frame=frame,
        rejects=read.rejects,
        mended=read.mended,
    )
    if source.spec.split_by is None:
        return [part]
    return [one for one in _split(part, source.spec.split_by) if one.name not in left_out]


def with_parts(mixture: ResolvedMixture, parts: list[SourcePart]) -> ResolvedMixture:
    """The mixture with the sources that its sources turned out to be."""
    return replace(mixture, sources=tuple(part.source for part in parts))


def _split(part: SourcePart, field: str) -> Iterator[SourcePart]:
    groups = part.spool.groups()
    values = sorted({*groups.unique().to_list(), *part.rejects["group"].unique().to_list()})
    if not any(values):
        raise DataError(
            f"source {part.name!r}: no row has a value under {field!r}, by which it is split. "
            "Check `split_by`."
        )
    if len(values) > MOST_PARTS:
        raise DataError(
            f"source {part.name!r}: the field {field!r} has {len(values):,} values, such as "
            f"{values[1]!r}; at most {MOST_PARTS:,} can be sources. Choose another `split_by`."
        )
    frames = cache(lambda: part.frame().with_columns(group=groups))
    for value, name in zip(values, part_names(part.name, values), strict=True):
        spec = part.source.spec.model_copy(update={"name": name, "split_by": None})
        how = replace(part.source.instructions, source=name)
        own = partial(_with_group, frames, value)
        yield replace(
            part,
            source=replace(part.source, spec=spec, instructions=how),
            frame=own,
            rejects=part.rejects.filter(pl.col("group") == value),
            mended=part.mended if value == values[0] else {},
        )


def part_names(source: str, values: list[str]) -> list[str]:
    """A source's name for each value: letters and digits of it behind the name, all different."""
    names: list[str] = []
    for value in values:
        plain = re.sub(r"[^A-Za-z0-9]+", "-", value).strip("-") or NO_VALUE
        name = own = f"{source}-{plain}"[:MOST_NAME_CHARACTERS].rstrip("-")
        count = 1
        while name in names:
            count += 1
            end = f"-{count}"
            name = f"{own[: MOST_NAME_CHARACTERS - len(end)]}{end}"
        names.append(name)
    return names


def _with_group(frames: Callable[[], pl.DataFrame], value: str) -> pl.DataFrame:
    return frames().filter(pl.col("group") == value).drop("group")


def _compares(source: ResolvedSource) -> bool:
    """Whether the turns of a source are compared with each other."""
    task = find_task(source.instructions.templates.task)
    return task.merges and source.instructize.dedup.match != "none"


def _digester(source: ResolvedSource) -> TurnDigester | None:
    task = source.instructions.templates.task
    return TurnDigester(task, source.instructize.dedup) if _compares(source) else None


def _numbers(
    spool: Spool, source: ResolvedSource, read: SourceRecords, made: pl.DataFrame | None
) -> pl.DataFrame:
    """A row a record; `made` are its digests, where they are made already."""
    how, task = source.instructize.dedup, source.instructions.templates.task
    frame = spool.numbers()
    if not _compares(source):
        return pl.concat([frame, dedup.no_digests(len(frame))], how="horizontal")

    def digests() -> pl.DataFrame:
        return dedup.spool_digests(spool, task, how) if made is None else made

    name = f"digests-{task}-{how.by}-{how.match}-{_code_digest()[:16]}"
    found = read.cached.frame(name, digests) if read.cached else digests()
    return pl.concat([frame, found], how="horizontal")


@cache
def _code_digest() -> str:
    """Of the code that decides which turns are the same."""
    return code_digest([Path(str(datakit.instructize.__file__)).parent, Path(dedup.__file__)])
