"""What `trainer check --data` prints of each stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer.benching.preflight import StagePreflight
    from trainer.benching.source_counts import SourceCount


def preflight_text(stages: Sequence[StagePreflight], *, gpus: int) -> str:
    """A table of sources for each data, and one of stages."""
    from datakit.console import counted, format_table, screen_width, size_text

    texts = []
    shown: list[Sequence[SourceCount]] = []
    for stage in stages:
        if stage.sources and stage.sources not in shown:
            names = [other.name for other in stages if other.sources == stage.sources]
            texts.append(f"{', '.join(names)}:\n{_sources(stage.sources)}")
            shown.append(stage.sources)
    rows = [
        [
            stage.name,
            f"{stage.steps:,}",
            f"{stage.batch_samples:,}",
            "?" if stage.epoch is None else f"{stage.epoch.tokens / stage.epoch.samples:,.0f}",
            "?" if stage.flops is None else f"{amount(stage.flops)}",
            size_text(stage.memory_bytes_per_gpu),
            "?" if stage.hours is None else f"{stage.hours:,.3g}",
        ]
        for stage in stages
    ]
    header = ["stage", "steps", "samples/step", "tokens/sample", "FLOP", "memory", "hours"]
    units = {5: f"on each of {counted(gpus, 'GPU')}"}
    texts.append(format_table(header, rows, units=units, width=screen_width()))
    for stage in stages:
        if stage.longest is not None:
            run = stage.longest
            texts.append(
                f"{stage.name}: the longest micro-batch, {counted(run.tokens, 'token')} and "
                f"{counted(run.views, 'view')} at most, took {run.seconds:.3g} s "
                f"({run.flops_per_second / 1e12:.3g} TFLOPS) and "
                f"{size_text(run.peak_memory_bytes)} in this process."
            )
    return "\n" + "\n\n".join(texts)


def amount(count: float) -> str:
    """`303.96 M`, `6.34 T`."""
    for size, letter in ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M")):
        if count >= size:
            return f"{count / size:,.2f} {letter}"
    return f"{count:,.0f}"


def _sources(sources: Sequence[SourceCount]) -> str:
    from datakit.console import format_table, screen_width

    rows = [
        [
            one.source,
            f"{one.samples:,}",
            f"{one.tokens:,}",
            f"{one.label_tokens:,}",
            f"{one.views:,}",
            f"{one.longest_tokens:,}",
            f"{one.over_long_samples:,}",
            f"{one.many_views_samples:,}",
            f"{one.no_label_samples:,}",
        ]
        for one in sources
    ]
    header = ["source", "samples", "tokens", "label tokens", "views", "longest"]
    units = {5: "tokens", 6: "samples left out"}
    left_out = ["over-long", "many views", "no label"]
    return format_table([*header, *left_out], rows, units=units, width=screen_width())
