"""The plan of one source, or of several that share conversations: read, drop, draw, merge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from datakit.io.image_files import ImageFiles
from datakit.planning import dedup, merge
from datakit.planning.record_names import RecordNames
from datakit.planning.screen import ScreenedSource, image_sets
from datakit.sources.read import REJECT_SCHEMA

TRAIN, VAL = "train", "val"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePlan:
    """What one source gives, and what it does not.

    Attributes:
        spool: the Arrow file of its records.
        images: those that its records name.
        samples: a row a sample, in the order of the data; `row_sources` numbers the source of each
            of its rows, and is null where all are of this source; `held_out` are those for
            validation.
        rejects: a row a dropped record.
        not_drawn: a row a record that a cap left out, with the cap's key.
        records: how many the source has.
        candidate_samples: how many samples there were to draw from, those held out aside.
        annotation_digests: SHA-256 of each annotation file.
        image_digest: SHA-256 of the images' relative names and sizes.
        mended: what was changed in raw text, counted by kind.
        from_cache: whether its records were kept from an earlier time.
    """

    spool: Path
    images: ImageFiles
    samples: pl.DataFrame
    rejects: pl.DataFrame
    not_drawn: pl.DataFrame
    records: int
    candidate_samples: int
    annotation_digests: dict[str, str]
    image_digest: str
    mended: dict[str, int]
    from_cache: bool


def plan_group(members: Sequence[ScreenedSource], names: Sequence[str]) -> dict[str, SourcePlan]:
    """Merges the records of one source, or of several, into samples, all of them candidates.

    A sample belongs to the source of its first turn.

    Args:
        names: of all sources, by their number.
    """
    records = RecordNames({member.number: member.spool for member in members})
    frame = _about(members)
    frame, exact = dedup.drop_duplicates(frame)
    frame, reworded = _semantic_step(members, records)(frame)
    again = dedup.settle(exact, reworded)
    for member in members:
        own = again.filter(pl.col("source") == member.number)
        member.rejects.append(dedup.duplicate_rejects(own, records))
    frame = dedup.with_duplicates(frame, again, records, names)
    turns = [m.source.instructize.max_turns for m in members if m.source.instructize.multi_turn]
    candidates = merge.merge_turns(frame, turns[0] if turns else 1)
    if len(members) == 1:
        nowhere = pl.lit(None, dtype=pl.List(pl.UInt16))
        candidates = candidates.with_columns(row_sources=nowhere)
    return {member.source.name: _plan_of(member, candidates, names) for member in members}


def _plan_of(member: ScreenedSource, candidates: pl.DataFrame, names: Sequence[str]) -> SourcePlan:
    own = candidates.filter(pl.col("source") == member.number)
    images = member.spool.texts(own["first_row"], ["images"])
    task = pl.lit(member.source.instructions.templates.task)
    return SourcePlan(
        spool=member.spool.path,
        images=member.files,
        samples=own.hstack(images).with_columns(task=task),
        rejects=_with_kept_names(pl.concat(member.rejects), names),
        not_drawn=pl.concat(member.not_drawn),
        records=member.records,
        candidate_samples=int((~own["held_out"]).sum()),
        annotation_digests=member.annotation_digests,
        image_digest=member.image_digest,
        mended=member.mended,
        from_cache=member.from_cache,
    )


def _about(members: Sequence[ScreenedSource]) -> pl.DataFrame:
    """The records of all members with `about`, equal where their images are the same."""
    if len(members) == 1:
        return members[0].frame.with_columns(about="first_row")
    key = ["source", "first_row"]
    frame = pl.concat([member.frame for member in members])
    sets = pl.concat([image_sets(member) for member in members])
    used = sets.explode("images").drop_nulls().select("source", name="images").unique()
    shared = merge.same_images(
        {m.number: used.filter(pl.col("source") == m.number)["name"].to_list() for m in members},
        {member.number: member.files for member in members},
    )
    numbers: dict[tuple[str, ...], int] = {}
    about = [
        numbers.setdefault(tuple(shared[source, name] for name in images), len(numbers))
        for source, images in sets.select("source", "images").iter_rows()
    ]
    sets = sets.select(key).with_columns(about=pl.Series(about, dtype=pl.UInt32))
    return frame.join(sets, on=key, how="left", maintain_order="left")


def _semantic_step(
    members: Sequence[ScreenedSource], records: RecordNames
) -> Callable[[pl.DataFrame], dedup.Repeats]:
    """De-duplication by meaning, as the first member says; nothing where none asks for it."""
    how = members[0].source.instructize.dedup
    if all(member.source.instructize.dedup.match != "semantic" for member in members):
        return lambda frame: (frame.drop("answer_digest"), pl.DataFrame(schema=dedup.REPEAT))
    if any(member.source.embeddings for member in members):
        files = {member.number: member.source.embeddings for member in members}
        sameness: dedup.Sameness = dedup.EmbeddedSameness(files, records, how)
    else:
        spools = {member.number: member.spool for member in members}
        sameness = dedup.LexicalSameness(spools, how)
    return lambda frame: dedup.drop_same_meaning(frame, sameness)


def _with_kept_names(rejects: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Rejects as they are written: a kept record of another source has that source's name."""
    elsewhere = pl.col("kept_source") != pl.col("source")
    name = pl.col("kept_source").replace_strict(
        list(range(len(names))), list(names), return_dtype=pl.String
    )
    full = pl.when(elsewhere).then(pl.format("{}:{}", name, "kept_record_id"))
    return rejects.with_columns(kept_record_id=full.otherwise("kept_record_id")).select(
        list(REJECT_SCHEMA)
    )
