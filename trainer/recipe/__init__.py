"""What a person writes to train a model: the recipe. Imports no torch."""

from __future__ import annotations

from trainer.recipe.data import Blend, BuildChoice
from trainer.recipe.load import find_recipe, load_recipe
from trainer.recipe.model import EncoderChoice, ModelRecipe, PartChoice
from trainer.recipe.recipe import Recipe
from trainer.recipe.schedule import ScheduleRecipe
from trainer.recipe.stage import StageRecipe

__all__ = [
    "Blend",
    "BuildChoice",
    "EncoderChoice",
    "ModelRecipe",
    "PartChoice",
    "Recipe",
    "ScheduleRecipe",
    "StageRecipe",
    "find_recipe",
    "load_recipe",
]
