"""Finds grids that cannot be joined, or that cannot become the tokens that a recipe wants."""

from __future__ import annotations

import torch

from datakit.errors import UsageError
from trainer.encoders import build_backbone, resolve_encoder
from trainer.grids import GridShape
from trainer.model.parts import resolve_fusion, resolve_projector
from trainer.recipe import ModelRecipe

Fault = tuple[tuple[str | int, ...], str]

# No fusion or projector minds how wide the language model is.
ANY_WIDTH = 64


def size_faults(model: ModelRecipe) -> list[Fault]:
    """Builds encoders, fusion and projector on the meta device, where they take no memory.

    Args:
        model: all names in it are known, and all settings of the right kind.

    Returns:
        Path of a key, and what is wrong there.
    """
    with torch.device("meta"):
        shapes, faults = _encoder_shapes(model)
        return faults or _faults_of_parts(model, shapes)


def _encoder_shapes(model: ModelRecipe) -> tuple[list[GridShape], list[Fault]]:
    shapes: list[GridShape] = []
    faults: list[Fault] = []
    for index, encoder in enumerate(model.encoders):
        try:
            shapes.append(build_backbone(resolve_encoder(encoder.as_map())).shape)
        except UsageError as error:
            faults.append((("model", "encoders", index), str(error)))
    return shapes, faults


def _faults_of_parts(model: ModelRecipe, shapes: list[GridShape]) -> list[Fault]:
    key = "fusion"
    try:
        fusion, fusion_settings = resolve_fusion(model.fusion.as_map())
        joined = fusion(shapes, model.grid, fusion_settings).shapes
        key = "projector"
        projector, projector_settings = resolve_projector(model.projector.as_map())
        projector(joined, ANY_WIDTH, projector_settings)
    except (ValueError, AssertionError) as error:  # torch asserts that heads divide a width
        return [(("model", key), str(error))]
    return []
