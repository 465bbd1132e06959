"""The learning rate over a stage."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from datakit.errors import ConfigError
from trainer.recipe import ScheduleRecipe, load_recipe
from trainer.training.schedule import learning_rate, set_rates, stage_steps


def rates(steps: int, peak: float = 1.0, **keys: object) -> Callable[[int], float]:
    schedule = ScheduleRecipe.model_validate(keys)
    return partial(learning_rate, peak=peak, steps=steps, schedule=schedule)


def test_it_rises_over_the_warm_up_and_falls_along_a_cosine() -> None:
    rate = rates(10, warmup_share=0.2, final_share=0.1)
    assert [rate(step) for step in range(3)] == [0.5, 1.0, 1.0]
    assert rate(6) == pytest.approx(0.55)
    assert 0.1 < rate(9) < 0.15


def test_the_schedule_of_honeybee_in_steps_and_with_a_least_rate() -> None:
    """Its pretraining: 2,000 of 50,000 steps, from 3e-4 to 1e-5."""
    rate = rates(50_000, peak=3e-4, warmup_steps=2000, final_lr=1e-5)
    assert rate(999) == pytest.approx(1.5e-4)
    assert rate(1999) == rate(2000) == 3e-4
    assert rate(26_000) == pytest.approx((3e-4 + 1e-5) / 2)
    assert rate(49_999) == pytest.approx(1e-5, rel=1e-3)


def test_a_constant_rate_stays() -> None:
    rate = rates(5, type="constant", warmup_share=0)
    assert {rate(step) for step in range(5)} == {1.0}


def test_every_group_has_a_peak_of_its_own() -> None:
    groups = [{"peak_lr": 1.0, "lr": 0.0}, {"peak_lr": 0.1, "lr": 0.0}]
    set_rates(groups, 0, steps=4, schedule=ScheduleRecipe(warmup_share=0.5))
    assert [group["lr"] for group in groups] == [0.5, 0.05]


def test_a_stage_changes_single_keys_and_keeps_them_when_written_down(tmp_path: Path) -> None:
    settings = [
        "optimizer.eps=1.0e-6",
        "gradient_clipping=0.5",
        "stages.project.schedule={warmup_steps: 7, final_lr: 1.0e-5}",
        "stages.tune.optimizer.betas=[0.9, 0.98]",
        "stages.tune.weight_decay=1.0e-4",
        "stages.tune.max_tokens=300",
    ]
    recipe = load_recipe("tiny", settings).value
    project, tune = recipe.stages
    assert (project.schedule.warmup_share, project.schedule.warmup_steps) == (None, 7)
    assert tune.schedule == recipe.schedule
    assert (tune.optimizer.betas, tune.optimizer.eps) == ((0.9, 0.98), 1e-6)
    assert (project.weight_decay, tune.weight_decay) == (0, 1e-4)
    assert project.gradient_clipping == tune.gradient_clipping == 0.5
    assert (project.max_tokens, tune.max_tokens) == (512, 300)
    (tmp_path / "recipe.yaml").write_text(recipe.model_dump_json(by_alias=True))
    assert load_recipe(tmp_path / "recipe.yaml").value == recipe


def test_two_ways_to_say_one_thing_are_refused() -> None:
    with pytest.raises(ConfigError, match="warmup_share and warmup_steps are both given; set one"):
        load_recipe("tiny", ["schedule={warmup_share: 0.1, warmup_steps: 3}"])


def test_steps_of_epochs() -> None:
    assert stage_steps(100, batch_samples=16, epochs=1) == 6
    assert stage_steps(100, batch_samples=16, epochs=2.5) == 15
    assert stage_steps(3, batch_samples=16, epochs=1) == 1
