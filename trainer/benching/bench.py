"""The public function behind `trainer bench`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from datakit.errors import UsageError
from trainer.benching.synthetic import TEXT_TOKENS, synthetic_step
from trainer.benching.work import Bench, ready, tokenizer_of
from trainer.data.batch import StepBatch
from trainer.data.choose import GivenData
from trainer.model.build import ModelAndProcessor, build_model
from trainer.recipe import Recipe, load_recipe
from trainer.training.chosen import choose
from trainer.training.loop import limits_of, stage_batches, train_steps
from trainer.training.metrics import StepMetrics
from trainer.training.packing_check import check_packing
from trainer.training.processes import Processes, join_processes
from trainer.training.stage_data import AnyData

WARM_UP_STEPS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchRow:
    """What was measured of one way to step, over all processes.

    Attributes:
        data: `none`, one synthetic batch again and again; or `build`, read and encoded meanwhile.
        rows: `packed` or `padded`.
        samples_per_second, tokens_per_second, images_per_second: tokens without padding.
        utilisation_share: None where it is not known what the devices can do.
        peak_memory_bytes: of the process that took most; on a CPU since the process began.
    """

    stage: str
    data: str
    rows: str
    steps: int
    samples_per_second: float
    tokens_per_second: float
    images_per_second: float
    utilisation_share: float | None
    data_wait_share: float
    padding_share: float
    peak_memory_bytes: int


def bench(
    recipe: str | Path,
    *,
    data: GivenData = None,
    stage: str | None = None,
    steps: int = 8,
    text_tokens: int = TEXT_TOKENS,
    overrides: Sequence[str] = (),
) -> list[BenchRow]:
    """Measures steps of a stage: packed and padded, without data and, where it is given, with.

    Under a launcher every process calls it; each returns the same. Nothing is kept.

    Args:
        recipe: a file, or the name of a shipped one.
        data: as for `fit`.
        stage: the one to measure, or `STAGE/ENCODER`; the last where it is None.
        steps: that are measured, after two that are not.
        text_tokens: of a synthetic sample, beside those of its view.
        overrides: `key.key=value`, over the recipe.

    Raises:
        UsageError, ConfigError, DataError: as `fit`.
        TrainingError: the loss is no longer a number.
    """
    loaded = load_recipe(recipe, overrides)
    chosen = choose(loaded, data, stage, needs_data=False)
    job = chosen.jobs[-1]
    if stage is None and job.encoder is not None:
        raise UsageError(
            f"stage {job.stage_name!r} has a model of each encoder: --stage {job.name}"
        )
    with join_processes() as processes, tempfile.TemporaryDirectory() as folder:
        place = Path(processes.gather(folder)[0])
        # Each stage is measured with the recipe's first weights, wherever it would start.
        tokenizer = tokenizer_of(chosen, place, processes)
        built = build_model(job.model, tokenizer, seed=chosen.recipe.seed)
        found = (
            chosen.data_of([job], built.processor, processes)[job.name] if chosen.blends else None
        )
        check_packing(built.model)
        with ready(chosen, job, built, processes) as work:
            rows = [
                _measure(chosen.recipe, work, built, source, packing, steps, text_tokens, processes)
                for source in ([None] if found is None else [None, found])
                for packing in (True, False)
            ]
        processes.wait()
    return rows


def _measure(
    recipe: Recipe,
    work: Bench,
    built: ModelAndProcessor,
    data: AnyData | None,
    packing: bool,
    steps: int,
    text_tokens: int,
    processes: Processes,
) -> BenchRow:
    recipe = recipe.model_copy(update={"packing": packing})
    count = steps + WARM_UP_STEPS
    batches: Iterable[StepBatch]
    if data is None:
        sample_tokens = min(built.processor.tokens_per_view + text_tokens, work.stage.max_tokens)
        batches = repeat(
            synthetic_step(
                built.processor,
                samples=work.stage.batch_samples,
                sample_tokens=sample_tokens,
                limits=limits_of(recipe, work.stage),
                rank=processes.rank,
                ranks=processes.count,
            ),
            count,
        )
    else:
        batches = stage_batches(
            data, recipe=recipe, stage=work.stage, steps=count, processes=processes
        )
    measured = list(
        train_steps(
            work.engine,
            batches,
            recipe=recipe,
            stage=work.stage,
            steps=count,
            epoch_samples=work.stage.batch_samples,
            watch=work.watch,
            processes=processes,
        )
    )[WARM_UP_STEPS:]
    return _row(work.stage.name, data is not None, packing, measured, processes)


def _row(
    stage: str, with_data: bool, packing: bool, steps: list[StepMetrics], processes: Processes
) -> BenchRow:
    # Clocks differ a little from process to process; all shall return the same.
    seconds, waited = processes.gather(
        (sum(step.seconds for step in steps), sum(step.data_wait_seconds for step in steps))
    )[0]
    tokens = sum(step.tokens for step in steps)
    padding = sum(step.padding_tokens for step in steps)
    used = [step.utilisation_share * step.seconds for step in steps if step.utilisation_share]
    return BenchRow(
        stage=stage,
        data="build" if with_data else "none",
        rows="packed" if packing else "padded",
        steps=len(steps),
        samples_per_second=sum(step.samples for step in steps) / seconds,
        tokens_per_second=tokens / seconds,
        images_per_second=sum(step.images for step in steps) / seconds,
        utilisation_share=processes.gather(sum(used) / seconds if used else None)[0],
        data_wait_share=waited / seconds,
        padding_share=padding / (tokens + padding),
        peak_memory_bytes=max(step.peak_memory_bytes for step in steps),
    )
