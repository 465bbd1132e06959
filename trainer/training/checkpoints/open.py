"""The model of a run, a stage, a saved model or a checkpoint, by its folder."""

from __future__ import annotations

from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from datakit.errors import UsageError
from trainer.model.build import (
    ModelAndProcessor,
    load_model,
    load_processor,
)
from trainer.model.chat_template import load_chat_template
from trainer.model.tokenizer import load_tokenizer
from trainer.recipe import ModelRecipe, load_recipe
from trainer.training.adapters import without_adapters
from trainer.training.checkpoints.folders import STATE_FILE, read_state
from trainer.training.checkpoints.frozen import check_frozen, tensor_digest
from trainer.training.checkpoints.read import CheckpointTensors
from trainer.training.engine import DTYPES, cast_weights
from trainer.training.jobs import jobs_of
from trainer.training.starting import model_folder, starting_model


def open_model(folder: Path) -> ModelAndProcessor:
    """Loads a model and its processor.

    Args:
        folder: `RUN`, whose last stage with a model it is; `RUN/<stage>`; `RUN/<stage>/model`; or
            `RUN/<stage>/checkpoints/step-…`, from any ZeRO stage.

    Raises:
        UsageError: there is no model.
        TrainingError: the model is not whole.
    """
    if (folder / STATE_FILE).is_file():
        return _open_checkpoint(folder)
    for candidate in (folder, folder / "model", *_models_of_run(folder)):
        if (candidate / "config.json").is_file():
            return ModelAndProcessor(load_model(candidate), load_processor(candidate))
    raise UsageError(
        f"no model in {folder}. Give RUN, RUN/<stage>, RUN/<stage>/model or "
        "RUN/<stage>/checkpoints/step-…"
    )


def _models_of_run(run: Path) -> list[Path]:
    """Where the models of a run's stages are, the last stage's first."""
    recipes = sorted(run.glob("*/recipe.yaml"))
    if not recipes:
        return []
    jobs = jobs_of(load_recipe(recipes[0]).value)
    return [model_folder(run, job.name) for job in reversed(jobs) if job.encoder is None]


def _open_checkpoint(folder: Path) -> ModelAndProcessor:
    state, stage_folder = read_state(folder), folder.resolve().parent.parent
    recipe = load_recipe(stage_folder / "recipe.yaml").value
    job = next(job for job in jobs_of(recipe) if job.name == state["stage"])
    stage, run = job.stage, stage_folder.parents[job.name.count("/")]
    opened = starting_model(job, _tokenizer(recipe.model, run), seed=recipe.seed, out=run)
    cast_weights(opened.model, DTYPES[recipe.precision])
    with CheckpointTensors(folder) as tensors:
        trained = dict(tensors.weights())
    own = opened.model.state_dict()
    found = {name: tensor_digest(own[name]) for name in state["frozen"] if name in own}
    check_frozen(state["frozen"], found, folder)
    whole = {**own, **trained}
    if stage.lora is not None:
        whole = without_adapters(whole, stage.lora)
    opened.model.load_state_dict(whole)
    return opened


def _tokenizer(recipe: ModelRecipe, run: Path) -> PreTrainedTokenizerBase:
    if recipe.tokenizer_name is not None:
        template = load_chat_template(recipe.chat_template)
        return load_tokenizer(recipe.tokenizer_name, template=template)[0]
    trained: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(run / "tokenizer")
    return trained
