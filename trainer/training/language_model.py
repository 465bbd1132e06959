"""What a recipe may choose of how the language model is computed."""

from __future__ import annotations

import inspect
from importlib.util import find_spec
from typing import Literal

import torch
from transformers import PreTrainedModel

from datakit.errors import UsageError
from trainer.layers.in_language_model import decoder_layers
from trainer.recipe import Recipe

LIGER = "liger_kernel"


def set_up_language_model(
    language_model: PreTrainedModel, recipe: Recipe, device: torch.device
) -> None:
    """Applies `attention`, `fused_loss` and `compile`.

    Raises:
        UsageError: one of them is not to be had here.
    """
    if recipe.attention is not None:
        try:
            language_model.set_attn_implementation(recipe.attention)
        except (ImportError, ValueError) as error:
            raise UsageError(f"attention: {recipe.attention} is not to be had: {error}") from error
    if may_fuse_loss(language_model, recipe, device):
        _fuse_loss(language_model)
    if recipe.compile:
        for layer in decoder_layers(language_model):
            layer.compile()


def may_fuse_loss(language_model: PreTrainedModel, recipe: Recipe, device: torch.device) -> bool:
    """Whether head and loss are joined.

    Raises:
        UsageError: they should be, and cannot.
    """
    wanted: bool | Literal["auto"] = recipe.fused_loss
    lack = "" if wanted is False else _lack(language_model, recipe, device)
    if wanted is True and lack:
        raise UsageError(f"fused_loss: true, but {lack}. Set it to auto or false.")
    return wanted is not False and not lack


def _lack(language_model: PreTrainedModel, recipe: Recipe, device: torch.device) -> str:
    """Why head and loss cannot be joined; empty where they can."""
    if device.type != "cuda":
        return "liger-kernel runs on GPUs only"
    if recipe.zero_stage == 3:
        return "it reads the head's weights where ZeRO-3 has not gathered them"
    if find_spec(LIGER) is None:
        return "liger-kernel is not installed (pip install liger-kernel)"
    from liger_kernel.transformers.monkey_patch import MODEL_TYPE_TO_APPLY_LIGER_FN

    model_type = language_model.config.model_type
    known = model_type in MODEL_TYPE_TO_APPLY_LIGER_FN
    return "" if known else f"liger-kernel does not know {model_type}"


def _fuse_loss(language_model: PreTrainedModel) -> None:
    """Lets liger-kernel replace the loss of one model, and nothing else of it."""
    from liger_kernel.transformers.monkey_patch import MODEL_TYPE_TO_APPLY_LIGER_FN

    apply = MODEL_TYPE_TO_APPLY_LIGER_FN[language_model.config.model_type]
    switches = {
        name: False
        for name, parameter in inspect.signature(apply).parameters.items()
        if isinstance(parameter.default, bool)
    }
    apply(model=language_model, **{**switches, "fused_linear_cross_entropy": True})
