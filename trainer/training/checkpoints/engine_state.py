"""The optimizer's tensors of one parameter, whatever the engine has made of them.

DeepSpeed flattens parameters and spreads them over processes; its functions give and take the part
of one of them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from trainer.training.data_parallel import DataParallelEngine

WEIGHT = "weight"
MOMENTS = ("exp_avg", "exp_avg_sq")
KINDS = (WEIGHT, *MOMENTS)


def read_tensor(engine: Any, parameter: nn.Parameter, kind: str) -> Tensor:
    """The whole fp32 weight, or a moment, of a trained parameter; every process calls it."""
    if isinstance(engine, DataParallelEngine):
        master = engine.masters[parameter]
        return master.detach() if kind == WEIGHT else engine.optimizer.state[master][kind]
    from deepspeed.utils import safe_get_full_fp32_param, safe_get_full_optimizer_state

    if kind == WEIGHT:
        tensor = safe_get_full_fp32_param(parameter)
    else:
        tensor = safe_get_full_optimizer_state(parameter, kind)
    assert isinstance(tensor, Tensor), "a parameter that does not train"
    return tensor


@torch.no_grad()
def write_tensor(engine: Any, parameter: nn.Parameter, kind: str, value: Tensor) -> None:
    """Sets what `read_tensor` reads; `make_moments` comes first."""
    if isinstance(engine, DataParallelEngine):
        master = engine.masters[parameter]
        target = master if kind == WEIGHT else engine.optimizer.state[master][kind]
        target.copy_(value)
    elif hasattr(parameter, "ds_id"):
        _write_partition(parameter, kind, value)
    else:
        from deepspeed.utils import safe_set_full_fp32_param, safe_set_full_optimizer_state

        if kind == WEIGHT:
            safe_set_full_fp32_param(parameter, value)
        else:
            safe_set_full_optimizer_state(parameter, value, kind)


def link_moments(engine: Any) -> None:
    """Lets `read_tensor` find the moments.

    DeepSpeed 0.19.8 does it after the first group of parameters has made its first step, when the
    other groups have none yet.
    """
    from deepspeed.utils import lazy_init_hp_params_optimizer_state

    if isinstance(engine, DataParallelEngine) or engine.zero_optimization_stage() == 3:
        return
    zero = engine.optimizer
    if hasattr(zero, "bf16_groups"):
        groups, flat = zero.bf16_groups, zero.fp32_groups_flat_partition
    else:
        groups, flat = zero.bit16_groups, zero.single_partition_of_fp32_groups
    for parameters, weights in zip(groups, flat, strict=True):
        lazy_init_hp_params_optimizer_state(parameters, weights, zero.optimizer.state)


def make_moments(engine: Any, *, step: int) -> None:
    """Makes Adam's moments, which torch makes at the first step, and says how many steps it did."""
    if isinstance(engine, DataParallelEngine):
        optimizer = engine.optimizer
    else:
        optimizer = engine.optimizer.optimizer
        if engine.zero_optimization_stage() == 3:
            flat = engine.optimizer.fp32_partitioned_groups_flat
            _make_moments(optimizer, flat, step)
            return
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    _make_moments(optimizer, weights, step)
    link_moments(engine)


def _make_moments(optimizer: torch.optim.Optimizer, weights: list[Tensor], step: int) -> None:
    for weight in weights:
        optimizer.state[weight] = {
            "step": torch.tensor(float(step)),
            **{kind: torch.zeros_like(weight) for kind in MOMENTS},
        }


def _write_partition(parameter: nn.Parameter, kind: str, value: Tensor) -> None:
    """Sets this process's part under ZeRO-3.

    DeepSpeed 0.19.8 fails to cut a tensor that its number of processes does not divide.
    """
    from deepspeed import comm
    from deepspeed.utils import (
        safe_get_local_fp32_param,
        safe_set_local_fp32_param,
        safe_set_local_optimizer_state,
    )

    elements = safe_get_local_fp32_param(parameter).numel()
    padded = value.new_zeros(elements * comm.get_world_size())
    padded[: value.numel()] = value.flatten()
    own = padded.narrow(0, elements * comm.get_rank(), elements)
    if kind == WEIGHT:
        safe_set_local_fp32_param(parameter, own)
    else:
        safe_set_local_optimizer_state(parameter, own, kind)
