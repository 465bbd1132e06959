"""Models whose weights ZeRO-3 spreads over processes, and the weights of any model as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn

from trainer.model.modeling import EncoderMixtureForConditionalGeneration


def partition(
    model: EncoderMixtureForConditionalGeneration, config: dict[str, Any], device: torch.device
) -> None:
    """Spreads a model's weights over the processes, tensor by tensor.

    No device ever holds all of it. What uses weights of modules below itself without calling these
    modules is a leaf: its weights are gathered together.
    """
    import deepspeed

    for module in _leaves(model):
        deepspeed.utils.set_z3_leaf_module(module, True)
    deepspeed.zero.Init(module=model, config_dict_or_path=config, dtype=_dtype_of(model))
    for module in model.modules():
        for name, buffer in module.named_buffers(recurse=False):
            module._buffers[name] = buffer.to(device)


def gathered(parameters: Iterable[nn.Parameter]) -> Any:
    """A context in which spread parameters are whole, in every process; others always are."""
    import deepspeed

    spread = [parameter for parameter in parameters if hasattr(parameter, "ds_id")]
    return deepspeed.zero.GatheredParameters(spread, enabled=bool(spread))


def whole_tensors(model: nn.Module, *, wanted: bool) -> dict[str, Tensor]:
    """All that is saved of a model, on the CPU; every process calls it.

    Args:
        wanted: whether this process keeps them; where not, the answer is empty.
    """
    kept: dict[str, Tensor] = {}
    of_tensor: dict[int, Tensor] = {}  # tied tensors stay one
    for name, tensor in model.state_dict(keep_vars=True).items():
        with gathered([cast(nn.Parameter, tensor)]):
            if wanted:
                if id(tensor) not in of_tensor:
                    of_tensor[id(tensor)] = tensor.detach().to("cpu", copy=True)
                kept[name] = of_tensor[id(tensor)]
    return kept


def _leaves(model: EncoderMixtureForConditionalGeneration) -> list[nn.Module]:
    within = model.in_language_model
    return [*model.backbones, model.fusion, model.projector, *(within.layers if within else ())]


def _dtype_of(model: nn.Module) -> torch.dtype:
    return next(model.parameters()).dtype
