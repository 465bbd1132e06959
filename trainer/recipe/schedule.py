"""The `schedule` of a recipe."""

from __future__ import annotations

from typing import Literal

from trainer.recipe.values import Share
from trainer.settings import Settings


class ScheduleRecipe(Settings):
    """How the learning rate moves over a stage.

    Attributes:
        type: after the warm-up, `cosine` falls to `final_share` of the rate; `constant` stays.
        warmup_share: share of the steps in which the rate rises linearly.
        final_share: what is left of the rate in the end, under `cosine`.
    """

    type: Literal["cosine", "constant"] = "cosine"
    warmup_share: Share = 0.03
    final_share: Share = 0.0
