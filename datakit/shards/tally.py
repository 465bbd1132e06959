"""Counts by source while a build's tables stream by, in distinct records and in samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa

from datakit.io.plain_table import frame_of, plain_array
from datakit.planning.source_plan import VAL

ANSWERS = ("misfit_turns", "short_turns", "unprompted_short_turns")
COUNTED = [
    "source", "split", "repeat", "num_turns", "record_ids", "record_sources", "image_changes",
    *ANSWERS,
]  # fmt: skip

RecordName = tuple[str, str]  # a source's name and the id of a record


@dataclass(slots=True)
class Tally:
    """Counts by source.

    A sample that is repeated may lose a record in one repeat, to a template that does not suit it,
    and keep it in another: such a record is used, and no reject.

    Attributes:
        faulty: records that some shard rejected.
        saved: those of them that are in a sample after all.
    """

    faulty: set[RecordName] = field(default_factory=set)
    saved: set[RecordName] = field(default_factory=set)
    samples: Counter[str] = field(default_factory=Counter)
    unique_samples: Counter[str] = field(default_factory=Counter)
    val_samples: Counter[str] = field(default_factory=Counter)
    turns: Counter[str] = field(default_factory=Counter)
    used_records: Counter[str] = field(default_factory=Counter)
    answers: dict[str, Counter[str]] = field(default_factory=dict)
    rejected: dict[str, Counter[str]] = field(default_factory=dict)
    changed_images: dict[str, Counter[str]] = field(default_factory=dict)

    def note_faulty(self, rejects: pa.Table) -> None:
        """Notes what a shard rejected; done for all shards before their index."""
        self.faulty.update(_names(rejects))

    def index(self, table: pa.Table) -> None:
        """Counts the samples of a shard's index."""
        frame = frame_of(table.select(COUNTED))
        held_out, first = pl.col("split") == VAL, pl.col("repeat") == 0
        counts = frame.group_by("source").agg(
            samples=(~held_out).sum(),
            unique_samples=(~held_out & first).sum(),
            val_samples=held_out.sum(),
            turns=pl.col("num_turns").sum(),
            **{name: pl.col(name).sum() for name in ANSWERS},
        )
        for row in counts.iter_rows(named=True):
            source = row["source"]
            self.samples[source] += row["samples"]
            self.unique_samples[source] += row["unique_samples"]
            self.val_samples[source] += row["val_samples"]
            self.turns[source] += row["turns"]
            own = self.answers.setdefault(source, Counter())
            own.update({name: row[name] for name in ANSWERS})
        self._use(frame)
        self._count_changes(frame)

    def _count_changes(self, frame: pl.DataFrame) -> None:
        """Counts images by what was changed in them; several changes of one are counted each."""
        each = (
            frame.select("source", "image_changes")
            .explode("image_changes")
            .filter(pl.col("image_changes") != "")
        )
        changes = each.with_columns(pl.col("image_changes").str.split(" ")).explode("image_changes")
        for source, change, count in changes.group_by(pl.all()).len().iter_rows():
            self.changed_images.setdefault(source, Counter())[change] += count

    def _use(self, frame: pl.DataFrame) -> None:
        """Counts each record once: in its first repeat, or in the first that it is saved in."""
        if not self.faulty:
            first = frame.filter(pl.col("repeat") == 0)["record_sources"].explode()
            self.used_records.update(dict(first.value_counts().iter_rows()))
            return
        records = frame.select("repeat", source="record_sources", record_id="record_ids").explode(
            "source", "record_id"
        )
        saved, sound = self._saved_in(records)
        once = sound.filter(pl.col("repeat") == 0)
        self.used_records.update(dict(once.group_by("source").len().iter_rows()))
        self.used_records.update(source for source, _ in saved - self.saved)
        self.saved |= saved

    def _saved_in(self, records: pl.DataFrame) -> tuple[set[RecordName], pl.DataFrame]:
        """Those of the records that some shard rejected, and the rows of the others."""
        key = ["source", "record_id"]
        faulty = pl.DataFrame(list(self.faulty), schema=key, orient="row")
        saved = records.join(faulty, on=key, how="semi").select(key)
        return set(saved.iter_rows()), records.join(faulty, on=key, how="anti")

    def rejects(self, table: pa.Table) -> pa.Table:
        """Counts the rejects of the plan."""
        for source, reason in _pairs(table, "reason"):
            self.rejected.setdefault(source, Counter())[reason] += 1
        return table

    def shard_rejects(self, table: pa.Table) -> pa.Table:
        """Counts what a shard rejected: each record once, and none that is used after all."""
        first: list[bool] = []
        for name in _names(table):
            first.append(name in self.faulty and name not in self.saved)
            self.faulty.discard(name)
        return self.rejects(table.filter(plain_array(first, pl.Boolean)))


def _names(table: pa.Table) -> Iterator[RecordName]:
    return _pairs(table, "record_id")


def _pairs(table: pa.Table, column: str) -> Iterator[tuple[str, str]]:
    columns = table.select(["source", column]).to_pydict()
    return zip(*columns.values(), strict=True)
