"""What every stage trains on, found out by all processes together before the first step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

import datakit
from trainer.data.blend import StageData, join_builds
from trainer.data.measure import measure_rows
from trainer.data.samples import training_rows
from trainer.data.select import Selection
from trainer.data.size_cache import SizeCache
from trainer.data.sizes import SampleSizes
from trainer.data.streaming import StreamedData, stream_builds
from trainer.model.processor import EncoderMixtureProcessor
from trainer.recipe import Blend, Recipe, StageRecipe
from trainer.training.processes import Processes

AnyData: TypeAlias = StageData | StreamedData


def prepare_data(
    recipe: Recipe,
    stages: Iterable[StageRecipe],
    blends: Mapping[str, Blend],
    builds: Mapping[str, datakit.BuiltDataset],
    *,
    processor: EncoderMixtureProcessor,
    processes: Processes,
) -> dict[str, AnyData]:
    """What each of the stages trains on, by its name; stages alike share it.

    Raises:
        DataError: a sample is damaged or lacks an image, or no sample of a build is left.
    """
    sizes: dict[tuple[str, int | None], SampleSizes] = {}
    joined: dict[tuple[Blend, int], StageData] = {}
    found: dict[str, AnyData] = {}
    for stage in stages:
        cut_tokens = stage.max_tokens if recipe.over_long == "cut" else None
        selection = Selection(max_tokens=stage.max_tokens, max_views=recipe.micro_batch_views)
        blend, key = blends[stage.name], (blends[stage.name], stage.max_tokens)
        if stage.streaming:
            found[stage.name] = stream_builds(blend, builds, processor, selection, cut_tokens)
            continue
        for choice in blend:
            if (choice.build, cut_tokens) not in sizes:
                build = builds[choice.build]
                sizes[choice.build, cut_tokens] = measure_build(
                    build, processor, cut_tokens=cut_tokens, processes=processes
                )
        if key not in joined:
            own = {choice.build: sizes[choice.build, cut_tokens] for choice in blend}
            joined[key] = join_builds(blend, builds, own, processor, selection)
            tell_data(joined[key], selection, processes)
        found[stage.name] = joined[key]
    return found


def measure_build(
    build: datakit.BuiltDataset,
    processor: EncoderMixtureProcessor,
    *,
    cut_tokens: int | None,
    processes: Processes,
) -> SampleSizes:
    """Sizes of all samples of a build that are trained on: kept from before, or measured by all.

    Raises:
        DataError: see `measure_rows`; every process raises it.
    """
    cache = SizeCache(build, processor, cut_tokens=cut_tokens)
    kept = processes.gather(cache.read() if processes.is_main else None)[0]
    if kept is not None:
        return kept
    sizes = measure_rows_together(
        build, training_rows(build), processor, cut_tokens=cut_tokens, processes=processes
    )
    if processes.is_main:
        cache.write(sizes)
    return sizes


def measure_rows_together(
    build: datakit.BuiltDataset,
    rows: npt.NDArray[np.int64],
    processor: EncoderMixtureProcessor,
    *,
    cut_tokens: int | None,
    processes: Processes,
) -> SampleSizes:
    """Sizes of some samples of a build; each process measures its share.

    Raises:
        DataError: see `measure_rows`; every process raises it.
    """
    own = processes.share_of(rows.tolist())
    found = processes.gather_or_raise(
        lambda: SampleSizes.of(measure_rows(build, own, processor, cut_tokens=cut_tokens)).table()
    )
    table = np.zeros((len(rows), found[0].shape[1]), dtype=np.int32)
    for rank, part in enumerate(found):
        table[rank :: processes.count] = part
    return SampleSizes.from_table(table)


def tell_data(data: StageData, selection: Selection, processes: Processes) -> None:
    """Says what is trained on, and what is not."""
    for share in data.shares:
        cut = f", {share.cut_samples:,} of them cut" if share.cut_samples else ""
        drawn = f", {share.epoch_samples:,} an epoch" if share.weight is not None else ""
        processes.tell(f"data: {share.samples:,} samples of {share.path}{cut}{drawn}")
    longest = int(data.sizes.tokens.max())
    processes.tell(
        f"data: the longest sample has {longest:,} tokens of {selection.max_tokens:,}; "
        f"{len(data.dropped):,} samples dropped"
    )
    counts = Counter((sample.source, sample.reason) for sample in data.dropped)
    for (source, reason), count in sorted(counts.items()):
        processes.tell(f"  {source}: {count:,} {reason}")
