"""What `trainer check` counts, against the papers' figures and against models with weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import trainer
from datakit.errors import ConfigError
from tests.trainer.conftest import SMALL, run_python
from tests.trainer.model.test_combinations import PROJECTORS
from trainer.costs.flops import forward_flops, step_flops
from trainer.costs.memory import ZeroStage, memory_per_gpu
from trainer.costs.model_report import ModelReport
from trainer.model.build import ModelAndProcessor


def test_eagle_x5_7b_costs_what_the_paper_and_our_facts_say() -> None:
    report = trainer.check("eagle-x5-7b-v1", text_tokens=276)
    by_name = {part.name: part for part in report.parts}
    encoders = [part for part in report.parts if part.name.startswith("encoders.")]
    assert report.visual_tokens == 1024
    assert sum(part.parameters for part in encoders) == pytest.approx(2283e6, rel=0.01)
    assert by_name["projector"].parameters == pytest.approx(48.2e6, rel=0.01)
    assert by_name["fusion"].what.endswith("32 x 32 x 7680")
    for name, tera in {"clip-448": 0.72, "convnext-1024": 6.34, "sam-1024": 2.99}.items():
        assert by_name[f"encoders.{name}"].forward_flops == pytest.approx(tera * 1e12, rel=0.05)
    *shares, project, tune = report.stages
    assert project.step_flops == pytest.approx(52e12, rel=0.02)
    assert tune.step_flops == pytest.approx(101e12, rel=0.02)
    assert project.trained_parameters["projector"] == by_name["projector"].parameters
    assert sum(project.trained_parameters.values()) == by_name["projector"].parameters
    assert sum(tune.trained_parameters.values()) == report.parameters
    assert [share.name for share in shares] == [
        f"pre-align/{part.name.removeprefix('encoders.')}" for part in encoders
    ]
    for share, part in zip(shares, encoders, strict=True):
        assert share.trained_parameters[part.name] == part.parameters
        assert share.trained_parameters["language_model"] == 0
        assert 0 < share.trained_parameters["projector"] < by_name["projector"].parameters


def test_the_outline_counts_what_the_model_has(small: ModelAndProcessor) -> None:
    report = trainer.check("tiny", overrides=SMALL, text_tokens=10)
    width = small.model.config.get_text_config().hidden_size
    unused = (320 - len(small.processor.tokenizer)) * width  # rows of a larger vocabulary
    assert report.parameters - unused == sum(p.numel() for p in small.model.parameters())
    ids = torch.zeros(1, report.sample_tokens, dtype=torch.long)
    real = forward_flops(lambda: small.model.language_model(input_ids=ids))
    assert report.parts[-1].forward_flops == pytest.approx(real, rel=0.05)


@pytest.mark.parametrize("projector", PROJECTORS)
def test_every_projector_is_counted(projector: str) -> None:
    settings = {"type": projector, **PROJECTORS[projector]}
    report = trainer.check(
        "tiny", overrides=[*SMALL, f"model.projector={settings}", "model.fusion=separate"]
    )
    assert report.parts[-2].forward_flops > 0


def test_aggregators_within_the_language_model_are_counted() -> None:
    """One for each of two layers, or for the first alone; they may train where it does not."""

    def report(within: str) -> ModelReport:
        projector = f"{{type: sva, queries: 2, width: 64, depth: 1, in_language_model: {within}}}"
        settings = [*SMALL, "model.fusion=separate", f"model.projector={projector}"]
        trains = "stages.project.train=" + ("[projector]" if within == "null" else "[in_*]")
        return trainer.check("tiny", overrides=[*settings, trains])

    without, one, two = report("null"), report("{count: 1}"), report("{stride: 1}")
    *_, aggregators, language_model = two.parts
    assert language_model == without.parts[-1]
    assert aggregators.forward_flops == 2 * one.parts[-2].forward_flops > 0
    assert aggregators.parameters == 2 * one.parts[-2].parameters
    project = two.stages[0]
    assert project.trained_parameters["in_language_model"] == aggregators.parameters
    before = two.view_flops - aggregators.forward_flops
    expected = before + 3 * aggregators.forward_flops + 2 * language_model.forward_flops
    assert project.step_flops == expected


def test_a_frozen_part_costs_a_gradient_only_behind_one_that_trains() -> None:
    assert step_flops([(5, False)]) == 5
    assert step_flops([(5, True)]) == 15
    assert step_flops([(5, True), (7, False)]) == 15 + 14
    assert step_flops([(5, False), (7, True), (1, False)]) == 5 + 21 + 2


@pytest.mark.parametrize(
    ("zero_stage", "expected"),
    [(0, 192 + 64 + 192), (1, 192 + 64 + 24), (2, 192 + 8 + 24), (3, 24 + 8 + 24)],
)
def test_zero_spreads_optimizer_then_gradients_then_weights(
    zero_stage: ZeroStage, expected: int
) -> None:
    memory = memory_per_gpu(
        parameters=96, trained=16, gpus=8, zero_stage=zero_stage, precision="bf16"
    )
    assert memory.total_bytes == expected


def test_the_command_prints_parts_stages_and_memory() -> None:
    result = run_python("-m", "trainer", "check", "tiny", "--gpus", "2")
    assert result.returncode == 0, result.stderr
    assert "64 visual tokens a view." in result.stdout
    assert "on each of 2 GPUs" in result.stdout


def test_a_wrong_recipe_is_told_with_its_lines(tmp_path: Path) -> None:
    recipe = tmp_path / "own.yaml"
    recipe.write_text("extends: tiny\nstages:\n  - {name: project, train: [projektor]}\n")
    with pytest.raises(ConfigError, match=r"own.yaml:3: stages\[0\].train: 'projektor'"):
        trainer.check(recipe)


@pytest.mark.parametrize(
    ("recipe", "visual_tokens", "projector", "channels"),
    [
        ("eagle-x4-7b-released", 1024, 6656 * 4096 + 4096 * 4097 + 4096, 6656),
        ("eagle-x5-7b-released", 1024, 48.2e6, 7680),
        ("llava-1.5-7b", 576, 20.98e6, 1024),
        ("honeybee-c-7b", 144, 37.07e6, 1024),
        ("cambrian-8b", 600, None, None),
    ],
)
def test_shipped_recipes_have_the_papers_sizes(
    recipe: str, visual_tokens: int, projector: float | None, channels: int | None
) -> None:
    """Counted without a network, language models of the hub among them."""
    report = trainer.check(recipe)
    by_name = {part.name: part for part in report.parts}
    assert report.visual_tokens == visual_tokens
    if projector is not None:
        assert by_name["projector"].parameters == pytest.approx(projector, rel=0.01)
        assert by_name["fusion"].what.endswith(f" x {channels}")
    assert by_name["language_model"].parameters == pytest.approx(
        8.03e9 if recipe == "cambrian-8b" else 6.74e9, rel=0.01
    )
