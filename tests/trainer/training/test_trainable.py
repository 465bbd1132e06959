"""What trains, and at which rate."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit.errors import ConfigError
from trainer.model.build import ModelAndProcessor
from trainer.recipe import load_recipe
from trainer.training.jobs import jobs_of
from trainer.training.trainable import (
    TrainPlan,
    freeze_all_but,
    optimizer_groups,
    plan_jobs,
    set_modes,
)


def plan(built: ModelAndProcessor, folder: Path, stage: str) -> TrainPlan:
    recipe = folder / "recipe.yaml"
    recipe.write_text(
        "extends: tiny\nstages:\n  - {name: tune, drop: true}\n  - {name: project, drop: true}\n"
        f"  - {{name: one, batch_samples: 4, steps: 1, {stage}}}\n"
    )
    loaded = load_recipe(recipe)
    return plan_jobs(loaded, jobs_of(loaded.value), {None: built.model})[0]


def test_the_narrower_pattern_decides_the_rate(small: ModelAndProcessor, tmp_path: Path) -> None:
    decided = plan(
        small, tmp_path, 'train: ["*"], lr: {"*": 1.0, encoders.tiny-vit: 0.1}'
    ).pattern_of
    assert set(decided) == {name for name, _ in small.model.named_parameters()}
    for name, pattern in decided.items():
        assert pattern == ("encoders.tiny-vit" if "tiny-vit" in name else "*")


def test_vectors_never_decay(small: ModelAndProcessor, tmp_path: Path) -> None:
    decided = plan(small, tmp_path, 'train: [projector], lr: {"*": 0.5}, weight_decay: 0.3')
    stage = load_recipe(tmp_path / "recipe.yaml").value.stages[0]
    groups = optimizer_groups(small.model, decided, stage)
    shapes = {g["weight_decay"]: {p.ndim for p in g["params"]} for g in groups}
    assert shapes == {0.3: {2}, 0.0: {1}}


def test_a_frozen_module_is_in_evaluation_mode(small: ModelAndProcessor, tmp_path: Path) -> None:
    freeze_all_but(small.model, plan(small, tmp_path, 'train: [projector], lr: {"*": 0.5}'))
    set_modes(small.model)
    modes = {name: module.training for name, module in small.model.named_children()}
    small.model.requires_grad_(True)
    small.model.train(False)
    assert modes == {
        "encoders": False,
        "fusion": True,
        "language_model": False,
        "projector": True,
    }


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ('train: [projektor], lr: {"*": 1}', r"train: 'projektor' matches nothing.*'projector'"),
        ('train: [projector], lr: {"*": 1, encoders: 1}', r"lr: 'encoders' matches nothing that"),
        ("train: [projector, encoders], lr: {projector: 1}", r"no learning rate for 'encoders\."),
        (
            'train: ["*"], lr: {"*": 1, "enc*": 1, encoders.tiny-vit: 1}',
            r"'enc\*' and 'encoders.tiny-vit' both match",
        ),
    ],
)
def test_a_pattern_that_is_wrong_is_named_with_its_line(
    small: ModelAndProcessor, tmp_path: Path, stage: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=rf"recipe.yaml:5: stages\[0\].*{message}"):
        plan(small, tmp_path, stage)
