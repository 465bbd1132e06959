"""Which modules compute their activations again in the backward pass."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from datakit.config import Loaded
from datakit.errors import ConfigError, Problem, nearest
from trainer.encoders.families.base import Backbone
from trainer.layers.in_language_model import InLanguageModel, decoder_layers
from trainer.layers.recomputed import recompute
from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.recipe import Recipe
from trainer.training.patterns import matches


def checkpoint_activations(
    model: EncoderMixtureForConditionalGeneration, wanted: bool | Sequence[str]
) -> list[str]:
    """Lets modules recompute, layer by layer; returns their names.

    Args:
        wanted: patterns; true for the language model, through which gradients flow also where it
            is frozen, and for all that trains. Frozen encoders keep nothing in any case.
    """
    patterns = ("*",) if wanted is True else wanted or ()
    chosen = {
        name: module
        for name, module in _parts(model).items()
        if any(matches(name, pattern) for pattern in patterns)
        and (_trains(module) or module is model.language_model)
    }
    for module in chosen.values():
        for layer in _layers(module):
            layer.recompute() if isinstance(layer, Backbone) else recompute(layer)
    return list(chosen)


def check_activations(
    model: EncoderMixtureForConditionalGeneration, loaded: Loaded[Recipe]
) -> None:
    """Checks the patterns of `activation_checkpointing`.

    Raises:
        ConfigError: one names no part of the model.
    """
    wanted = loaded.value.activation_checkpointing
    parts = list(_parts(model))
    problems = [
        Problem(
            where=loaded.where("activation_checkpointing"),
            key="activation_checkpointing",
            found=f"{pattern!r} names no part of the model.",
            mend=nearest(pattern, parts),
        )
        for pattern in (() if isinstance(wanted, bool) else wanted)
        if not any(matches(part, pattern) for part in parts)
    ]
    if problems:
        raise ConfigError(f"recipe {loaded.path}", problems)


def _parts(model: EncoderMixtureForConditionalGeneration) -> dict[str, nn.Module]:
    parts: dict[str, nn.Module] = {
        f"encoders.{name}": encoder for name, encoder in model.encoders.items()
    }
    parts |= {"projector": model.projector, "language_model": model.language_model}
    if any(True for _ in model.fusion.parameters()):
        parts["fusion"] = model.fusion
    if model.in_language_model is not None:
        parts["in_language_model"] = model.in_language_model
    return parts


def _layers(part: nn.Module) -> list[nn.Module]:
    """What recomputes as one: a layer where the part has layers, otherwise the part."""
    if isinstance(part, InLanguageModel):
        return list(part.layers)
    if hasattr(part, "config"):
        return list(decoder_layers(part))
    return [part]


def _trains(module: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters())
