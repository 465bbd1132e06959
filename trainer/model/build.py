"""From a recipe to a model with its first weights, and from a folder to a trained one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GenerationConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from datakit.errors import UsageError
from datakit.record import IMAGE_PLACEHOLDER
from trainer.encoders import EncoderSpec, resolve_encoder
from trainer.errors import TrainingError
from trainer.model.chat_template import load_chat_template, with_own_tokens
from trainer.model.check_language_model import language_model_fault
from trainer.model.configuration import EncoderMixtureConfig
from trainer.model.image_processor import SquareImageProcessor
from trainer.model.modeling import EncoderMixtureForConditionalGeneration, random_language_model
from trainer.model.processor import EncoderMixtureProcessor, token_id
from trainer.recipe import ModelRecipe

MID_GREY = (0.5, 0.5, 0.5)


@dataclass(frozen=True, slots=True)
class ModelAndProcessor:
    """A model, and what prepares its inputs."""

    model: EncoderMixtureForConditionalGeneration
    processor: EncoderMixtureProcessor


def build_model(
    recipe: ModelRecipe, tokenizer: PreTrainedTokenizerBase, *, seed: int
) -> ModelAndProcessor:
    """Builds the model of a recipe with the weights that it names, or random ones from `seed`.

    Raises:
        UsageError: weights that the recipe names cannot be loaded.
    """
    torch.manual_seed(seed)
    # First, so that a random one is the same whatever encoders stand before it.
    language_model, text_config = _language_model(recipe, tokenizer)
    specs = [resolve_encoder(encoder.as_map()) for encoder in recipe.encoders]
    image_token_id = token_id(tokenizer, IMAGE_PLACEHOLDER)
    config = mixture_config(recipe, specs, text_config, image_token_id=image_token_id)
    model = EncoderMixtureForConditionalGeneration(
        config, language_model=language_model, load_encoders=True
    )
    model.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        suppress_tokens=[config.image_token_id],  # written by the model, it would lack its view
    )
    return ModelAndProcessor(model, build_processor(recipe, tokenizer, model))


def build_processor(
    recipe: ModelRecipe,
    tokenizer: PreTrainedTokenizerBase,
    model: EncoderMixtureForConditionalGeneration,
) -> EncoderMixtureProcessor:
    """What prepares the inputs of a recipe's model, which may be on the meta device."""
    specs = [resolve_encoder(encoder.as_map()) for encoder in recipe.encoders]
    images = SquareImageProcessor(
        side_px=model.image_side_px,
        geometry=recipe.geometry.as_map(),
        fill_rgb=_mean_colour(specs),
    )
    chat_format = with_own_tokens(load_chat_template(recipe.chat_template), tokenizer)
    return EncoderMixtureProcessor(
        images,
        tokenizer,
        chat_format=chat_format.model_dump(mode="json"),
        tokens_per_view=model.projector.num_tokens,
    )


def mixture_config(
    recipe: ModelRecipe,
    encoders: Sequence[EncoderSpec],
    text_config: PreTrainedConfig,
    *,
    image_token_id: int,
) -> EncoderMixtureConfig:
    """The configuration of a recipe's model."""
    attention = text_config._attn_implementation
    config = EncoderMixtureConfig(
        text_config=text_config,
        encoders=[encoder.model_dump(mode="json") for encoder in encoders],
        fusion=recipe.fusion.as_map(),
        projector=recipe.projector.as_map(),
        grid=list(recipe.grid),
        image_token_id=image_token_id,
    )
    # transformers has set None, in `text_config`, too: a language model that is there already would
    # no longer hide later tokens.
    config._attn_implementation = attention
    return config


def load_model(folder: Path) -> EncoderMixtureForConditionalGeneration:
    """Loads a saved model, whole or not at all.

    Raises:
        TrainingError: the weights cannot be read, or tensors are missing, left over or of another
            shape; they are listed.
    """
    loading: Any = EncoderMixtureForConditionalGeneration.from_pretrained
    try:
        model, info = loading(folder, output_loading_info=True, ignore_mismatched_sizes=True)
    except (OSError, ValueError, SafetensorError) as error:
        raise TrainingError(f"the model in {folder} cannot be loaded: {error}") from error
    faults = [f"{kind}: {_listed(names)}" for kind, names in info.items() if names]
    if faults:
        raise TrainingError(f"{folder} does not hold this model. " + "; ".join(faults) + ".")
    loaded: EncoderMixtureForConditionalGeneration = model
    return loaded


def load_processor(folder: Path) -> EncoderMixtureProcessor:
    """Loads what a saved model's inputs are prepared with.

    Raises:
        TrainingError: it is not there, or not whole.
    """
    loading: Any = EncoderMixtureProcessor.from_pretrained
    try:
        processor: EncoderMixtureProcessor = loading(folder)
    except (OSError, ValueError, TypeError) as error:
        raise TrainingError(f"the processor in {folder} cannot be loaded: {error}") from error
    return processor


def _listed(tensors: Any) -> str:
    """Names of tensors, in order; for one of another shape, what it has and what is wanted."""
    return ", ".join(
        tensor if isinstance(tensor, str) else "{} of {}, not {}".format(*map(_text, tensor))
        for tensor in sorted(tensors)
    )


def _text(part: str | torch.Size) -> str:
    return part if isinstance(part, str) else " x ".join(map(str, part))


def _language_model(
    recipe: ModelRecipe, tokenizer: PreTrainedTokenizerBase
) -> tuple[PreTrainedModel, PreTrainedConfig]:
    """The language model and its configuration."""
    if isinstance(recipe.language_model, dict):
        keys: dict[str, Any] = {
            "eos_token_id": tokenizer.eos_token_id,
            "bos_token_id": None,
            "pad_token_id": tokenizer.pad_token_id,
            **recipe.language_model,
            "vocab_size": len(tokenizer),
        }
        config: PreTrainedConfig = AutoConfig.for_model(**keys)
        return random_language_model(config), config
    try:
        model = AutoModelForCausalLM.from_pretrained(recipe.language_model)
    except (OSError, ValueError) as error:
        name = recipe.language_model
        raise UsageError(f"the language model {name!r} cannot be loaded: {error}") from error
    fault = language_model_fault(model.config)
    if fault:
        raise UsageError(f"the language model {recipe.language_model!r}: {fault}")
    embeddings = cast(nn.Embedding, model.get_input_embeddings())
    if len(tokenizer) > embeddings.num_embeddings:
        model.resize_token_embeddings(len(tokenizer))
    return model, model.config


def _mean_colour(specs: list[EncoderSpec]) -> tuple[int, ...]:
    """The colour that is, averaged over the encoders, nearest to zero after normalisation."""
    means = [spec.mean for spec in specs if spec.mean is not None] or [MID_GREY]
    channels = zip(*means, strict=True)
    return tuple(round(255 * sum(channel) / len(means)) for channel in channels)
