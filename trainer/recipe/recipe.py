"""What a person writes to train a model: the recipe. Imports no torch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from datakit.errors import nearest
from trainer.recipe.engine import EngineRecipe
from trainer.recipe.model import ModelRecipe
from trainer.recipe.optimisation import Optimisation
from trainer.recipe.stage import StageRecipe
from trainer.recipe.values import Name, Positive


class Recipe(EngineRecipe, Optimisation):
    """A recipe. Each of its stages has what `Optimisation` holds, its own keys over these.

    Attributes:
        seed: of the first weights and of the order of samples.
        max_tokens: samples with more, visual tokens included, are counted and dropped.
        packing: whether samples share rows, each seeing itself alone; else rows are padded.
        micro_batch_tokens: of one forward at most, padding among them; null for `max_tokens`.
        micro_batch_views: that the encoders see in one forward at most; null for no limit.
    """

    name: Name
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 42
    model: ModelRecipe
    max_tokens: Positive = 2048
    packing: bool = True
    micro_batch_tokens: Positive | None = None
    micro_batch_views: Positive | None = None
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

    @model_validator(mode="after")
    def _stages_inherit(self) -> Recipe:
        stages = tuple(stage.over(self) for stage in self.stages)
        return self.model_copy(update={"stages": stages})
