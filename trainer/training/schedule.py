"""How the learning rate moves, as a pure function of the step."""

from __future__ import annotations

import math

from trainer.recipe import ScheduleRecipe


def lr_share(step: int, *, steps: int, schedule: ScheduleRecipe) -> float:
    """The share of the full learning rate at a step, counted from 0.

    The rate rises linearly over the warm-up, whose first step is not zero, and then stays or
    falls along half a cosine, which would reach `final_share` one step after the last.
    """
    warmup = round(schedule.warmup_share * steps)
    if step < warmup:
        return (step + 1) / warmup
    if schedule.type == "constant":
        return 1.0
    done = (step - warmup) / max(steps - warmup, 1)
    cosine = (1 + math.cos(math.pi * done)) / 2
    return schedule.final_share + (1 - schedule.final_share) * cosine


def stage_steps(num_samples: int, *, batch_samples: int, epochs: float | None) -> int:
    """Whole batches in so many epochs, at least one."""
    return max(int(num_samples * (epochs or 0)) // batch_samples, 1)
