"""A whole run: a recipe and a build in, trained models out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import transformers

import datakit
from datakit.config import Loaded
from trainer.data.samples import EncodedSamples, training_rows
from trainer.model.build import ModelAndProcessor
from trainer.model.check import check_model
from trainer.recipe import Recipe, load_recipe
from trainer.training.jobs import choose_jobs, jobs_of, outlines_of
from trainer.training.metrics import loss_curve
from trainer.training.prepare import (
    check_batches,
    claim_folder,
    drop_long_samples,
    make_tokenizer,
)
from trainer.training.processes import Processes, join_processes
from trainer.training.stage import Run, StageResult, train_stage
from trainer.training.starting import check_starts, starting_model
from trainer.training.trainable import plan_jobs, trains_embeddings


def fit(
    recipe: Path | str,
    *,
    data: Path | str,
    out: Path | str,
    overrides: Sequence[str] = (),
    stage: str | None = None,
) -> list[StageResult]:
    """Trains the stages of a recipe on a build.

    Under a launcher every process calls it; each returns the same.

    Args:
        recipe: a file, or the name of a shipped one.
        data: folder of a build.
        out: folder of the run; each stage gets a folder in it.
        overrides: `key.key=value`, over the recipe.
        stage: the only one to train, or `STAGE/ENCODER` of one with `each_encoder`; all of them
            where it is None.

    Raises:
        UsageError: the recipe, the build's path or the output folder is wrong; before training.
        DataError: the build is faulty, or no sample is left to train on.
        TrainingError: the loss is no longer a number.
    """
    loaded = load_recipe(recipe, overrides)
    check_model(loaded)
    build = datakit.open(data)
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with join_processes() as processes:
        results = _train(loaded, build, Path(out), processes, only=stage)
        _tell_results(results, processes)
    return results


def _train(
    loaded: Loaded[Recipe],
    build: datakit.BuiltDataset,
    out: Path,
    processes: Processes,
    *,
    only: str | None,
) -> list[StageResult]:
    recipe = loaded.value
    check_batches(loaded, processes.count)
    jobs = jobs_of(recipe)
    chosen = choose_jobs(jobs, only)
    models = outlines_of(jobs)
    plans = plan_jobs(loaded, jobs, models)
    check_starts(chosen, out)
    claim_folder(out if only is None else out / only, processes)
    rows = training_rows(build)
    tokenizer = make_tokenizer(
        recipe.model,
        build,
        rows,
        folder=out / "tokenizer",
        embeddings_train=any(trains_embeddings(model, plans) for model in models.values()),
        processes=processes,
    )
    results: list[StageResult] = []
    samples: dict[str | None, EncodedSamples] = {}
    for job in chosen:
        built = starting_model(job, tokenizer, seed=recipe.seed, out=out)
        if job.encoder not in samples:
            _tell_model(built, processes)
            samples[job.encoder] = drop_long_samples(
                EncodedSamples(build, built.processor, rows), recipe.max_tokens, processes
            )
        run = Run(
            recipe=recipe,
            build=build,
            samples=samples[job.encoder],
            out=out,
            processes=processes,
        )
        results.append(train_stage(run, job.stage, plans[jobs.index(job)], built.model))
    return results


def _tell_model(built: ModelAndProcessor, processes: Processes) -> None:
    config = built.model.config
    size = sum(parameter.numel() for parameter in built.model.parameters())
    processes.tell(
        f"model: {' + '.join(built.model.encoders)} -> {config.fusion['type']} -> "
        f"{config.projector['type']} -> {config.text_config.model_type}; "
        f"{size / 1e6:.1f}M parameters, {built.processor.tokens_per_view} visual tokens a view"
    )


def _tell_results(results: Sequence[StageResult], processes: Processes) -> None:
    processes.tell("\nloss by step")
    width = max(len(result.name) for result in results)
    for result in results:
        processes.tell(
            f"  {result.name:<{width}}  {result.losses[0]:.3f} {loss_curve(result.losses)} "
            f"{result.losses[-1]:.3f}"
        )
    processes.tell(f"model: {results[-1].model}")
