"""Finds grids that cannot be joined, or that cannot become the tokens that a recipe wants."""

from __future__ import annotations

import torch

from datakit.errors import UsageError
from trainer.encoders import build_backbone, resolve_encoder
from trainer.grids import GridShape
from trainer.model.parts import resolve_fusion, resolve_projector
from trainer.recipe import ModelRecipe, Recipe, StageRecipe

Fault = tuple[tuple[str | int, ...], str]

# No fusion or projector minds how wide the language model is.
ANY_WIDTH = 64


def size_faults(recipe: Recipe) -> list[Fault]:
    """Builds encoders, fusion and projector on the meta device, where they take no memory.

    Args:
        recipe: all names in its model are known, and all settings of the right kind.

    Returns:
        Path of a key, and what is wrong there.
    """
    with torch.device("meta"):
        shapes, faults = _encoder_shapes(recipe.model)
        return faults or _faults_of_parts(recipe, shapes)


def _encoder_shapes(model: ModelRecipe) -> tuple[list[GridShape], list[Fault]]:
    shapes: list[GridShape] = []
    faults: list[Fault] = []
    for index, encoder in enumerate(model.encoders):
        try:
            shapes.append(build_backbone(resolve_encoder(encoder.as_map())).shape)
        except UsageError as error:
            faults.append((("model", "encoders", index), str(error)))
    return shapes, faults


def _faults_of_parts(recipe: Recipe, shapes: list[GridShape]) -> list[Fault]:
    model, key = recipe.model, "fusion"
    try:
        fusion, fusion_settings = resolve_fusion(model.fusion.as_map())
        joined = fusion(shapes, model.grid, fusion_settings).shapes
        key = "projector"
        projector, projector_settings = resolve_projector(model.projector.as_map())
        visual_tokens = projector(joined, ANY_WIDTH, projector_settings).num_tokens
    except (ValueError, AssertionError) as error:  # torch asserts that heads divide a width
        return [(("model", key), str(error))]
    shortest = min(recipe.stages, key=lambda stage: stage.max_tokens)
    if shortest.max_tokens <= visual_tokens:
        found = f"{shortest.max_tokens:,} tokens have no room for a view and its text: the view"
        where = () if shortest.max_tokens == recipe.max_tokens else _place(recipe, shortest)
        return [((*where, "max_tokens"), f"{found} alone has {visual_tokens:,} visual tokens.")]
    return []


def _place(recipe: Recipe, stage: StageRecipe) -> tuple[str | int, ...]:
    return ("stages", recipe.stages.index(stage))
