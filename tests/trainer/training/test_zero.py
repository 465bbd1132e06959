"""What DeepSpeed spreads over processes changes nothing that is learned."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

import trainer
from datakit.errors import UsageError
from tests.trainer.training.conftest import Forks, console, losses
from trainer.model.build import load_model
from trainer.training.checkpoints.open import open_model

pytestmark = pytest.mark.slow

ZERO_STAGES = (0, 1, 2, 3)
AGGREGATORS = "{type: sva, queries: 4, width: 32, depth: 1, in_language_model: {stride: 1}}"
SETTINGS = [
    "seed=0",  # by which one of two processes has text only, in each step
    "model.fusion=separate",
    f"model.projector={AGGREGATORS}",
    "stages.project.steps=1",
    "stages.tune.steps=2",
    "stages.tune.train=[encoders.tiny-vit, projector, in_language_model, language_model]",
    'stages.tune.lr={"*": 2.0e-3, "encoders.*": 1.0e-3}',
    *(f"stages.{stage}.batch_samples=2" for stage in ("project", "tune")),
    "gradient_clipping=0",
    "save_every_steps=1",
]
# Sums over processes may add up in another order.
TOLERANCE = 1e-6


@pytest.fixture(scope="module")
def runs(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A run of each stage of ZeRO in two processes; a step has a sample for each, one of text."""
    folder = tmp_path_factory.mktemp("zero")
    found = {}
    for zero in ZERO_STAGES:
        found[zero] = folder / str(zero)
        statuses = forks.fit(found[zero], *SETTINGS, f"zero_stage={zero}", processes=2)
        told = console(found[zero]).with_suffix(".console.0").read_text()
        assert statuses == [0, 0], told
    lines = (found[0] / "tune" / "metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line) for line in lines]
    assert [(step["samples"], step["images"]) for step in steps] == [(2, 1), (2, 1)]
    return found


def trained(run: Path) -> dict[str, Tensor]:
    """The tensors of the checkpoint after the first step of the second stage, of all processes."""
    files = sorted((run / "tune" / "checkpoints" / "step-000001").glob("*.safetensors"))
    assert len(files) == 2
    return {name: tensor for file in files for name, tensor in load_file(file).items()}


def furthest(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    assert one.keys() == other.keys()
    return max(float((one[name] - other[name]).abs().max()) for name in one)


@pytest.mark.parametrize("zero", ZERO_STAGES[1:])
def test_gradients_are_those_of_plain_data_parallel_training(
    runs: dict[int, Path], zero: int
) -> None:
    """After one step Adam's first moment is a tenth of the gradient, and nothing is clipped."""
    gradients = [
        {name: 10 * tensor for name, tensor in trained(runs[at]).items() if "exp_avg/" in name}
        for at in (0, zero)
    ]
    parts = {
        name.partition("/")[2].partition(".")[0] for name, g in gradients[0].items() if g.any()
    }
    assert parts == {"encoders", "projector", "in_language_model", "language_model"}
    assert furthest(*gradients) < TOLERANCE
    assert losses(runs[zero]) == pytest.approx(losses(runs[0]), abs=1e-5)


@pytest.mark.parametrize("zero", ZERO_STAGES[1:])
def test_the_saved_model_is_the_same(runs: dict[int, Path], zero: int) -> None:
    models = [load_file(runs[at] / "tune" / "model" / "model.safetensors") for at in (0, zero)]
    shapes = [{name: tensor.shape for name, tensor in model.items()} for model in models]
    assert shapes[0] == shapes[1]
    assert any(name.startswith("in_language_model.") for name in shapes[0])
    assert furthest(*models) < 1e-3  # Adam's first steps are as large where gradients are tiny
    load_model(runs[zero] / "tune" / "model")


@pytest.mark.parametrize("zero", [0, 3])
def test_every_folder_of_a_run_exports(runs: dict[int, Path], zero: int, tmp_path: Path) -> None:
    run = runs[zero]
    whole = load_file(run / "tune" / "model" / "model.safetensors")
    trainer.export(run, out=tmp_path / "run")
    assert furthest(whole, load_file(tmp_path / "run" / "model.safetensors")) == 0
    step = run / "tune" / "checkpoints" / "step-000001"
    trainer.export(step, out=tmp_path / "step")
    exported = load_file(tmp_path / "step" / "model.safetensors")
    assert exported.keys() == whole.keys()
    for name, tensor in trained(run).items():
        kind, _, own = name.partition("/")
        if kind == "weight" and own in exported:
            assert torch.equal(exported[own], tensor)
    frozen = "encoders.tiny-convnext.backbone.stem.0.weight"
    assert torch.equal(exported[frozen], whole[frozen])


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no model in .* Give RUN, RUN/<stage>,"):
        open_model(tmp_path)
