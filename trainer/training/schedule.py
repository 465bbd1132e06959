"""How the learning rate moves, as a pure function of the step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from trainer.recipe import ScheduleRecipe


def learning_rate(step: int, *, peak: float, steps: int, schedule: ScheduleRecipe) -> float:
    """The learning rate at a step, counted from 0.

    The rate rises linearly over the warm-up, whose first step is not zero, and then stays or
    falls along half a cosine, which would reach the final rate one step after the last.
    """
    warmup = warmup_steps(schedule, steps)
    if step < warmup:
        return peak * (step + 1) / warmup
    if schedule.type == "constant":
        return peak
    final = schedule.final_lr
    if final is None:
        final = peak * (schedule.final_share or 0.0)
    done = (step - warmup) / max(steps - warmup, 1)
    return final + (peak - final) * (1 + math.cos(math.pi * done)) / 2


def warmup_steps(schedule: ScheduleRecipe, steps: int) -> int:
    """Steps in which the rate rises."""
    if schedule.warmup_steps is not None:
        return schedule.warmup_steps
    return round((schedule.warmup_share or 0.0) * steps)


def set_rates(
    groups: Iterable[dict[str, Any]], step: int, *, steps: int, schedule: ScheduleRecipe
) -> None:
    """Sets the learning rate of an optimizer's groups for a step, counted from 0."""
    for group in groups:
        group["lr"] = learning_rate(step, peak=group["peak_lr"], steps=steps, schedule=schedule)


def stage_steps(num_samples: int, *, batch_samples: int, epochs: float | None) -> int:
    """Whole batches in so many epochs, at least one."""
    return max(int(num_samples * (epochs or 0)) // batch_samples, 1)
