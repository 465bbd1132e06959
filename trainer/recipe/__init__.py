"""What a person writes to train a model: the recipe. Imports no torch."""

from __future__ import annotations

from trainer.recipe.data import Blend, BuildChoice
from trainer.recipe.defaults import LoraRecipe, ScheduleRecipe
from trainer.recipe.engine import EngineRecipe
from trainer.recipe.load import find_recipe, load_recipe
from trainer.recipe.model import EncoderChoice, ModelRecipe, PartChoice
from trainer.recipe.recipe import Recipe
from trainer.recipe.stage import StageRecipe

__all__ = [
    "Blend",
    "BuildChoice",
    "EncoderChoice",
    "EngineRecipe",
    "LoraRecipe",
    "ModelRecipe",
    "PartChoice",
    "Recipe",
    "ScheduleRecipe",
    "StageRecipe",
    "find_recipe",
    "load_recipe",
]
