"""Whether a language model keeps packed samples apart; many kinds of layers would not."""

from __future__ import annotations

from inspect import signature

import torch
from transformers import PreTrainedModel

from datakit.errors import UsageError
from trainer.model.modeling import EncoderMixtureForConditionalGeneration

PROBE_TOKENS = 4
TOLERANCE = 1e-3


def check_packing(model: EncoderMixtureForConditionalGeneration) -> None:
    """Runs two packed samples of a few tokens twice, with another first one.

    Raises:
        UsageError: the language model takes no positions, or the second sample sees the first.
    """
    language_model = model.language_model
    name = type(language_model).__name__
    if "position_ids" not in signature(language_model.forward).parameters:
        raise UsageError(
            f"{name} takes no position_ids, so that samples in one row would be one text to it. "
            "Set `packing: false`."
        )
    change = _change_behind_border(language_model)
    if change > TOLERANCE:
        raise UsageError(
            f"{name} lets a packed sample see the one before it: its logits change by {change:.2g} "
            "of their size. Set `packing: false`."
        )


@torch.no_grad()
def _change_behind_border(language_model: PreTrainedModel) -> float:
    """How much the second sample's logits change with the first, as a share of the largest."""
    was_training = language_model.training
    language_model.train(False)
    device = language_model.device
    positions = torch.arange(PROBE_TOKENS, device=device).repeat(2).unsqueeze(0)
    ids = torch.arange(2 * PROBE_TOKENS, device=device).unsqueeze(0)
    other = ids.clone()
    other[:, :PROBE_TOKENS] += PROBE_TOKENS
    first, second = (
        language_model(input_ids=row, position_ids=positions, use_cache=False)
        .logits[:, PROBE_TOKENS:]
        .float()
        for row in (ids, other)
    )
    language_model.train(was_training)
    return float((first - second).abs().max() / first.abs().max())
