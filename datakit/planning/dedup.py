"""Of the turns of one image that say the same, one stays: against shortcuts in a conversation.

A table of records (see `select`) has here also `about` (equal where the images are the same ones),
`digest` and `answer_digest`. What a step drops it returns as a second table, REPEAT: each record by
source and row, and so the one that is kept for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import orjson
import polars as pl

from datakit.errors import DataError, UsageError
from datakit.instructize import find_task, normalize
from datakit.instructize.same_meaning import THRESHOLD, meaning, similarity
from datakit.io.stable_hash import stable_hash
from datakit.mixture import Dedup
from datakit.planning.record_names import RecordNames
from datakit.planning.select import rejected
from datakit.sources.spool import Spool

COSINE_THRESHOLD = 0.92
DIGESTS = {"digest": pl.UInt64, "answer_digest": pl.UInt64}
REPEAT = {
    "source": pl.UInt16,
    "row": pl.UInt32,
    "kept_source": pl.UInt16,
    "kept_row": pl.UInt32,
}

Repeats = tuple[pl.DataFrame, pl.DataFrame]


def turn_digests(payloads: Iterable[bytes], task: str, dedup: Dedup) -> pl.DataFrame:
    """Hashes by which turns count as the same; null for records that are never the same.

    Returns:
        `digest` of what is compared, and `answer_digest` of the answer alone, which semantic
        matching of pairs takes for granted.
    """
    how = str if dedup.match == "exact" else normalize
    identity, semantic = find_task(task).identity, dedup.match == "semantic"
    digests: list[int | None] = []
    answers: list[int | None] = []
    for payload in payloads:
        asked, answered = identity(orjson.loads(payload))
        if not answered:
            digests.append(None)
            answers.append(None)
            continue
        answer = how(answered)
        parts = (answer, how(asked)) if dedup.by == "pair" else (answer,)
        digests.append(stable_hash(*parts))
        if semantic:
            answers.append(stable_hash(answer) if dedup.by == "pair" else 0)
    columns = {"digest": digests, "answer_digest": answers if semantic else [None] * len(digests)}
    return pl.DataFrame(columns, schema=DIGESTS)


def spool_digests(spool: Spool, task: str, dedup: Dedup) -> pl.DataFrame:
    """The `turn_digests` of all records of a source."""
    parts = [turn_digests(payloads, task, dedup) for payloads in spool.payloads()]
    return pl.concat([no_digests(0), *parts])


def no_digests(count: int) -> pl.DataFrame:
    """The columns of `turn_digests` where nothing is compared."""
    return pl.DataFrame({name: [None] for name in DIGESTS}, schema=DIGESTS).select(
        pl.all().repeat_by(count).explode(empty_as_null=False)
    )


def drop_duplicates(frame: pl.DataFrame) -> Repeats:
    """Of the turns of one image with one `digest`, keeps the first."""
    key = ["about", "digest"]
    comparable = pl.col("digest").is_not_null() & (pl.col("num_images") > 0)
    order = frame.with_row_index("position").filter(comparable).select("position", *key)
    # Sorting takes a fifth of the time, and less memory, of any search for distinct pairs.
    order = order.sort(*key, "position")
    begins = pl.any_horizontal(pl.col(name) != pl.col(name).shift() for name in key)
    order = order.with_columns(first=pl.when(begins.fill_null(True)).then("position"))
    order = order.with_columns(pl.col("first").forward_fill())
    again = order.filter(pl.col("position") != pl.col("first")).sort("position")
    repeats = frame[again["position"]].select("source", "row")
    firsts = frame[again["first"]].select(kept_source="source", kept_row="row")
    keep = np.ones(len(frame), dtype=np.bool_)
    keep[again["position"].to_numpy()] = False
    return frame.filter(pl.Series(keep)).drop("digest"), repeats.hstack(firsts)


class Sameness(Protocol):
    """Decides whether two records of one image, given by source and row, say the same."""

    def load(self, members: list[tuple[int, int]]) -> list[Any]:
        """What is compared of each record of one group."""

    def same(self, one: Any, other: Any) -> bool:
        """Whether two of them say the same."""


def drop_same_meaning(frame: pl.DataFrame, sameness: Sameness) -> Repeats:
    """Of the turns of one image that say the same in other words, keeps the first.

    Only turns with one `answer_digest` are compared with each other.
    """
    comparable = pl.col("answer_digest").is_not_null() & (pl.col("num_images") > 0)
    groups = (
        frame.filter(comparable)
        .group_by("about", "answer_digest", maintain_order=True)
        .agg("source", "row")
        .filter(pl.col("row").list.len() > 1)
    )
    found: list[tuple[int, int, int, int]] = []
    for sources, rows in groups.select("source", "row").iter_rows():
        members = list(zip(sources, rows, strict=True))
        for index, first in _repeats(sameness.load(members), sameness.same).items():
            found.append((*members[index], *members[first]))
    again = pl.DataFrame(found, schema=REPEAT, orient="row")
    key = ["source", "row"]
    # In the order of the records, as everywhere.
    again = frame.select(key).join(again, on=key, maintain_order="left")
    kept = frame.join(again, on=key, how="anti", maintain_order="left")
    return kept.drop("answer_digest"), again


def settle(exact: pl.DataFrame, reworded: pl.DataFrame) -> pl.DataFrame:
    """All duplicates, each in favour of a record that is itself kept."""
    moved = reworded.select(
        kept_source="source", kept_row="row", to_source="kept_source", to_row="kept_row"
    )
    exact = exact.join(moved, on=["kept_source", "kept_row"], how="left", maintain_order="left")
    exact = exact.select(
        "source",
        "row",
        kept_source=pl.coalesce("to_source", "kept_source"),
        kept_row=pl.coalesce("to_row", "kept_row"),
    )
    return pl.concat([exact, reworded])


def with_duplicates(
    frame: pl.DataFrame, again: pl.DataFrame, records: RecordNames, names: Sequence[str]
) -> pl.DataFrame:
    """Adds `duplicates`: the ids of the records dropped in favour of each; null for none.

    Args:
        again: the duplicates, as `settle` gives them.
        names: of the sources, by number; an id of another source has its name before it.
    """
    name = pl.col("source").replace_strict(
        list(range(len(names))), list(names), return_dtype=pl.String
    )
    own = pl.col("source") == pl.col("kept_source")
    full = pl.when(own).then("record_id").otherwise(pl.format("{}:{}", name, "record_id"))
    lists = (
        records.named(again)
        .group_by("kept_source", "kept_row", maintain_order=True)
        .agg(duplicates=full)
    )
    return frame.join(
        lists,
        left_on=["source", "row"],
        right_on=["kept_source", "kept_row"],
        how="left",
        maintain_order="left",
    )


def duplicate_rejects(again: pl.DataFrame, records: RecordNames) -> pl.DataFrame:
    """The rejects of duplicates, as `settle` gives them."""
    kept = records.ids(again.select(source="kept_source", row="kept_row"))
    again = records.named(again).with_columns(kept_id=kept)
    detail = pl.format("says the same of its image as {}", "kept_id")
    return rejected(again, "duplicate-turn", detail, pl.col("kept_id"), pl.col("kept_source"))


def _repeats(things: list[Any], same: Callable[[Any, Any], bool]) -> dict[int, int]:
    """The things that repeat an earlier kept one, each with the index of that one."""
    kept: list[int] = []
    repeats: dict[int, int] = {}
    for index, thing in enumerate(things):
        first = next((earlier for earlier in kept if same(things[earlier], thing)), None)
        if first is None:
            kept.append(index)
        else:
            repeats[index] = first
    return repeats


class LexicalSameness:
    """Compares words, without a model (docs/measurements/semantic_dedup.txt)."""

    def __init__(self, spools: Mapping[int, Spool], dedup: Dedup) -> None:
        self._spools = spools
        self._answers = dedup.by == "target"
        self._threshold = THRESHOLD if dedup.threshold is None else dedup.threshold

    def load(self, members: list[tuple[int, int]]) -> list[Any]:
        meanings = []
        for source, row in members:
            record = self._spools[source].take([row])[row]
            asked, answered = find_task(record["task"]).identity(record["payload"])
            meanings.append(meaning(answered if self._answers else asked))
        return meanings

    def same(self, one: Any, other: Any) -> bool:
        return similarity(one, other) >= self._threshold


class EmbeddedSameness:
    """Compares embeddings that the user made, by the cosine between them.

    Each source has a parquet file with the columns `record_id` and `embedding` (a list of
    numbers), a row a record.

    Raises:
        UsageError: a source has no such file, or it is not as expected.
    """

    def __init__(
        self, files: Mapping[int, Path | None], records: RecordNames, dedup: Dedup
    ) -> None:
        if None in files.values():
            raise UsageError(
                "sources that share conversations need embeddings all, or none of them. Set "
                "`instructize.dedup.embeddings` of each."
            )
        self._files = {source: file for source, file in files.items() if file is not None}
        self._vectors = {source: read_embeddings(file) for source, file in self._files.items()}
        self._records = records
        self._threshold = COSINE_THRESHOLD if dedup.threshold is None else dedup.threshold

    def load(self, members: list[tuple[int, int]]) -> list[Any]:
        frame = pl.DataFrame(members, schema=["source", "row"], orient="row")
        ids = self._records.ids(frame).to_list()
        for (source, _), record_id in zip(members, ids, strict=True):
            if record_id not in self._vectors[source]:
                raise DataError(
                    f"{self._files[source]}: no embedding of record {record_id!r}. Embed every "
                    "record of the source, or leave `embeddings` out to compare words."
                )
        return [self._vectors[s][i] for (s, _), i in zip(members, ids, strict=True)]

    def same(self, one: Any, other: Any) -> bool:
        return float(one @ other) >= self._threshold


def read_embeddings(file: Path) -> dict[str, np.ndarray]:
    """Embeddings of unit length by record id.

    Raises:
        UsageError: the file is missing, or has other columns, lengths or numbers than expected.
    """
    expected = "expected a parquet file with the columns record_id and embedding, a list of numbers"
    try:
        found = pl.read_parquet_schema(file)
        if not {"record_id", "embedding"} <= set(found):
            raise UsageError(f"{file}: {expected}; its columns are {', '.join(found)}.")
        table = pl.read_parquet(file, columns=["record_id", "embedding"]).select(
            pl.col("record_id").cast(pl.String), pl.col("embedding").cast(pl.List(pl.Float32))
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"{file}: {expected}: {reason}") from error
    ids = table["record_id"]
    if ids.is_duplicated().any() or table["embedding"].null_count() or not len(table):
        raise UsageError(f"{file}: {expected}; a row a record, none empty and none twice.")
    lengths = table["embedding"].list.len().unique()
    if len(lengths) != 1 or not lengths[0]:
        raise UsageError(f"{file}: embeddings of {lengths.to_list()} numbers; expected one length.")
    matrix = np.array(table["embedding"].to_list(), dtype=np.float32).reshape(len(table), -1)
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    if not np.isfinite(matrix).all() or not (norms > 0).all():
        raise UsageError(f"{file}: an embedding is zero or not finite.")
    return dict(zip(ids.to_list(), matrix / norms, strict=True))
