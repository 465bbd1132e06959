"""Raw records beside the conversations that would be made of them, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from datakit.instructize import Instructor, RenderedConversation
from datakit.planning import Plan
from datakit.sources.spool import Spool


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedSample:
    """One sample that would be written, and the raw records it is made of."""

    key: str
    source: str
    images: tuple[str, ...]
    records: tuple[dict[str, Any], ...]
    conversation: RenderedConversation


def preview_samples(plan: Plan, *, per_source: int) -> Iterator[PreviewedSample]:
    """Yields the first samples of each source, in the order of writing."""
    for source in plan.mixture.sources:
        part = plan.by_source[source.name]
        spool, instructor = Spool(part.spool), Instructor(source.instructions)
        chosen = plan.samples.filter(pl.col("source") == source.name).head(per_source)
        for sample in chosen.iter_rows(named=True):
            found = spool.take(sample["rows"])
            records = tuple(found[row] for row in sample["rows"])
            yield PreviewedSample(
                key=sample["key"],
                source=source.name,
                images=tuple(sample["images"]),
                records=records,
                conversation=instructor.render(
                    sample["key"],
                    [(record["record_id"], record["payload"]) for record in records],
                    sample["num_images"],
                ),
            )
