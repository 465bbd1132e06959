"""The printed tables and bars of a plan; every column names its unit."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from datakit.cli.summary import of_them_val, rejected_text, some_lines
from datakit.console import (
    counted,
    format_bars,
    format_table,
    screen_width,
    share_text,
    shows_blocks,
    size_text,
)
from datakit.inspect.plan_counts import (
    PlannedPart,
    category_of,
    planned_groups,
    planned_sources,
    sum_of,
    task_of,
)
from datakit.instructize import find_task, load_response_formats
from datakit.planning import Plan, ResolvedSource

CAPS = ("cap_records", "cap_samples", "balance")


def plan_summary(plan: Plan) -> str:
    """What a mixture would write: by source, task and category, and what is left out."""
    sources = planned_sources(plan)
    tasks = planned_groups(plan, sources, task_of)
    categories = planned_groups(plan, sources, category_of)
    seen = not plan.without_images
    parts = [
        _headline(plan, sum_of("total", sources)),
        _records_table(sources),
        rejected_lines(sources),
        _cut_table(sources),
        _samples_table("source", sources, seen=seen),
        _bars(sources),
        _samples_table("task", tasks, seen=seen) if len(tasks) > 1 else "",
        _samples_table("category", categories, seen=seen) if len(categories) > 1 else "",
        phrasing_text(plan),
    ]
    return "\n\n".join(part for part in parts if part)


def _headline(plan: Plan, total: PlannedPart) -> str:
    samples = counted(total.samples + total.val_samples, "sample")
    text = f"{plan.mixture.spec.name}: {samples}{of_them_val(total.val_samples)}, "
    images = counted(total.images, "image")
    if plan.without_images:
        return f"{text}{images}, none of which was looked for; sizes and shards are not known"
    return f"{text}{counted(plan.num_shards, 'shard')}, {images}, {size_text(total.planned_bytes)}"


def _records_table(sources: Sequence[PlannedPart]) -> str:
    """What becomes of the records that are read."""
    rows = [
        [
            part.name,
            f"{part.records:,}",
            f"{part.used_records:,}",
            f"{part.not_drawn_records.total():,}",
            f"{part.rejected_records.total():,}",
            f"{part.candidate_samples:,}",
        ]
        for part in _with_total(sources)
    ]
    header = ["source", "read", "used", "not drawn", "rejected", "candidates"]
    return format_table(header, rows, units={1: "records", 5: "samples"}, width=screen_width())


def rejected_lines(sources: Sequence[PlannedPart]) -> str:
    """Why records are rejected, by source."""
    return some_lines(
        f"rejected records of {part.name}: {rejected_text(part.rejected_records)}"
        for part in sources
        if part.rejected_records
    )


def _cut_table(sources: Sequence[PlannedPart]) -> str:
    """What the caps and the balance leave out, of the sources that they cut."""
    cut = [part for part in sources if part.not_drawn_records or part.cut_samples]
    rows = [
        [
            part.name,
            *(f"{part.not_drawn_records[cap]:,}" for cap in CAPS),
            *(f"{part.cut_samples[cap]:,}" for cap in CAPS[1:]),
        ]
        for part in cut
    ]
    if not rows:
        return ""
    header = ["not drawn, by", *CAPS, *CAPS[1:]]
    return format_table(header, rows, units={1: "records", 4: "samples"}, width=screen_width())


def _samples_table(what: str, parts: Sequence[PlannedPart], *, seen: bool) -> str:
    """What is written; sizes only where the images were looked for."""
    held_out = any(part.val_samples for part in parts)
    header = [what, "candidates", "chosen", "unique", "share", "times"]
    header += [*(["val"] if held_out else []), "images"]
    rows = [
        [
            part.name,
            f"{part.candidate_samples:,}",
            f"{part.samples:,}",
            f"{part.unique_samples:,}",
            share_text(part.share_of_samples),
            f"{part.times_each:.2f}" if part.samples else "-",
            *([f"{part.val_samples:,}"] if held_out else []),
            f"{part.images:,}",
            f"{part.planned_bytes / 1e6:,.1f}" if seen else "-",
        ]
        for part in _with_total(parts)
    ]
    units = {1: "samples"}
    return format_table([*header, "MB"], rows, units=units, width=screen_width())


def _with_total(parts: Sequence[PlannedPart]) -> list[PlannedPart]:
    return [*parts, sum_of("total", parts)] if len(parts) > 1 else list(parts)


def _bars(sources: Sequence[PlannedPart]) -> str:
    """The share of each source, as bars."""
    if len(sources) == 1:
        return ""
    bars = format_bars(
        [(part.name, part.share_of_samples) for part in sources],
        width=screen_width(),
        blocks=shows_blocks(sys.stdout),
    )
    return f"share of samples\n{bars}"


def phrasing_text(plan: Plan) -> str:
    """How each source is phrased; where inversions are asked for, why a task has none."""
    header = ["source", "template set", "format prompt", "phrasings", "inverted"]
    formats = load_response_formats()
    rows: list[list[str]] = []
    notes: dict[str, list[str]] = {}
    for source in plan.mixture.sources:
        how = source.instructions
        count = 1 if how.diversity == "single" else len(how.templates.templates)
        inverted = f"{how.inversion_share:.0%}" if how.inversion_share else "-"
        prompt = formats.name_of(how.prompt_text) if how.prompt_text else "-"
        rows.append([source.name, how.set_name, prompt, f"{count}", inverted])
        if note := _inversion_note(source):
            notes.setdefault(note, []).append(source.name)
    lines = [f"{note}: {', '.join(names)}" for note, names in notes.items()]
    table = format_table(header, rows, left=3, units={4: "samples"}, width=screen_width())
    return "\n\n".join([table, *(["\n".join(lines)] if lines else [])])


def _inversion_note(source: ResolvedSource) -> str:
    """Why a source is not inverted, though the mixture asks for it, or not wholly."""
    how, asked = source.instructions, source.instructize
    task, inversions = find_task(how.templates.task), how.templates.inversions
    if how.diversity == "multi+inversion" and not inversions:
        return f"not inverted, since {task.no_inversion or f'{how.set_name} has no inversions'}"
    if how.inversion_share and all(template.needs for template in inversions):
        needs = sorted({name for template in inversions for name in template.needs})
        return f"inverted only where a record has {' or '.join(needs)}"
    if asked.inversion_share and inversions and not how.inversion_share:
        return "not inverted, since `inversion_share` takes `diversity: multi+inversion`"
    return ""
