"""A whole run: a recipe and a build in, trained models out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import transformers

import datakit
from datakit.config import Loaded
from trainer.data.samples import EncodedSamples, training_rows
from trainer.model.build import ModelAndProcessor, build_model, load_model
from trainer.model.check import check_model
from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.recipe import Recipe, StageRecipe, load_recipe
from trainer.training.activations import check_activations
from trainer.training.identity import run_identity
from trainer.training.metrics import loss_curve
from trainer.training.prepare import (
    claim_folder,
    drop_long_samples,
    make_tokenizer,
)
from trainer.training.processes import Processes, deterministic, join_processes
from trainer.training.stage import Run, StageResult, finished_stage, model_folder, train_stage
from trainer.training.stopping import StopRequest, stop_requests
from trainer.training.trainable import plan_stages


def fit(
    recipe: Path | str, *, data: Path | str, out: Path | str, overrides: Sequence[str] = ()
) -> list[StageResult]:
    """Trains all stages of a recipe on a build.

    Under a launcher every process calls it; each returns the same.

    Args:
        recipe: a file, or the name of a shipped one.
        data: folder of a build.
        out: folder of the run; each stage gets a folder in it.
        overrides: `key.key=value`, over the recipe.

    Raises:
        UsageError: the recipe, the build's path or the output folder is wrong; before training.
        DataError: the build is faulty, or no sample is left to train on.
        TrainingError: the loss is no longer a number.
    """
    loaded = load_recipe(recipe, overrides)
    check_model(loaded)
    build = datakit.open(data)
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with (
        join_processes() as processes,
        stop_requests() as stop,
        deterministic(loaded.value.deterministic),
    ):
        results = _train(loaded, build, Path(out), processes, stop)
        _tell_results(results, processes)
    return results


def _train(
    loaded: Loaded[Recipe],
    build: datakit.BuiltDataset,
    out: Path,
    processes: Processes,
    stop: StopRequest,
) -> list[StageResult]:
    recipe = loaded.value
    identity = run_identity(recipe, {"": build.fingerprint})
    claim_folder(out, identity, processes)
    rows = training_rows(build)
    tokenizer = make_tokenizer(
        recipe.model, build, rows, folder=out / "tokenizer", processes=processes
    )
    first = build_model(recipe.model, tokenizer, seed=recipe.seed)
    plans = plan_stages(first.model, loaded)
    check_activations(first.model, loaded)
    _tell_model(first, recipe, processes)
    data = drop_long_samples(
        EncodedSamples(build, first.processor, rows), recipe.max_tokens, processes
    )
    run = Run(
        recipe=recipe,
        build=build,
        data=data,
        processor=first.processor,
        out=out,
        processes=processes,
        identity=identity,
        stop=stop,
    )
    built = [first.model]
    del first  # a stage's model goes when the stage is done
    results: list[StageResult] = []
    for stage, plan in zip(recipe.stages, plans, strict=True):
        result = finished_stage(run, stage)
        if result is not None:
            processes.tell(f"\nstage {stage.name}: done before")
        else:
            result = train_stage(run, stage, plan, _starting_model(run, stage, built))
        results.append(result)
    return results


def _starting_model(
    run: Run, stage: StageRecipe, built: list[EncoderMixtureForConditionalGeneration]
) -> EncoderMixtureForConditionalGeneration:
    """The weights that a stage starts from: another stage's, or the recipe's own.

    Args:
        built: a model with the latter, to be taken once; or none.
    """
    if stage.from_stage is not None:
        built.clear()
        return load_model(model_folder(run.out, stage.from_stage))
    if built:
        return built.pop()
    tokenizer = run.processor.tokenizer
    return build_model(run.recipe.model, tokenizer, seed=run.recipe.seed).model


def _tell_model(first: ModelAndProcessor, recipe: Recipe, processes: Processes) -> None:
    size = sum(parameter.numel() for parameter in first.model.parameters())
    processes.tell(
        f"model: {' + '.join(first.model.encoders)} -> {recipe.model.fusion.type} -> "
        f"{recipe.model.projector.type} -> {first.model.config.text_config.model_type}; "
        f"{size / 1e6:.1f}M parameters, {first.processor.tokens_per_view} visual tokens a view"
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
