"""The printed tables of plans and builds; every column names its unit."""

from __future__ import annotations

from pathlib import Path

from datakit.console import counted, format_table
from datakit.planning import Plan
from datakit.shards.manifest import Manifest


def build_summary(path: Path, manifest: Manifest) -> str:
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
    reasons = "\n".join(
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
        neutralized_text(manifest),
    ]
    return "\n\n".join(part for part in parts if part)


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
            f"{source.planned_bytes / 1e6:,.1f}",
        ]
        for source in plan.sources
    ]
    header = ["source", "read", "not drawn", "rejected", "candidates", "chosen", "share", "MB"]
    reasons = [
        f"rejected records of {source.name}: {rejected_text(source.rejected_records)}"
        for source in plan.sources
        if source.rejected_records
    ]
    parts = [
        f"{plan.mixture.spec.name}: {counted(len(plan.samples), 'sample')}, "
        f"{counted(plan.num_shards, 'shard')}",
        format_table(header, rows, units={1: "records", 4: "samples"}),
        "\n".join(reasons),
    ]
    return "\n\n".join(part for part in parts if part)


def neutralized_text(manifest: Manifest) -> str:
    """How many markers in raw text were made harmless, by source."""
    return "\n".join(
        f"made harmless in {source.name}: "
        f"{counted(source.neutralized_markers, 'marker')} in raw text (<image>, <|...|>)"
        for source in manifest.sources
        if source.neutralized_markers
    )


def rejected_text(reasons: dict[str, int]) -> str:
    """`3 image-missing, 1 answer-empty`."""
    return ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())
