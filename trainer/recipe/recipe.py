"""What a person writes to train a model: the recipe. Imports no torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from datakit.errors import nearest
from trainer.recipe.model import ModelRecipe
from trainer.recipe.schedule import ScheduleRecipe
from trainer.recipe.stage import StageRecipe
from trainer.recipe.values import Name, NotNegative, Positive
from trainer.settings import Settings


class Recipe(Settings):
    """A recipe.

    Attributes:
        seed: of the first weights and of the order of samples.
        max_tokens: samples with more, visual tokens included, are counted and dropped.
        packing: whether samples share rows, each seeing itself alone; else rows are padded.
        micro_batch_tokens: of one forward at most, padding among them; null for `max_tokens`.
        micro_batch_views: that the encoders see in one forward at most; null for no limit.
        precision: `bf16` keeps fp32 master weights.
        zero_stage: what DeepSpeed spreads over processes: 1 the optimizer, 2 the gradients too.
        gradient_clipping: largest norm of the gradient; 0 for no limit.
        weight_decay: of matrices; never of biases and norms.
        loader_processes: that prepare samples, for each training process; 0 for none besides it.
    """

    name: Name
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 42
    model: ModelRecipe
    max_tokens: Positive = 2048
    packing: bool = True
    micro_batch_tokens: Positive | None = None
    micro_batch_views: Positive | None = None
    precision: Literal["fp32", "bf16"] = "bf16"
    zero_stage: Literal[1, 2] = 2
    gradient_clipping: NotNegative = 1.0
    weight_decay: NotNegative = 0.0
    schedule: ScheduleRecipe = ScheduleRecipe()
    loader_processes: Annotated[int, Field(ge=0)] = 2
    stages: Annotated[tuple[StageRecipe, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _stages_follow(self) -> Recipe:
        earlier: list[str] = []
        for stage in self.stages:
            if stage.name in earlier:
                raise ValueError(f"two stages are called {stage.name!r}.")
            if stage.from_stage is not None and stage.from_stage not in earlier:
                hint = nearest(stage.from_stage, earlier)
                raise ValueError(
                    f"stage {stage.name!r} starts from {stage.from_stage!r}, which is no earlier "
                    f"stage. {hint}"
                )
            earlier.append(stage.name)
        return self
