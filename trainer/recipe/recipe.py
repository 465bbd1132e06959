"""What a person writes to train a model: the recipe. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from datakit.errors import nearest
from trainer.recipe.data import Blend
from trainer.recipe.defaults import StageDefaults
from trainer.recipe.engine import EngineRecipe
from trainer.recipe.model import ModelRecipe
from trainer.recipe.stage import StageRecipe
from trainer.recipe.values import Name, NameWithDots, Positive, Share


class Recipe(EngineRecipe, StageDefaults):
    """A recipe. Each of its stages has what `StageDefaults` holds, its own keys over these.

    Attributes:
        seed: of the first weights and of the order of samples.
        data: builds by the name that stages call them.
        over_long: what becomes of samples with more: `drop`, or `cut` behind the last exchange that
            fits; either way they are counted.
        max_faulty_share: samples that cannot be read while training are replaced; a stage ends when
            they are more than this share of all that it draws.
        packing: whether samples share rows, each seeing itself alone; else rows are padded.
        micro_batch_tokens: of one forward at most, padding among them; null for `max_tokens`.
        micro_batch_views: that the encoders see in one forward at most; null for no limit.
    """

    name: NameWithDots
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 42
    model: ModelRecipe
    data: dict[Name, Blend] = Field(default_factory=dict)
    over_long: Literal["drop", "cut"] = "drop"
    max_faulty_share: Share = 0.01
    packing: bool = True
    micro_batch_tokens: Positive | None = None
    micro_batch_views: Positive | None = None
    stages: Annotated[tuple[StageRecipe, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _stages_follow(self) -> Recipe:
        earlier: dict[str, StageRecipe] = {}
        for stage in self.stages:
            if stage.name in earlier:
                raise ValueError(f"two stages are called {stage.name!r}.")
            if stage.from_stage is not None:
                _check_start(stage, earlier)
            earlier[stage.name] = stage
        return self

    @model_validator(mode="after")
    def _stages_inherit(self) -> Recipe:
        stages = tuple(stage.over(self) for stage in self.stages)
        longest = max(stage.max_tokens for stage in stages)
        if self.micro_batch_tokens is not None and self.micro_batch_tokens < longest:
            raise ValueError(
                f"micro_batch_tokens is {self.micro_batch_tokens:,}, and max_tokens {longest:,}: "
                "a sample would not fit."
            )
        return self.model_copy(update={"stages": stages})


def _check_start(stage: StageRecipe, earlier: Mapping[str, StageRecipe]) -> None:
    """Checks the `from` of a stage."""
    start = f"stage {stage.name!r} starts from {stage.from_stage!r}"
    source = earlier.get(str(stage.from_stage))
    if source is None:
        hint = nearest(str(stage.from_stage), list(earlier))
        raise ValueError(f"{start}, which is no earlier stage. {hint}")
    if source.each_encoder:
        raise ValueError(
            f"{start}, which leaves a model of each encoder and none of all of them. Leave `from` "
            "out: the encoders are taken from there."
        )
    if stage.each_encoder:
        raise ValueError(
            f"{start}, but has `each_encoder`: each encoder starts from the recipe's "
            "own first weights. Leave `from` out."
        )
