"""What a recipe says for all its stages, and a stage overrides key by key."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from trainer.recipe.values import NotNegative, Positive, Share
from trainer.settings import Settings

Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Beta = Annotated[float, Field(ge=0, lt=1)]

# Two ways to say one thing; giving one of them unsets the other.
EITHER = (("warmup_share", "warmup_steps"), ("final_share", "final_lr"))


class ScheduleRecipe(Settings):
    """How the learning rate moves over a stage.

    Attributes:
        type: after the warm-up, `cosine` falls to the final rate; `constant` stays.
        warmup_share: share of the steps in which the rate rises linearly.
        warmup_steps: the same, in steps; in place of `warmup_share`.
        final_share: what is left of the rate in the end, under `cosine`.
        final_lr: the same, as a rate for every pattern; in place of `final_share`.
    """

    type: Literal["cosine", "constant"] = "cosine"
    warmup_share: Share | None = 0.03
    warmup_steps: Annotated[int, Field(ge=0)] | None = None
    final_share: Share | None = 0.0
    final_lr: Rate | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_of_two(cls, keys: object) -> object:
        if not isinstance(keys, dict):
            return keys
        given = dict(keys)
        for pair in EITHER:
            named = [key for key in pair if keys.get(key) is not None]
            if len(named) == 2:
                raise ValueError(f"{' and '.join(pair)} are both given; set one of them to null.")
            given |= {key: None for key in pair if named and key not in named}
        return given


class OptimizerRecipe(Settings):
    """AdamW (arXiv 1711.05101).

    Attributes:
        betas: of the running means of gradients and of their squares.
        eps: added to the root of the latter.
    """

    betas: tuple[Beta, Beta] = (0.9, 0.999)
    eps: Rate = 1e-8


class StageDefaults(Settings):
    """Keys that both a recipe and its stages have.

    Attributes:
        max_tokens: of a sample, visual tokens among them.
        gradient_clipping: largest norm of the gradient; 0 for no limit.
        weight_decay: of matrices; never of biases and norms.
    """

    max_tokens: Positive = 2048
    schedule: ScheduleRecipe = ScheduleRecipe()
    optimizer: OptimizerRecipe = OptimizerRecipe()
    gradient_clipping: NotNegative = 1.0
    weight_decay: NotNegative = 0.0

    def over(self, base: StageDefaults) -> Self:
        """These keys where they are set, and the others as `base` has them."""
        return self.model_copy(
            update={
                key: _overlaid(getattr(base, key), getattr(self, key), key in self.model_fields_set)
                for key in StageDefaults.model_fields
            }
        )


def _overlaid(below: object, above: object, is_set: bool) -> object:
    if not is_set:
        return below
    if isinstance(below, Settings) and isinstance(above, Settings):
        changes = {key: getattr(above, key) for key in above.model_fields_set}
        return below.model_copy(update=changes)
    return above


class LoraRecipe(Settings):
    """Low-rank adapters (arXiv 2106.09685) of linear layers, which themselves stay as they are.

    Attributes:
        rank: of the two matrices that are learned of each layer.
        alpha: what they add is multiplied by `alpha / rank`.
        dropout: share of a layer's inputs that the adapter does not see, in training.
        targets: patterns over the names of linear layers, or of modules that hold them.
    """

    rank: Positive = 16
    alpha: Rate = 32.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    targets: Annotated[tuple[str, ...], Field(min_length=1)]
