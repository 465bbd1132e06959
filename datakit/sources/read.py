"""Reads one source whole: converter, hygiene, spool; or all of it from the cache."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import orjson
import polars as pl
import pyarrow as pa

from datakit.errors import DataError
from datakit.record import Record, Reject
from datakit.sources.cache import RECORDS, REJECTS, CacheEntry, RecordCache
from datakit.sources.converter import Converter
from datakit.sources.hygiene import Hygiene, unusable_text
from datakit.sources.spool import OnPayloads, SpoolWriter, load_spool, save_spool

NOTED_RECORDS = 5000

REJECT_SCHEMA = {
    "record_id": pl.String,
    "place": pl.String,
    "reason": pl.String,
    "detail": pl.String,
    "kept_record_id": pl.String,
}
GROUPED_REJECT_SCHEMA = {**REJECT_SCHEMA, "group": pl.String}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecords:
    """What reading one source gave.

    Attributes:
        spool: the Arrow file of its good records.
        records: how many were read, good or not.
        rejects: the others, as GROUPED_REJECT_SCHEMA.
        digests: SHA-256 of each annotation file, by its name under the source's path.
        mended: what was changed in raw text, counted by kind, such as `neutralized_markers`.
        cached: where the records are kept; None where they are not.
        from_cache: whether they were there, so that no raw data was read.
    """

    spool: Path
    records: int
    rejects: pl.DataFrame
    digests: dict[str, str]
    mended: dict[str, int]
    cached: CacheEntry | None = None
    from_cache: bool = False


def read_source(
    converter: Converter,
    name: str,
    spool: Path,
    *,
    limit: int | None = None,
    on_payloads: OnPayloads | None = None,
    on_records: Callable[[int], None] | None = None,
) -> SourceRecords:
    """Reads every record of a source, or the first `limit`, into the file `spool`.

    Whole sources are kept in the user's cache, and come from there the next time.

    Args:
        on_payloads: gets the payloads of what is read and not in the cache; see `SpoolWriter`.
        on_records: called with the number of records read so far, every few thousand of them.

    Raises:
        FormatError: a file is not in a layout that the converter reads.
        DataError: the source has no records at all.
    """
    on_records = on_records or (lambda _records: None)
    if limit is not None:
        return _read(converter, name, SpoolWriter(spool, on_payloads), limit, on_records)
    cache = RecordCache.of_user()
    if (entry := cache.find(converter)) and (found := _from_cache(entry, spool)):
        return found
    read = _read(converter, name, SpoolWriter(spool, on_payloads), None, on_records)
    return replace(read, cached=_keep(cache, converter, read))


def _read(
    converter: Converter,
    name: str,
    writer: SpoolWriter,
    limit: int | None,
    on_records: Callable[[int], None],
) -> SourceRecords:
    hygiene, rejects = Hygiene(), list[Reject]()
    for number, item in enumerate(first_items(converter.read(), limit)):
        if number % NOTED_RECORDS == 0:
            on_records(number)
        if isinstance(item, Reject):
            rejects.append(item)
            continue
        dump = orjson.dumps(item.payload)
        cleaned = _clean(item, dump, hygiene)
        if isinstance(cleaned, Reject):
            rejects.append(cleaned)
        else:
            writer.append(cleaned, dump if cleaned is item else orjson.dumps(cleaned.payload))
    writer.close()
    records = writer.count + len(rejects)
    if records == 0:
        raise DataError(
            f"source {name!r} has no records: {', '.join(converter.digests) or converter.path} "
            "is empty. Check path, split and options."
        )
    return SourceRecords(
        spool=writer.path,
        records=records,
        rejects=_rejects_frame(rejects),
        digests=dict(sorted(converter.digests.items())),
        mended=dict(sorted((hygiene.counts + converter.mended).items())),
    )


def _keep(cache: RecordCache, converter: Converter, read: SourceRecords) -> CacheEntry | None:
    def write(folder: Path) -> None:
        save_spool(read.spool, folder / RECORDS)
        read.rejects.write_parquet(folder / REJECTS)

    about = {"records": read.records, "digests": read.digests, "mended": read.mended}
    return cache.store(converter, about, write)


def _from_cache(entry: CacheEntry, spool: Path) -> SourceRecords | None:
    """What the cache holds of a source; None where it is damaged, as by a full disk."""
    try:
        about = entry.about
        load_spool(entry.folder / RECORDS, spool)
        rejects = pl.read_parquet(entry.folder / REJECTS)
    except (OSError, ValueError, KeyError, pa.ArrowException, pl.exceptions.PolarsError):
        return None
    return SourceRecords(
        spool=spool,
        records=about["records"],
        rejects=rejects,
        digests=about["digests"],
        mended=about["mended"],
        cached=entry,
        from_cache=True,
    )


def _rejects_frame(rejects: list[Reject]) -> pl.DataFrame:
    rows = [tuple(getattr(reject, name) for name in GROUPED_REJECT_SCHEMA) for reject in rejects]
    return pl.DataFrame(rows, schema=GROUPED_REJECT_SCHEMA, orient="row")


def first_items(items: Iterator[Record | Reject], limit: int | None) -> Iterator[Record | Reject]:
    """Yields the first `limit` items, then closes what yielded them, and so its files."""
    yield from islice(items, limit)
    if isinstance(items, Generator):
        items.close()


def _clean(record: Record, dump: bytes, hygiene: Hygiene) -> Record | Reject:
    payload = hygiene.clean(record.payload, dump)
    if unusable := unusable_text(payload):
        reason, detail = unusable
        return Reject(
            record_id=record.record_id,
            place=record.place,
            reason=reason,
            detail=detail,
            group=record.group,
        )
    return record if payload is record.payload else replace(record, payload=payload)
