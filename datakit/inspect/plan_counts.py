"""What a plan comes to: counts by source, task and category, and what the caps cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from datakit.planning import Plan, ResolvedSource
from datakit.planning.plan import SourceCounts
from datakit.planning.source_plan import SourcePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPart:
    """One source of a plan, or all sources of one task or category; each count names its unit.

    Attributes:
        sources: how many it is.
        records: read; used + not drawn + rejected.
        not_drawn_records: by what left them out: `cap_records`, `cap_samples` or `balance`.
        rejected_records: by reason.
        candidate_samples: that there are to draw from; those held out are none.
        cut_samples: candidates that are not written, by what left them out.
        samples: that are written, repeats among them.
        unique_samples: of those, the ones that are no repeat.
        val_samples: that are held out for validation, and written beside them.
        share_of_samples: of all that are trained on, from 0 to 1.
        turns: of all samples, those held out among them, as planned: one a record.
        images: of all samples; one that several samples show counts in each.
        unique_images: with names of their own, source by source.
        image_bytes: of `images`.
        planned_bytes: of images and raw text; about what the shards will have.
    """

    name: str
    sources: int = 1
    records: int
    used_records: int
    not_drawn_records: Counter[str] = field(default_factory=Counter)
    rejected_records: Counter[str] = field(default_factory=Counter)
    candidate_samples: int
    cut_samples: Counter[str] = field(default_factory=Counter)
    samples: int
    unique_samples: int
    val_samples: int
    share_of_samples: float
    turns: int
    images: int
    unique_images: int
    image_bytes: int
    planned_bytes: int

    @property
    def times_each(self) -> float:
        """How often a sample is written, on average; 0 where there is none."""
        return self.samples / self.unique_samples if self.unique_samples else 0.0


SUMMED = (
    "sources", "records", "used_records", "candidate_samples", "samples", "unique_samples",
    "val_samples", "share_of_samples", "turns", "images", "unique_images", "image_bytes",
    "planned_bytes",
)  # fmt: skip
COUNTED = ("not_drawn_records", "rejected_records", "cut_samples")


def planned_sources(plan: Plan) -> list[PlannedPart]:
    """The counts of each source, in the mixture's order."""
    sizes = {row.pop("source"): row for row in _sizes(plan.samples).iter_rows(named=True)}
    counted = plan.sources
    everything = max(sum(counts.samples for counts in counted), 1)
    nothing = dict.fromkeys(("turns", "images", "unique_images", "image_bytes"), 0)
    return [
        PlannedPart(
            name=counts.name,
            records=counts.records,
            used_records=counts.used_records,
            not_drawn_records=_not_drawn(plan.by_source[counts.name]),
            rejected_records=Counter(counts.rejected_records),
            candidate_samples=counts.candidate_samples,
            cut_samples=_cut(counts, source),
            samples=counts.samples,
            unique_samples=counts.unique_samples,
            val_samples=counts.val_samples,
            share_of_samples=counts.samples / everything,
            planned_bytes=counts.planned_bytes,
            **(nothing | sizes.get(counts.name, {})),
        )
        for counts, source in zip(counted, plan.mixture.sources, strict=True)
    ]


def planned_groups(
    plan: Plan, sources: Sequence[PlannedPart], group_of: Callable[[ResolvedSource], str]
) -> list[PlannedPart]:
    """The counts of each task, or category, that `group_of` gives a source; most samples first."""
    members: dict[str, list[PlannedPart]] = {}
    for source, part in zip(plan.mixture.sources, sources, strict=True):
        members.setdefault(group_of(source), []).append(part)
    groups = [sum_of(name, parts) for name, parts in members.items()]
    return sorted(groups, key=lambda group: (-group.samples, group.name))


def task_of(source: ResolvedSource) -> str:
    """The task of a source's samples."""
    return source.instructions.templates.task


def category_of(source: ResolvedSource) -> str:
    """The category of a source's dataset."""
    return source.dataset.category


def sum_of(name: str, parts: Sequence[PlannedPart]) -> PlannedPart:
    """Several parts as one."""
    sums: dict[str, Any] = {key: sum(getattr(part, key) for part in parts) for key in SUMMED}
    for key in COUNTED:
        counts: Counter[str] = Counter()
        for part in parts:
            counts.update(getattr(part, key))
        sums[key] = counts
    return PlannedPart(name=name, **sums)


def _not_drawn(part: SourcePlan) -> Counter[str]:
    return Counter(dict(part.not_drawn.group_by("by").len().sort("by").iter_rows()))


def _cut(counts: SourceCounts, source: ResolvedSource) -> Counter[str]:
    """Candidates above the source's own cap, and those that the balance leaves out below it."""
    cap = counts.candidate_samples if source.cap_samples is None else source.cap_samples
    above = max(counts.candidate_samples - cap, 0)
    below = counts.candidate_samples - counts.unique_samples - above
    return +Counter({"cap_samples": above, "balance": below})


def _sizes(samples: pl.DataFrame) -> pl.DataFrame:
    """`turns`, `images`, `unique_images` and `image_bytes` of each source that has samples."""
    return samples.group_by("source").agg(
        turns=pl.col("num_records").sum().cast(pl.Int64),
        images=pl.col("num_images").sum().cast(pl.Int64),
        unique_images=pl.col("images").explode().drop_nulls().n_unique(),
        image_bytes=pl.col("image_bytes").sum().cast(pl.Int64),
    )
