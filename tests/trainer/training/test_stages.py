"""A recipe with pre-alignment, whole and by its parts, in processes of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoTokenizer

import trainer
from datakit.errors import ConfigError, UsageError
from tests.trainer.conftest import run_python
from tests.trainer.model.test_combinations import ENCODERS, TINY_EVA02, TINY_PIX2STRUCT
from trainer.chat import ChatSession
from trainer.model.build import build_model
from trainer.recipe import load_recipe
from trainer.training.jobs import jobs_of
from trainer.training.starting import model_folder

EXPERTS: list[dict[str, Any]] = [*ENCODERS[:3], TINY_PIX2STRUCT, TINY_EVA02]
NAMES = ["vit", "convnext", "unshuffled", "pix2struct-1024", "eva02-1024"]
# Eagle-X5's stages over five small experts with random weights.
RECIPE = f"""\
extends: eagle-x5-7b
name: five
model:
  language_model:
    model_type: llama
    hidden_size: 32
    intermediate_size: 32
    num_hidden_layers: 1
    num_attention_heads: 2
  tokenizer_vocab_size: 320
  chat_template: chatml
  encoders: {EXPERTS}
  grid: 4
max_tokens: 512
precision: fp32
loader_processes: 0
stages:
  - {{name: pre-align, epochs: null, steps: 1, batch_samples: 4, lr: {{"*": 0.01}}}}
  - {{name: project, epochs: null, steps: 1, batch_samples: 4, train: [projector]}}
  - {{name: tune, epochs: null, steps: 1, batch_samples: 4}}
"""
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "five.yaml"
    path.write_text(RECIPE.replace("None", "null"))
    return path


@pytest.fixture(scope="module")
def run(recipe: Path, build_path: Path) -> Path:
    """All stages, in two processes."""
    out = recipe.parent / "run"
    command = ["fit", str(recipe), "--data", str(build_path), "--out", str(out)]
    done = run_python(*TORCHRUN, "-m", "trainer", *command)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def first(recipe: Path, run: Path) -> dict[str, dict[str, Tensor]]:
    """The weights that each job's model would have, were nothing trained."""
    loaded = load_recipe(recipe).value
    tokenizer = AutoTokenizer.from_pretrained(run / "tokenizer")
    return {
        job.name: build_model(job.model, tokenizer, seed=loaded.seed).model.state_dict()
        for job in jobs_of(loaded)
    }


def weights_of(run: Path, job: str) -> dict[str, Tensor]:
    return load_file(model_folder(run, job) / "model.safetensors")


def loss_of(run: Path, job: str) -> float:
    line = json.loads((run / job / "metrics.jsonl").read_text().splitlines()[0])
    return float(line["loss"])


def changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    """First parts of the names of tensors that differ."""
    assert set(after) <= set(before)
    names = {name for name, tensor in after.items() if not tensor.equal(before[name])}
    return {".".join(name.split(".")[: 2 if name.startswith("encoders.") else 1]) for name in names}


@pytest.mark.parametrize("name", NAMES)
def test_pre_alignment_changes_the_expert_and_its_projector_alone(
    name: str, run: Path, first: dict[str, dict[str, Tensor]]
) -> None:
    job = f"pre-align/{name}"
    before, after = first[job], weights_of(run, job)
    assert changed(before, after) == {f"encoders.{name}", "projector"}
    for key, tensor in after.items():
        if key.startswith("language_model."):
            assert tensor.equal(first["tune"][key])


def test_the_joint_model_takes_the_experts_and_drops_their_projectors(
    run: Path, first: dict[str, dict[str, Tensor]]
) -> None:
    project = weights_of(run, "project")
    for name in NAMES:
        expert = weights_of(run, f"pre-align/{name}")
        own = {key: tensor for key, tensor in expert.items() if key.startswith("encoders.")}
        assert own and all(project[key].equal(tensor) for key, tensor in own.items())
    aligned = {**first["project"], **{key: project[key] for key in project if "encoders." in key}}
    assert changed(aligned, project) == {"projector"}
    everything = {"projector", "language_model", *(f"encoders.{name}" for name in NAMES)}
    assert changed(project, weights_of(run, "tune")) == everything


def test_the_exported_model_generates(run: Path, scenes: Path, tmp_path: Path) -> None:
    model = trainer.export(run / "tune", out=tmp_path / "five")
    session = ChatSession(model, [scenes / "scenes" / "0.png"])
    assert isinstance(session.say("What colour is the shape?", max_new_tokens=4), str)


def test_a_part_alone_is_the_part_of_the_whole(
    recipe: Path, run: Path, build_path: Path, tmp_path: Path
) -> None:
    """A parallel job for one encoder; and a stage whose start is not there yet."""
    trainer.fit(recipe, data=build_path, out=tmp_path / "run", stage="pre-align/vit")
    assert sorted(path.name for path in (tmp_path / "run" / "pre-align").iterdir()) == ["vit"]
    alone, whole = (loss_of(folder, "pre-align/vit") for folder in (tmp_path / "run", run))
    assert alone == pytest.approx(whole, abs=1e-4)
    with pytest.raises(UsageError, match="'project' starts from 'pre-align/convnext', and there"):
        trainer.fit(recipe, data=build_path, out=tmp_path / "run", stage="project")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("stages.project.from=pre-align", "'pre-align', which leaves a model of each encoder"),
        ("stages.pre-align.train=[encoders.vit]", "train: 'encoders.vit': nothing of pre-align/co"),
        ("stages.pre-align.train=[encoders, heads]", "'heads' matches nothing in the model"),
        ('stages.pre-align.lr={"*": 1, fusion: 1}', "lr: 'fusion' matches nothing that trains"),
        (
            'stages.pre-align.lr={"enc*": 1, encoders.vit: 1, projector: 1}',
            r"'enc\*' and 'encoders.vit' both match 'encoders.vit",
        ),
        ("stages.tune.each_encoder=true", "'tune' starts from 'project', but has `each_encoder`"),
    ],
)
def test_a_mistake_in_a_stage(recipe: Path, setting: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        trainer.check(recipe, overrides=[setting])


def test_a_stage_that_the_recipe_does_not_have(
    recipe: Path, build_path: Path, tmp_path: Path
) -> None:
    for stage, near in (("prealign", "pre-align"), ("pre-align/vti", "pre-align/vit")):
        with pytest.raises(UsageError, match=f"no stage '{stage}'. Did you mean '{near}'"):
            trainer.fit(recipe, data=build_path, out=tmp_path / "run", stage=stage)
    assert not (tmp_path / "run").exists()
