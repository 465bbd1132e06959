"""DeepSpeed, told everything that matters instead of left to its defaults."""

from __future__ import annotations

from typing import Any

import torch

from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.recipe import Recipe, StageRecipe
from trainer.training.data_parallel import DataParallelEngine
from trainer.training.partitioned import partition
from trainer.training.processes import Processes

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
# Smaller tensors stay whole at ZeRO-3: gathering them costs more than keeping them.
PERSISTENT_ELEMENTS = 10_000


def deepspeed_config(recipe: Recipe, stage: StageRecipe, processes: Processes) -> dict[str, Any]:
    """The configuration of one stage.

    `torch_adam` needs no compiler, on a CPU and on a GPU. DeepSpeed checks its batch sizes against
    each other and does nothing else with them: the loop says where a step ends.
    """
    return {
        "train_batch_size": processes.count,
        "train_micro_batch_size_per_gpu": 1,
        "gradient_accumulation_steps": 1,
        "gradient_clipping": stage.gradient_clipping,
        "bf16": {"enabled": recipe.precision == "bf16"},
        "data_types": {"grad_accum_dtype": "fp32"},
        "zero_optimization": {
            "stage": recipe.zero_stage,
            "stage3_param_persistence_threshold": PERSISTENT_ELEMENTS,
        },
        "optimizer": {
            "type": "AdamW",
            "params": {
                "lr": 0.0,
                "betas": stage.optimizer.betas,
                "eps": stage.optimizer.eps,
                "torch_adam": True,
            },
        },
        "steps_per_print": 10**9,  # the loop prints
    }


def cast_weights(model: torch.nn.Module, dtype: torch.dtype) -> None:
    """Casts what is saved of a model; tables that follow from sizes, as rotary ones, stay fp32."""
    for tensor in model.state_dict(keep_vars=True).values():
        if tensor.is_floating_point():
            tensor.data = tensor.data.to(dtype)


def start_engine(
    model: EncoderMixtureForConditionalGeneration,
    groups: list[dict[str, Any]],
    *,
    recipe: Recipe,
    stage: StageRecipe,
    processes: Processes,
) -> Any:
    """Wraps a model for training: DeepSpeed's engine, or at `zero_stage: 0` one that is like it.

    Learning rates start at zero: the loop sets them before each step.
    """
    if recipe.zero_stage == 0:
        torch.nn.Module.to(model, processes.device)
        return DataParallelEngine(
            model,
            groups,
            betas=stage.optimizer.betas,
            eps=stage.optimizer.eps,
            gradient_clipping=stage.gradient_clipping,
        )
    import deepspeed

    config = deepspeed_config(recipe, stage, processes)
    if recipe.zero_stage == 3:
        partition(model, config, processes.device)
    else:
        torch.nn.Module.to(model, processes.device)
    engine, *_ = deepspeed.initialize(
        model=model, model_parameters=groups, config=config, dist_init_required=False
    )
    return engine
