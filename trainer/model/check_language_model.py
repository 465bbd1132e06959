"""Whether a configuration of transformers describes a language model that can be trained here."""

from __future__ import annotations

from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_MASKED_LM_MAPPING,
    PreTrainedConfig,
)

SIZES = ("hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers")


def language_model_fault(config: PreTrainedConfig) -> str:
    """What is wrong with it as a language model; empty where nothing is."""
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        return f"{config.model_type!r} is no causal language model of transformers."
    if _reads_both_ways(config):
        return f"{config.model_type!r} is no decoder: its tokens see those that follow."
    for name in SIZES:
        size = getattr(config, name, None)
        if isinstance(size, int) and size < 1:
            return f"{name} is {size}; give a whole number from 1."
    heads = getattr(config, "num_attention_heads", None)
    shared = getattr(config, "num_key_value_heads", None)
    if isinstance(heads, int) and isinstance(shared, int) and (shared < 1 or heads % shared):
        return f"{heads} attention heads cannot share {shared} key-value heads."
    return ""


def _reads_both_ways(config: PreTrainedConfig) -> bool:
    """Encoders that transformers also offers as causal models, unless they are told to be one.

    Not all that have `is_decoder: false` read both ways: GPT-NeoX does not look at it.
    """
    is_encoder = type(config) in MODEL_FOR_MASKED_LM_MAPPING or hasattr(
        config, "add_cross_attention"
    )
    told = getattr(config, "is_decoder", False) or getattr(config, "causal", False)
    return is_encoder and not told and not config.is_encoder_decoder
