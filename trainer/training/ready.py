"""A model as a stage trains it, all of it still in each process."""

from __future__ import annotations

from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.recipe import Recipe, StageRecipe
from trainer.training.activations import checkpoint_activations
from trainer.training.adapters import add_adapters
from trainer.training.language_model import set_up_language_model
from trainer.training.processes import Processes
from trainer.training.trainable import TrainPlan, freeze_all_but


def make_trainable(
    model: EncoderMixtureForConditionalGeneration,
    recipe: Recipe,
    stage: StageRecipe,
    plan: TrainPlan,
    processes: Processes,
) -> None:
    """Adds adapters, freezes what does not train, and sets how the model is computed."""
    if stage.lora is not None:
        add_adapters(model, stage.lora, seed=recipe.seed)
    freeze_all_but(model, plan)
    set_up_language_model(model.language_model, recipe, processes.device)
    checkpoint_activations(model, recipe.activation_checkpointing)
