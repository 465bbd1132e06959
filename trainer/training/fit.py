"""A whole run: a recipe and builds in, trained models out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import transformers

import datakit
from datakit.config import Loaded
from trainer.data.choose import GivenData, choose_builds
from trainer.data.open import open_builds
from trainer.model.build import ModelAndProcessor
from trainer.model.check import check_model
from trainer.recipe import Blend, Recipe, load_recipe
from trainer.training.activations import check_activations
from trainer.training.identity import run_identity
from trainer.training.jobs import Job, choose_jobs, jobs_of, outlines_of
from trainer.training.metrics import loss_curve
from trainer.training.packing_check import check_packing
from trainer.training.prepare import claim_folder, make_tokenizer
from trainer.training.processes import Processes, deterministic, join_processes
from trainer.training.run import Run, StageResult, finished_stage
from trainer.training.stage import train_stage
from trainer.training.stage_data import AnyData, prepare_data
from trainer.training.starting import check_starts, starting_model
from trainer.training.stopping import StopRequest, stop_requests
from trainer.training.trainable import plan_jobs, trains_embeddings


def fit(
    recipe: Path | str,
    *,
    data: GivenData = None,
    out: Path | str,
    overrides: Sequence[str] = (),
    stage: str | None = None,
) -> list[StageResult]:
    """Trains the stages of a recipe on builds.

    Under a launcher every process calls it; each returns the same.

    Args:
        recipe: a file, or the name of a shipped one.
        data: folder or URL of a build, for every stage; or such by the names that stages have as
            `data`, in place of the recipe's own.
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
    blends = choose_builds(loaded, data)
    builds = open_builds(blends.values())
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with (
        join_processes() as processes,
        stop_requests() as stop,
        deterministic(loaded.value.deterministic),
    ):
        results = _train(loaded, blends, builds, Path(out), processes, stop, only=stage)
        _tell_results(results, processes)
    return results


def _train(
    loaded: Loaded[Recipe],
    blends: Mapping[str, Blend],
    builds: Mapping[str, datakit.BuiltDataset],
    out: Path,
    processes: Processes,
    stop: StopRequest,
    *,
    only: str | None,
) -> list[StageResult]:
    recipe = loaded.value
    jobs = jobs_of(recipe)
    chosen = choose_jobs(jobs, only)
    models = outlines_of(jobs)
    plans = plan_jobs(loaded, jobs, models)
    check_activations(models[jobs[-1].encoder], loaded)
    check_starts(chosen, out)
    identity = run_identity(recipe, blends, builds)
    claim_folder(out, identity, processes)
    tokenizer = make_tokenizer(
        recipe.model,
        list(builds.values()),
        folder=out / "tokenizer",
        embeddings_train=any(trains_embeddings(model, plans) for model in models.values()),
        processes=processes,
    )
    results: list[StageResult] = []
    prepared: dict[str | None, Mapping[str, AnyData]] = {}
    for job in chosen:
        result = finished_stage(out, job.name, processes)
        if result is not None:
            processes.tell(f"\nstage {job.name}: done before")
            results.append(result)
            continue
        built = starting_model(job, tokenizer, seed=recipe.seed, out=out)
        if job.encoder not in prepared:
            _tell_model(built, processes)
            if recipe.packing:
                check_packing(built.model)
            alike = _alike(job, chosen)
            prepared[job.encoder] = prepare_data(
                recipe,
                [other.stage for other in alike],
                {other.name: blends[other.stage_name] for other in alike},
                builds,
                processor=built.processor,
                processes=processes,
            )
        run = Run(
            recipe=recipe,
            data=prepared[job.encoder],
            processor=built.processor,
            out=out,
            processes=processes,
            identity=identity,
            stop=stop,
        )
        results.append(train_stage(run, job.stage, plans[jobs.index(job)], built.model))
        del built, run  # a stage's model goes when the stage is done
    return results


def _alike(job: Job, jobs: Iterable[Job]) -> list[Job]:
    """The jobs of one encoder, or of all together: their samples have the same sizes."""
    return [other for other in jobs if other.encoder == job.encoder]


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
