"""The public function behind `trainer check`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trainer.costs.model_report import ModelReport
from trainer.costs.report import TEXT_TOKENS, report_model
from trainer.recipe import load_recipe


def check(
    recipe: str | Path,
    *,
    gpus: int = 8,
    text_tokens: int = TEXT_TOKENS,
    overrides: Sequence[str] = (),
) -> ModelReport:
    """Checks a recipe and counts what its model costs; no weight is loaded.

    Args:
        recipe: a file, or the name of a shipped one.
        gpus: that ZeRO spreads over.
        text_tokens: of a sample, beside those of its view.
        overrides: `key.key=value`, each value parsed as YAML.

    Raises:
        UsageError: no such recipe, or the language model's configuration cannot be loaded.
        ConfigError: the recipe is wrong; all problems, each with its line.
    """
    return report_model(load_recipe(recipe, overrides), gpus=gpus, text_tokens=text_tokens)
