"""Reads one source whole: converter, hygiene, spool."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import polars as pl

from datakit.errors import DataError
from datakit.record import Record, Reject
from datakit.sources.converter import Converter
from datakit.sources.hygiene import Hygiene, unusable_text
from datakit.sources.spool import SpoolWriter

REJECT_SCHEMA = {
    "record_id": pl.String,
    "place": pl.String,
    "reason": pl.String,
    "detail": pl.String,
    "kept_record_id": pl.String,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecords:
    """What reading one source gave.

    Attributes:
        spool: the Arrow file of its good records.
        records: how many were read, good or not.
        rejects: the others, as REJECT_SCHEMA.
        digests: SHA-256 of each annotation file, by its name under the source's path.
        mended: what was changed in raw text, counted by kind, such as `neutralized_markers`.
    """

    spool: Path
    records: int
    rejects: pl.DataFrame
    digests: dict[str, str]
    mended: dict[str, int]


def read_source(
    converter: Converter, name: str, spool: Path, *, limit: int | None = None
) -> SourceRecords:
    """Reads every record of a source, or the first `limit`, into the file `spool`.

    Raises:
        FormatError: a file is not in a layout that the converter reads.
        DataError: the source has no records at all.
    """
    writer, hygiene, rejects = SpoolWriter(spool), Hygiene(), list[Reject]()
    for item in first_items(converter.read(), limit):
        cleaned = _clean(item, hygiene) if isinstance(item, Record) else item
        if isinstance(cleaned, Reject):
            rejects.append(cleaned)
        else:
            writer.append(cleaned)
    writer.close()
    records = writer.count + len(rejects)
    if records == 0:
        raise DataError(
            f"source {name!r} has no records: {', '.join(converter.digests) or converter.path} "
            "is empty. Check path, split and options."
        )
    return SourceRecords(
        spool=spool,
        records=records,
        rejects=rejects_frame(rejects),
        digests=dict(sorted(converter.digests.items())),
        mended=dict(sorted((hygiene.counts + converter.mended).items())),
    )


def rejects_frame(rejects: list[Reject]) -> pl.DataFrame:
    """Rejects as a table."""
    rows = [tuple(getattr(reject, name) for name in REJECT_SCHEMA) for reject in rejects]
    return pl.DataFrame(rows, schema=REJECT_SCHEMA, orient="row")


def first_items(items: Iterator[Record | Reject], limit: int | None) -> Iterator[Record | Reject]:
    """Yields the first `limit` items, then closes what yielded them, and so its files."""
    yield from islice(items, limit)
    if isinstance(items, Generator):
        items.close()


def _clean(record: Record, hygiene: Hygiene) -> Record | Reject:
    payload = hygiene.clean(record.payload)
    if unusable := unusable_text(payload):
        reason, detail = unusable
        return Reject(record_id=record.record_id, place=record.place, reason=reason, detail=detail)
    return record if payload is record.payload else replace(record, payload=payload)
