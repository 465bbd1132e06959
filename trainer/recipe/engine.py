"""How training runs on the machine. None of these keys changes what is learned but by rounding."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainer.recipe.values import Positive
from trainer.settings import Settings

Tflops = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class EngineRecipe(Settings):
    """Keys of a recipe for the engine.

    Attributes:
        precision: `bf16` keeps fp32 master weights.
        zero_stage: what DeepSpeed spreads over processes: 1 the optimizer, 2 the gradients too,
            3 the weights too; 0 nothing.
        attention: of the language model; null for transformers' choice.
        activation_checkpointing: patterns of modules whose activations are computed again in the
            backward pass; true for the language model and all that trains.
        compile: whether torch compiles the layers of the language model.
        fused_loss: whether liger-kernel joins the language model's head and its loss, which then
            never holds all logits; `auto` where it is installed, on a GPU.
        deterministic: whether a GPU may use only operations that give the same bits each time.
        save_every_steps: steps from one checkpoint to the next; null for none but when stopped.
        keep_checkpoints: of a stage, the newest; null for all.
        loader_processes: that prepare samples, for each training process; 0 for none besides it.
        peak_tflops: what one device can do at most, in 10^12 operations a second, for utilisation;
            `auto` for those of known GPUs in bf16; null for no utilisation.
        eval_every_steps: steps from one held-out loss to the next, and after the last; it is of the
            builds' split `val`. Null for never.
        eval_samples: of each source's held-out samples at most, always the same.
        wandb: project of Weights & Biases that is shown what TensorBoard is; null for none.
        spike_factor: a loss above so many times its running median stops the run; null for any.
    """

    precision: Literal["fp32", "bf16"] = "bf16"
    zero_stage: Literal[0, 1, 2, 3] = 2
    attention: Literal["sdpa", "flash_attention_2", "eager"] | None = None
    activation_checkpointing: bool | tuple[str, ...] = False
    compile: bool = False
    fused_loss: bool | Literal["auto"] = "auto"
    deterministic: bool = False
    save_every_steps: Positive | None = 1000
    keep_checkpoints: Positive | None = 2
    loader_processes: Annotated[int, Field(ge=0)] = 2
    peak_tflops: Tflops | Literal["auto"] | None = "auto"
    eval_every_steps: Positive | None = 1000
    eval_samples: Positive = 64
    wandb: Annotated[str, Field(min_length=1)] | None = None
    spike_factor: Annotated[float, Field(gt=1, allow_inf_nan=False)] | None = None
