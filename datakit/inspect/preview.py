"""Raw records beside the conversations that would be made of them, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from datakit.errors import DataError
from datakit.geometry import View
from datakit.instructize import (
    Instructions,
    Instructor,
    Part,
    RenderedConversation,
    converse,
)
from datakit.instructize.instructions import template_name
from datakit.io.image_header import ImageError
from datakit.io.image_style import ImageStyle
from datakit.planning import Plan
from datakit.planning.source_plan import SourcePlan
from datakit.shards.sample_images import read_view
from datakit.sources.spool import Spool


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedRecord:
    """One raw record of a sample."""

    source: str
    record_id: str
    place: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedTemplate:
    """A template that a sample's turns were phrased with, as its set has it."""

    name: str
    user: str
    next: str | None
    assistant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedSample:
    """One sample that would be written, and the raw records it is made of.

    Attributes:
        templates: those chosen for its turns, each once.
        conversation: None where no record could be phrased.
        fault: why a record, or all of them, would be rejected; empty where none would.
    """

    key: str
    source: str
    images: tuple[str, ...]
    records: tuple[PreviewedRecord, ...]
    templates: tuple[PreviewedTemplate, ...]
    conversation: RenderedConversation | None
    fault: str = ""


def preview_samples(
    plan: Plan, *, per_source: int, source: str | None = None
) -> Iterator[PreviewedSample]:
    """Yields the first samples of each source, or of one, in the order of writing."""
    names, style = list(plan.by_source), plan.mixture.spec.images.style
    spools = {name: Spool(part.spool) for name, part in plan.by_source.items()}
    instructors = {s.name: Instructor(s.instructions) for s in plan.mixture.sources}
    templates = {
        template.name: template
        for s in plan.mixture.sources
        for template in _templates(s.instructions)
    }
    for name in names if source is None else [source]:
        chosen = plan.samples.filter(pl.col("source") == name).head(per_source)
        for sample in chosen.iter_rows(named=True):
            owners = sample["row_sources"] or [names.index(name)] * len(sample["rows"])
            records = tuple(
                _record(names[owner], spools[names[owner]].take([row])[row])
                for owner, row in zip(owners, sample["rows"], strict=True)
            )
            conversation, fault = _converse(
                plan.by_source[name], sample, records, instructors, style
            )
            yield PreviewedSample(
                key=sample["key"],
                source=name,
                images=tuple(sample["images"]),
                records=records,
                templates=_chosen(conversation, templates),
                conversation=conversation,
                fault=fault,
            )


def _templates(how: Instructions) -> Iterator[PreviewedTemplate]:
    for one in (*how.templates.templates, *how.templates.inversions):
        name = template_name(how.set_name, one.id)
        yield PreviewedTemplate(name=name, user=one.user, next=one.next, assistant=one.assistant)


def _chosen(
    conversation: RenderedConversation | None, templates: dict[str, PreviewedTemplate]
) -> tuple[PreviewedTemplate, ...]:
    turns = conversation.turns if conversation else ()
    return tuple(templates[name] for name in dict.fromkeys(turn.template for turn in turns))


def _record(source: str, row: dict[str, Any]) -> PreviewedRecord:
    return PreviewedRecord(
        source=source, record_id=row["record_id"], place=row["place"], payload=row["payload"]
    )


def _converse(
    part: SourcePlan,
    sample: dict[str, Any],
    records: tuple[PreviewedRecord, ...],
    instructors: dict[str, Instructor],
    style: ImageStyle,
) -> tuple[RenderedConversation | None, str]:
    parts = [
        Part(instructor=instructors[r.source], record_id=r.record_id, payload=r.payload)
        for r in records
    ]
    try:
        views = [_view(part, name, style) for name in sample["images"]]
    except ImageError as error:
        return None, str(error)
    made = converse(sample["key"], parts, views)
    faults = "; ".join(
        f"record {records[fault.part].record_id}: {fault.reason}: {fault.detail}"
        for fault in made.faults
    )
    return (made if made.turns else None), faults


def _view(part: SourcePlan, name: str, style: ImageStyle) -> View:
    try:
        return read_view(part.images, name, style)
    except ImageError as error:
        if isinstance(error.__cause__, OSError):
            raise DataError(f"{name}: {error.__cause__.strerror or error.__cause__}.") from error
        raise
