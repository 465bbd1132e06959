"""A stage of a recipe."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from trainer.recipe.defaults import LoraRecipe, Rate, StageDefaults
from trainer.recipe.values import Name, Positive


class StageRecipe(StageDefaults):
    """One stage of training.

    Attributes:
        train: patterns over module names; what matches one of them trains, the rest is frozen.
        each_encoder: whether every encoder trains by itself, one after the other, with a projector
            of its own before the language model (Eagle's pre-alignment). Later stages without
            `from` start with the encoders that it leaves; the projectors are dropped.
        lr: learning rate by pattern; `*` is for what no other pattern matches.
        lora: adapters that train in this stage, besides what `train` names.
        batch_samples: samples a step, over all processes.
        data: name of what it trains on, in the recipe's `data` or as `--data NAME=DIR` gives it;
            null where there is one thing only.
        streaming: whether shards are read from end to end, in place of samples by the index. Their
            order is drawn, and no run repeats another's.
        epochs, steps: how long; exactly one of them.
        from_stage: the earlier stage whose weights it starts from (`from` in the file); null for
            the recipe's own first weights.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)

    name: Name
    train: tuple[str, ...] = ()
    lr: Annotated[dict[str, Rate], Field(min_length=1)]
    lora: LoraRecipe | None = None
    each_encoder: bool = False
    batch_samples: Positive
    data: Name | None = None
    streaming: bool = False
    epochs: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    steps: Positive | None = None
    from_stage: Annotated[str | None, Field(alias="from")] = None

    @model_validator(mode="after")
    def _has_one_length(self) -> StageRecipe:
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("a stage has either epochs or steps, and not both.")
        return self

    @model_validator(mode="after")
    def _trains_something(self) -> StageRecipe:
        if not self.train and self.lora is None:
            raise ValueError("a stage trains something: give `train`, or `lora`.")
        return self
