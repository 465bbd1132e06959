"""Finds and loads recipes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from datakit.config import Loaded, load_config
from datakit.registry import data_file
from trainer.recipe.recipe import Recipe

SHIPPED_RECIPES = Path(__file__).parent.parent / "recipes"


def find_recipe(name: str | Path) -> Path:
    """A recipe's file: the path itself, or the shipped recipe of that name.

    Raises:
        UsageError: a bare name that no shipped recipe has; the nearest are given.
    """
    path = Path(name)
    if path.exists() or path.suffix in (".yaml", ".yml") or path.parent != Path():
        return path
    return data_file(SHIPPED_RECIPES, path.name, what="recipe")


def load_recipe(recipe: str | Path, overrides: Sequence[str] = ()) -> Loaded[Recipe]:
    """Loads a recipe, a file or the name of a shipped one, with what it extends.

    Maps merge, unless they describe different kinds of things by `type`, `preset` or `model_type`:
    then that of the recipe stands alone. Stages merge by name.

    Raises:
        UsageError: the file does not exist.
        ConfigError: all problems, each with its line.
    """
    return load_config(
        find_recipe(recipe),
        Recipe,
        what="recipe",
        shipped=SHIPPED_RECIPES,
        named_lists=("stages",),
        kind_keys=("model_type", "preset", "type"),
        overrides=overrides,
    )
