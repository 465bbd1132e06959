"""The printed tables of plans and builds; every column names its unit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from datakit.console import counted, format_table
from datakit.instructize import find_task, load_response_formats
from datakit.planning import Plan, ResolvedSource
from datakit.shards.manifest import Manifest

MOST_LINES = 25


def build_summary(path: object, manifest: Manifest) -> str:
    """What a build holds, by source, and what was dropped by reason."""
    rows = [
        [
            source.name,
            source.dataset,
            f"{source.records:,}",
            f"{source.used_records:,}",
            f"{source.not_drawn_records:,}",
            f"{sum(source.rejected_records.values()):,}",
            f"{source.samples:,}",
            f"{source.turns:,}",
        ]
        for source in manifest.sources
    ]
    header = ["source", "dataset", "read", "used", "not drawn", "rejected", "samples", "turns"]
    size = sum(shard.bytes for shard in manifest.shards)
    table = format_table(header, rows, left=2, units={2: "records"})
    reasons = some_lines(
        f"rejected records of {source.name}: {rejected_text(source.rejected_records)}"
        for source in manifest.sources
        if source.rejected_records
    )
    parts = [
        f"{manifest.name}: {counted(manifest.samples, 'sample')}, "
        f"{counted(len(manifest.shards), 'shard')}, {size / 1e6:,.1f} MB in {path}",
        f"fingerprint {manifest.fingerprint[:16]}, seed {manifest.seed}",
        table,
        reasons,
        mended_text(manifest),
        answers_text(manifest),
    ]
    return "\n\n".join(part for part in parts if part)


def some_lines(lines: Iterable[str]) -> str:
    """Lines below each other; of a hundred sources only the first."""
    told = list(lines)
    more = [f"… and {len(told) - MOST_LINES} more"] if len(told) > MOST_LINES else []
    return "\n".join([*told[:MOST_LINES], *more])


def plan_summary(plan: Plan) -> str:
    """What a mixture would write, by source."""
    total = max(len(plan.samples), 1)
    rows = [
        [
            source.name,
            f"{source.records:,}",
            f"{source.not_drawn_records:,}",
            f"{sum(source.rejected_records.values()):,}",
            f"{source.candidate_samples:,}",
            f"{source.samples:,}",
            f"{source.samples / total:.1%}",
            f"{source.samples / max(source.unique_samples, 1):.2f}",
            f"{source.planned_bytes / 1e6:,.1f}",
        ]
        for source in plan.sources
    ]
    header = ["source", "read", "not drawn", "rejected", "candidates", "chosen", "share"]
    header += ["times each", "MB"]
    reasons = [
        f"rejected records of {source.name}: {rejected_text(source.rejected_records)}"
        for source in plan.sources
        if source.rejected_records
    ]
    parts = [
        f"{plan.mixture.spec.name}: {counted(len(plan.samples), 'sample')}, "
        f"{counted(plan.num_shards, 'shard')}",
        format_table(header, rows, units={1: "records", 4: "samples"}),
        some_lines(reasons),
        phrasing_text(plan),
    ]
    return "\n\n".join(part for part in parts if part)


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
    table = format_table(header, rows, left=3, units={4: "samples"})
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


def phrasing_fields(plan: Plan, source: str) -> dict[str, Any]:
    """How one source is phrased, for a program."""
    how = next(s.instructions for s in plan.mixture.sources if s.name == source)
    return {
        "template_set": how.set_name,
        "diversity": how.diversity,
        "inverted_share_of_samples": how.inversion_share,
        "response_format": how.prompt_text,
    }


def mended_text(manifest: Manifest) -> str:
    """What was changed in raw text, by source."""
    return some_lines(
        f"mended in {source.name}: "
        + ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in source.mended.items())
        for source in manifest.sources
        if source.mended
    )


def answers_text(manifest: Manifest) -> str:
    """Answers that are not of the form asked for, and short ones that nobody asked to be short."""
    lines = []
    for source in manifest.sources:
        if source.misfit_turns:
            lines.append(
                f"warning: {source.name}: {source.misfit_turns:,} of {source.turns:,} answers "
                "are not of the form that their prompt asks for (misfit_turns in index.parquet)"
            )
        if source.unprompted_short_turns:
            share = source.unprompted_short_turns / source.turns
            lines.append(
                f"answer machine: {source.name}: {source.unprompted_short_turns:,} of "
                f"{source.turns:,} turns ({share:.1%}) are short answers that no prompt asks for"
            )
    return some_lines(lines)


def rejected_text(reasons: dict[str, int]) -> str:
    """`3 image-missing, 1 answer-empty`."""
    return ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())
