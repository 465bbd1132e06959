"""DeepSpeed, told everything that matters instead of left to its defaults."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from trainer.recipe import Recipe
from trainer.training.processes import Processes
from trainer.training.schedule import lr_share

# Adam as LLaVA, Honeybee and Eagle have it: torch's own defaults.
ADAM_BETAS = (0.9, 0.999)
ADAM_EPSILON = 1e-8


def deepspeed_config(recipe: Recipe) -> dict[str, Any]:
    """The configuration of a stage.

    `torch_adam` needs no compiler, on a CPU and on a GPU. DeepSpeed asks how large a micro-batch is
    and counts nothing by it: the loop says where a step ends, and divides the loss itself.
    """
    return {
        "train_micro_batch_size_per_gpu": 1,
        "gradient_accumulation_steps": 1,
        "gradient_clipping": recipe.gradient_clipping,
        "bf16": {"enabled": recipe.precision == "bf16"},
        "data_types": {"grad_accum_dtype": "fp32"},
        "zero_optimization": {"stage": recipe.zero_stage},
        "optimizer": {
            "type": "AdamW",
            "params": {
                "betas": ADAM_BETAS,
                "eps": ADAM_EPSILON,
                "torch_adam": True,
            },
        },
        "steps_per_print": 10**9,  # the loop prints
    }


def start_engine(
    model: nn.Module,
    groups: list[dict[str, object]],
    *,
    recipe: Recipe,
    steps: int,
    processes: Processes,
) -> Any:
    """Wraps a model for training; the engine moves the learning rates at every step."""
    import deepspeed

    dtype = torch.bfloat16 if recipe.precision == "bf16" else torch.float32
    share = partial(lr_share, steps=steps, schedule=recipe.schedule)

    def scheduler(optimizer: Optimizer) -> LambdaLR:
        return LambdaLR(optimizer, share)

    engine, *_ = deepspeed.initialize(
        model=model.to(device=processes.device, dtype=dtype),
        model_parameters=groups,
        lr_scheduler=scheduler,
        config=deepspeed_config(recipe),
        dist_init_required=False,
    )
    return engine
