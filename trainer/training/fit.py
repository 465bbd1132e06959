"""A whole run: a recipe and a build in, trained models out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import transformers

import datakit
from datakit.config import Loaded
from trainer.data.choose import GivenData, choose_builds
from trainer.data.open import open_builds
from trainer.model.build import ModelAndProcessor, build_model, load_model
from trainer.model.check import check_model
from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.recipe import Blend, Recipe, StageRecipe, load_recipe
from trainer.training.activations import check_activations
from trainer.training.identity import run_identity
from trainer.training.metrics import loss_curve
from trainer.training.packing_check import check_packing
from trainer.training.prepare import (
    claim_folder,
    make_tokenizer,
)
from trainer.training.processes import Processes, deterministic, join_processes
from trainer.training.stage import Run, StageResult, finished_stage, model_folder, train_stage
from trainer.training.stage_data import prepare_data
from trainer.training.stopping import StopRequest, stop_requests
from trainer.training.trainable import plan_stages


def fit(
    recipe: Path | str,
    *,
    data: GivenData = None,
    out: Path | str,
    overrides: Sequence[str] = (),
) -> list[StageResult]:
    """Trains all stages of a recipe on builds.

    Under a launcher every process calls it; each returns the same.

    Args:
        recipe: a file, or the name of a shipped one.
        data: folder or URL of a build, for every stage; or such by the names that stages have as
            `data`, in place of the recipe's own.
        out: folder of the run; each stage gets a folder in it.
        overrides: `key.key=value`, over the recipe.

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
        results = _train(loaded, blends, builds, Path(out), processes, stop)
        _tell_results(results, processes)
    return results


def _train(
    loaded: Loaded[Recipe],
    blends: Mapping[str, Blend],
    builds: Mapping[str, datakit.BuiltDataset],
    out: Path,
    processes: Processes,
    stop: StopRequest,
) -> list[StageResult]:
    recipe = loaded.value
    identity = run_identity(recipe, blends, builds)
    claim_folder(out, identity, processes)
    tokenizer = make_tokenizer(
        recipe.model, list(builds.values()), folder=out / "tokenizer", processes=processes
    )
    first = build_model(recipe.model, tokenizer, seed=recipe.seed)
    plans = plan_stages(first.model, loaded)
    check_activations(first.model, loaded)
    _tell_model(first, recipe, processes)
    if recipe.packing:
        check_packing(first.model)
    data = prepare_data(recipe, blends, builds, processor=first.processor, processes=processes)
    run = Run(
        recipe=recipe,
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
