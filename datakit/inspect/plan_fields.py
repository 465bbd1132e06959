"""A plan as plain values, for `datakit plan --json` and for comparisons."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from datakit.inspect.plan_counts import (
    PlannedPart,
    category_of,
    planned_groups,
    planned_sources,
    sum_of,
    task_of,
)
from datakit.planning import Plan, ResolvedSource
from datakit.record import FORMAT_VERSION
from datakit.shards.mixture_lock import lock_fields
from datakit.version import VERSION


def plan_fields(plan: Plan) -> dict[str, Any]:
    """Everything that a plan counts, with the unit in each key; null is what was not looked up."""
    parts = planned_sources(plan)
    total = _part_fields(sum_of("total", parts), plan)
    del total["name"], total["share_of_samples"], total["sources"]
    return {
        "kind": "plan",
        "format_version": FORMAT_VERSION,
        "datakit_version": VERSION,
        "name": plan.mixture.spec.name,
        "seed": plan.mixture.spec.seed,
        "fingerprint": None if plan.without_images else plan.fingerprint,
        "without_images": plan.without_images,
        "shards": None if plan.without_images else plan.num_shards,
        **total,
        "sources": [
            {**_source_fields(source), **_part_fields(part, plan)}
            for part, source in zip(parts, plan.mixture.sources, strict=True)
        ],
        "tasks": [_part_fields(part, plan) for part in planned_groups(plan, parts, task_of)],
        "categories": [
            _part_fields(part, plan) for part in planned_groups(plan, parts, category_of)
        ],
        "mixture": lock_fields(plan),
    }


def _part_fields(part: PlannedPart, plan: Plan) -> dict[str, Any]:
    # Not `asdict`, which makes other keys of a Counter's.
    values = {field.name: getattr(part, field.name) for field in fields(part)}
    values |= {"times_each": part.times_each, "rejected_records": dict(part.rejected_records)}
    values["not_drawn_records"] = part.not_drawn_records.total()
    values["not_drawn_records_by"] = dict(part.not_drawn_records)
    values["cut_samples"] = part.cut_samples.total()
    values["cut_samples_by"] = dict(part.cut_samples)
    if plan.without_images:
        values |= {"image_bytes": None, "planned_bytes": None}
    return values


def _source_fields(source: ResolvedSource) -> dict[str, Any]:
    how = source.instructions
    return {
        "name": source.name,
        "dataset": source.spec.dataset,
        "task": task_of(source),
        "category": category_of(source),
        "license": source.license,
        "cap_records": source.spec.cap_records,
        "cap_samples": source.cap_samples,
        "max_repeats": source.max_repeats,
        "template_set": how.set_name,
        "diversity": how.diversity,
        "inverted_share_of_samples": how.inversion_share,
        "response_format": how.prompt_text,
    }
