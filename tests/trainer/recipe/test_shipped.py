"""The shipped recipes' hyper-parameters, against the papers' tables."""

from __future__ import annotations

import pytest

from trainer.recipe import StageRecipe, load_recipe

# Patterns that train, rates, samples a step, epochs or steps, and what the stage starts from.
Stated = tuple[list[str], list[float], int, float, str | None]
EVERY_ENCODER = (["encoders", "projector"], [2e-5], 128, 1, None)
LLAVA_TUNE: Stated = (["projector", "language_model"], [2e-5], 128, 1, "project")
EAGLE_TUNE: Stated = (["*"], [2e-5], 128, 1, "project")
HONEYBEE_TUNE: Stated = (["projector", "language_model"], [2e-5], 128, 10_000, "project")
STAGES: dict[str, dict[str, Stated]] = {
    "eagle-x5-7b": {
        "pre-align": EVERY_ENCODER,
        "project": (["projector", "encoders"], [1e-3], 256, 1, None),
        "tune": EAGLE_TUNE,
    },
    "eagle-x5-7b-v1": {
        "pre-align": EVERY_ENCODER,
        "project": (["projector"], [1e-3], 256, 1, None),
        "tune": EAGLE_TUNE,
    },
    "eagle-x4-7b-released": {
        "project": (["projector"], [1e-3], 256, 1, None),
        "tune": EAGLE_TUNE,
    },
    "honeybee-c-7b": {
        "project": (["projector"], [3e-4], 256, 200_000, None),
        "tune": HONEYBEE_TUNE,
    },
    "honeybee-d-7b": {
        "project": (["projector"], [1e-4], 256, 200_000, None),
        "tune": HONEYBEE_TUNE,
    },
    "cambrian-8b": {
        "project": (["projector", "in_language_model"], [1e-3, 1e-4, 1e-4], 512, 1, None),
        "tune": (
            ["projector", "in_language_model", "language_model"],
            [4e-5],
            512,
            1,
            "project",
        ),
    },
    "llava-1.5-7b": {"project": (["projector"], [1e-3], 256, 1, None), "tune": LLAVA_TUNE},
}


def stated(stage: StageRecipe) -> Stated:
    length = stage.epochs or stage.steps or 0
    rates = list(stage.lr.values())
    return list(stage.train), rates, stage.batch_samples, length, stage.from_stage


@pytest.mark.parametrize("name", STAGES)
def test_stages_are_those_of_the_paper(name: str) -> None:
    recipe = load_recipe(name).value
    assert {stage.name: stated(stage) for stage in recipe.stages} == STAGES[name]
    assert [stage.name for stage in recipe.stages if stage.each_encoder] == [
        stage for stage in STAGES[name] if stage == "pre-align"
    ]


def test_honeybees_optimizer_and_schedules() -> None:
    """The training table of arXiv 2312.06742."""
    recipe = load_recipe("honeybee-c-7b").value
    found = {
        stage.name: (
            stage.schedule.warmup_steps,
            stage.schedule.final_lr,
            stage.weight_decay,
            stage.optimizer.betas,
            stage.optimizer.eps,
            stage.gradient_clipping,
        )
        for stage in recipe.stages
    }
    assert found == {
        "project": (2000, 1e-5, 0.01, (0.9, 0.98), 1e-6, 1.0),
        "tune": (150, 1e-6, 1e-4, (0.9, 0.98), 1e-6, 1.0),
    }


def test_warm_up_shares() -> None:
    shares = [stage.schedule.warmup_share for stage in load_recipe("cambrian-8b").value.stages]
    assert shares == [0.06, 0.03]
    for name in ("eagle-x5-7b", "eagle-x4-7b-released", "llava-1.5-7b"):
        assert {stage.schedule.warmup_share for stage in load_recipe(name).value.stages} == {0.03}
