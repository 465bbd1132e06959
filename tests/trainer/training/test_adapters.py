"""Adapters train in place of the layers that they adapt, and are saved with and without them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from torch import Tensor

import trainer
from datakit.errors import ConfigError
from tests.trainer.conftest import SMALL, Fit
from tests.trainer.training.conftest import Forks, losses
from trainer.model.build import load_model
from trainer.recipe import load_recipe

pytestmark = pytest.mark.slow

LORA = (
    "stages.project.steps=1",
    "stages.tune.steps=4",
    "stages.tune.batch_samples=2",
    "stages.tune.train=[projector]",
    'stages.tune.lr={"*": 1.0e-2}',
    'stages.tune.lora={rank: 4, alpha: 8, targets: ["language_model.*_proj"]}',
    "save_every_steps=2",
)


def weights(folder: Path) -> dict[str, Tensor]:
    return load_file(folder / "model.safetensors")


@pytest.fixture(scope="module")
def run(fit: Fit) -> Path:
    return fit(*LORA)


def test_the_model_has_the_adapters_in_its_layers(run: Path) -> None:
    before, after = weights(run / "project" / "model"), weights(run / "tune" / "model")
    assert before.keys() == after.keys()
    changed = {name for name in after if not torch.equal(before[name], after[name])}
    assert {name.split(".")[0] for name in changed} == {"language_model", "projector"}
    layers = {name for name in changed if name.startswith("language_model.")}
    assert len(layers) == 2 * 7  # four of attention and three of the perceptron in each layer
    ranks = [torch.linalg.matrix_rank(after[name] - before[name], rtol=1e-4) for name in layers]
    assert max(ranks) == 4


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # peft asks
def test_peft_puts_the_adapter_alone_into_the_model_before(run: Path) -> None:
    base = load_model(run / "project" / "model")
    merged = PeftModel.from_pretrained(base, str(run / "tune" / "adapter")).merge_and_unload()
    expected = weights(run / "tune" / "model")
    for name, tensor in merged.state_dict().items():
        if name.startswith("language_model.") and name in expected:
            assert torch.allclose(tensor, expected[name], atol=1e-6), name


def test_a_checkpoint_exports_merged(run: Path, tmp_path: Path) -> None:
    trainer.export(run / "tune" / "checkpoints" / "step-000002", out=tmp_path / "out")
    half, whole = weights(tmp_path / "out"), weights(run / "tune" / "model")
    before = weights(run / "project" / "model")
    assert half.keys() == whole.keys()
    name = "language_model.model.layers.0.self_attn.q_proj.weight"
    assert not torch.equal(half[name], before[name])
    assert not torch.equal(half[name], whole[name])


def test_it_trains_alike_at_zero_3(forks: Forks, run: Path, tmp_path: Path) -> None:
    spread = tmp_path / "run"
    assert forks.fit(spread, *LORA, "zero_stage=3", processes=2) == [0, 0]
    assert losses(spread) == pytest.approx(losses(run), abs=1e-3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["lora.targets=[language_model.q]"], r"'language_model.q' matches no linear layer"),
        (["train=['*']"], r"'language_model.*_proj.weight' would train whole and by an adapter"),
        (["lr={projector: 1.0}"], "no learning rate for 'language_model.*lora_A"),
    ],
)
def test_mistakes_are_named(fit: Fit, settings: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        fit(*LORA, *(f"stages.tune.{setting}" for setting in settings))


def test_the_trained_parameters_are_counted() -> None:
    report = trainer.check("tiny", overrides=[*SMALL, *LORA])
    stage = report.stages[1]
    layers = (64 + 64) * 4 + (64 + 128) * 3  # inputs and outputs
    assert stage.trained_parameters["language_model"] == 2 * 4 * layers
    recipe = load_recipe("tiny", [*SMALL, *LORA]).value
    assert json.loads(recipe.model_dump_json())["stages"][1]["lora"]["rank"] == 4
