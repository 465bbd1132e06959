"""Models whose weights ZeRO-3 spreads over processes, and the weights of any model as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.modules.module import register_module_forward_pre_hook

from trainer.model.modeling import EncoderMixtureForConditionalGeneration


def partition(
    model: EncoderMixtureForConditionalGeneration, config: dict[str, Any], device: torch.device
) -> None:
    """Spreads a model's weights over the processes, tensor by tensor.

    No device ever holds all of it.
    """
    import deepspeed

    called = _called_modules(model)
    for module in _outside_language_model(model):
        _gather_with_caller(module, module, called)
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


def _outside_language_model(model: EncoderMixtureForConditionalGeneration) -> list[nn.Module]:
    within = model.in_language_model
    return [*model.backbones, model.fusion, model.projector, *(within.layers if within else ())]


def _gather_with_caller(module: nn.Module, caller: nn.Module, called: set[nn.Module]) -> None:
    """Lets the weights of modules that are never called be gathered with the one that uses them.

    DeepSpeed gathers a module's own weights as it is called. timm and torch also use weights of
    modules that they do not call. (DeepSpeed's leaf modules are for that, but version 0.19.8
    releases their weights too early where no input has a gradient, as with pixels.)
    """
    import deepspeed

    if module in called:
        caller = module
    elif caller is not module:
        for parameter in module.parameters(recurse=False):
            deepspeed.zero.register_external_parameter(caller, parameter)
    for child in module.children():
        _gather_with_caller(child, caller, called)


def _called_modules(model: EncoderMixtureForConditionalGeneration) -> set[nn.Module]:
    """Modules that are called as a view becomes visual tokens; shapes alone are computed.

    Of aggregators in the language model, which see no view here, all but lists are.
    """
    called: set[nn.Module] = set()

    def note(module: nn.Module, arguments: object) -> None:
        del arguments
        called.add(module)

    hook = register_module_forward_pre_hook(note)
    try:
        with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad():
            side = model.image_side_px
            model.visual_tokens(torch.zeros(1, 3, side, side, dtype=torch.uint8))
    finally:
        hook.remove()
    within = model.in_language_model
    lists = (nn.ParameterList, nn.ModuleList)
    if within is not None:
        called |= {module for module in within.modules() if not isinstance(module, lists)}
    return called


def _dtype_of(model: nn.Module) -> torch.dtype:
    return next(model.parameters()).dtype
