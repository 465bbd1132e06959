"""The printed tables of builds; every column names its unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from datakit.console import counted, format_table, screen_width
from datakit.shards.manifest import Manifest

MOST_LINES = 25


def build_summary(path: object, manifest: Manifest) -> str:
    """What a build holds, by source, and what was dropped by reason."""
    held_out = sum(source.val_samples for source in manifest.sources)
    rows = [
        [
            source.name,
            source.dataset,
            f"{source.records:,}",
            f"{source.used_records:,}",
            f"{source.not_drawn_records:,}",
            f"{sum(source.rejected_records.values()):,}",
            f"{source.samples:,}",
            *([f"{source.val_samples:,}"] if held_out else []),
            f"{source.turns:,}",
        ]
        for source in manifest.sources
    ]
    header = ["source", "dataset", "read", "used", "not drawn", "rejected"]
    header += ["train", "val"] if held_out else ["samples"]
    units = {2: "records", 6: "samples"} if held_out else {2: "records"}
    size = sum(shard.bytes for shard in manifest.shards)
    table = format_table([*header, "turns"], rows, left=2, units=units, width=screen_width())
    reasons = some_lines(
        f"rejected records of {source.name}: {rejected_text(source.rejected_records)}"
        for source in manifest.sources
        if source.rejected_records
    )
    parts = [
        f"{manifest.name}: {counted(manifest.samples, 'sample')}{of_them_val(held_out)}, "
        f"{counted(len(manifest.shards), 'shard')}, {size / 1e6:,.1f} MB in {path}",
        f"fingerprint {manifest.fingerprint[:16]}, seed {manifest.seed}",
        table,
        reasons,
        mended_text(manifest),
        changed_images_text(manifest),
        answers_text(manifest),
    ]
    return "\n\n".join(part for part in parts if part)


def of_them_val(samples: int) -> str:
    """How many of the samples that were just named are held out; nothing where none is."""
    return f" ({samples:,} of them held out for validation)" if samples else ""


def some_lines(lines: Iterable[str]) -> str:
    """Lines below each other; of a hundred sources only the first."""
    told = list(lines)
    more = [f"… and {len(told) - MOST_LINES} more"] if len(told) > MOST_LINES else []
    return "\n".join([*told[:MOST_LINES], *more])


def mended_text(manifest: Manifest) -> str:
    """What was changed in raw text, by source."""
    return some_lines(
        f"mended in {source.name}: "
        + ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in source.mended.items())
        for source in manifest.sources
        if source.mended
    )


def changed_images_text(manifest: Manifest) -> str:
    """Images that were encoded anew and what that changed, by source."""
    return some_lines(
        f"images of {source.name}: "
        + ", ".join(f"{count:,} {kind}" for kind, count in source.changed_images.items())
        for source in manifest.sources
        if source.changed_images
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


def rejected_text(reasons: Mapping[str, int]) -> str:
    """`3 image-missing, 1 answer-empty`."""
    return ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())
