"""The learning rate over a stage."""

from __future__ import annotations

import pytest

from trainer.recipe import ScheduleRecipe
from trainer.training.schedule import lr_share, stage_steps


def test_it_rises_over_the_warm_up_and_falls_along_a_cosine() -> None:
    schedule = ScheduleRecipe(type="cosine", warmup_share=0.2, final_share=0.1)
    shares = [lr_share(step, steps=10, schedule=schedule) for step in range(10)]
    assert shares[:3] == [0.5, 1.0, 1.0]
    assert shares[6] == pytest.approx(0.55)
    assert 0.1 < shares[-1] < 0.15


def test_a_constant_rate_stays() -> None:
    schedule = ScheduleRecipe(type="constant", warmup_share=0)
    assert {lr_share(step, steps=5, schedule=schedule) for step in range(5)} == {1.0}


def test_steps_of_epochs() -> None:
    assert stage_steps(100, batch_samples=16, epochs=1) == 6
    assert stage_steps(100, batch_samples=16, epochs=2.5) == 15
    assert stage_steps(3, batch_samples=16, epochs=1) == 1


@pytest.mark.parametrize("warmup_share", [0.0, 0.5, 1.0])
def test_the_step_after_the_last_has_a_rate_too(warmup_share: float) -> None:
    """DeepSpeed's scheduler asks for it."""
    schedule = ScheduleRecipe(warmup_share=warmup_share)
    assert 0 <= lr_share(2, steps=2, schedule=schedule) <= 1
