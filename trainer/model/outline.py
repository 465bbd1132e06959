"""A recipe's model on the meta device: all of its shapes, none of its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, PreTrainedConfig

from datakit.config import parse_yaml, to_plain
from datakit.errors import UsageError
from trainer.encoders import resolve_encoder
from trainer.model.build import mixture_config
from trainer.model.check_language_model import language_model_fault
from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.recipe import ModelRecipe

KNOWN = Path(__file__).parent / "language_models"


def outline_model(recipe: ModelRecipe) -> EncoderMixtureForConditionalGeneration:
    """Builds the model that a recipe describes; a 7B one takes seconds and no memory.

    Nothing in it wants gradients, for torch's counter of operations fails at learned queries that
    do. The tokens that a tokenizer may still lack are not counted among the embeddings. The sizes
    of a language model that has a file in `language_models/` need no network.

    Raises:
        UsageError: the language model's configuration cannot be loaded.
    """
    specs = [resolve_encoder(encoder.as_map()) for encoder in recipe.encoders]
    config = mixture_config(recipe, specs, _text_config(recipe), image_token_id=0)
    with torch.device("meta"):
        model = EncoderMixtureForConditionalGeneration(config)
    return model.requires_grad_(False)


def _text_config(recipe: ModelRecipe) -> PreTrainedConfig:
    named = recipe.language_model
    if isinstance(named, dict):
        keys: dict[str, Any] = {**named, "vocab_size": recipe.tokenizer_vocab_size}
        return AutoConfig.for_model(**keys)
    known = KNOWN / f"{named.replace('/', '--')}.yaml"
    if known.is_file():
        sizes: dict[str, Any] = to_plain(parse_yaml(known.read_text(encoding="utf-8"), str(known)))
        return AutoConfig.for_model(**sizes)
    try:
        config: PreTrainedConfig = AutoConfig.from_pretrained(named)
    except (OSError, ValueError) as error:
        raise UsageError(f"the language model {named!r} cannot be loaded: {error}") from error
    fault = language_model_fault(config)
    if fault:
        raise UsageError(f"the language model {named!r}: {fault}")
    return config
