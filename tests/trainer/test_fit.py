"""Whole runs, in processes of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from transformers import AutoTokenizer

import datakit
from tests.trainer.conftest import SMALL, Fit, run_python
from trainer.data.micro_batches import Limits, Size, deal_micro_batches
from trainer.data.order import Draw, SampleOrder
from trainer.model.build import build_model
from trainer.recipe import load_recipe
from trainer.training.starting import model_folder

GENERATE = """\
import sys, torch, trainer
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor
model = AutoModelForImageTextToText.from_pretrained(sys.argv[1])
processor = AutoProcessor.from_pretrained(sys.argv[1])
question = [{"type": "image"}, {"type": "text", "text": "\\nWhat colour is the shape?"}]
turns = [{"role": "user", "content": question}]
text = processor.apply_chat_template(turns, add_generation_prompt=True)
inputs = processor(text=[text], images=[Image.open(sys.argv[2])], return_tensors="pt")
written = model.generate(**inputs, max_new_tokens=12, do_sample=False)
print(processor.decode(written[0, inputs["input_ids"].shape[1]:], skip_special_tokens=True))
"""


def metrics_of(run: Path, stage: str) -> list[dict[str, Any]]:
    lines = (run / stage / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_the_loss_falls_and_every_step_is_recorded(trained: Path) -> None:
    steps = metrics_of(trained, "tune")
    assert [step["step"] for step in steps] == list(range(1, 61))
    assert steps[-1]["loss"] < steps[0]["loss"] / 3
    assert steps[0]["samples"] == 8
    assert {"*", "encoders.*"} == set(steps[0]["lr"])


def test_a_stage_leaves_its_recipe_and_what_it_trained_on(trained: Path, build_path: Path) -> None:
    told = json.loads((trained / "tune" / "data.json").read_text())
    (share,) = told["builds"]
    assert share["fingerprint"] == datakit.open(build_path).fingerprint
    assert share["samples"] == told["epoch_samples"] == 64
    assert (trained / "tune" / "dropped.jsonl").read_text() == ""
    again = load_recipe(trained / "tune" / "recipe.yaml").value
    assert (
        again
        == load_recipe("tiny", [*SMALL, "stages.project.steps=3", "stages.tune.steps=60"]).value
    )
    assert list((trained / "tune").glob("events.out.tfevents.*"))
    console = trained.with_name(f"{trained.name}.txt").read_text()
    assert "0 samples dropped" in console
    assert "tune 60/60  loss" in console


def test_transformers_alone_loads_it_and_generates(trained: Path, scenes: Path) -> None:
    model = str(trained / "tune" / "model")
    image = str(scenes / "scenes" / "0.png")
    done = run_python("-c", GENERATE, model, image)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("It is ")


def test_chat_answers_each_line(trained: Path, scenes: Path) -> None:
    model, image = str(trained / "tune" / "model"), str(scenes / "scenes" / "0.png")
    lines = "What colour is the shape?\n\nWhat shape is it?\n"
    done = run_python("-m", "trainer", "chat", model, "--image", image, stdin=lines)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith("It is ")
    assert second.startswith("It is a ")


def test_the_first_stage_changes_the_projector_and_nothing_else(trained: Path) -> None:
    recipe = load_recipe("tiny", SMALL).value
    tokenizer = AutoTokenizer.from_pretrained(trained / "tokenizer")
    before = build_model(recipe.model, tokenizer, seed=recipe.seed).model.state_dict()
    projected = load_file(model_folder(trained, "project") / "model.safetensors")
    tuned = load_file(model_folder(trained, "tune") / "model.safetensors")
    changed = {name for name, tensor in projected.items() if not tensor.equal(before[name])}
    assert changed == {name for name in projected if name.startswith("projector.")}
    assert set(before) - set(projected) == {"language_model.lm_head.weight"}  # tied
    assert [name for name, tensor in tuned.items() if tensor.equal(projected[name])] == []


def text_only_ranks(build: Path, *, batch_samples: int, steps: int, ranks: int) -> int:
    """How often a rank has no image in a step; each sample is a micro-batch."""
    images = datakit.open(build).index["num_images"]
    draws = (Draw(samples=len(images), drawn=len(images)),)
    order = SampleOrder(draws=draws, seed=42, batch_samples=batch_samples)
    alone = Limits(packing=True, tokens=1)
    found = 0
    for step in range(steps):
        sizes = [Size(tokens=1, views=images[position]) for position in order.batch(step)]
        for micro_batches in deal_micro_batches(sizes, alone, ranks=ranks):
            found += not any(sizes[place].views for own in micro_batches for place in own)
    return found


def test_the_same_seed_gives_the_same_losses(fit: Fit) -> None:
    short = ("stages.project.steps=2", "stages.tune.steps=3")
    first, second, other = fit(*short), fit(*short), fit(*short, "seed=7")
    losses = [[step["loss"] for step in metrics_of(run, "tune")] for run in (first, second, other)]
    assert losses[0] == losses[1] != losses[2]


def test_a_stage_without_from_starts_from_the_first_weights(fit: Fit) -> None:
    project = ("stages.project.steps=2", "stages.project.batch_samples=8")
    run = fit(*project, "stages.tune.steps=1", "stages.tune.from=null")
    assert metrics_of(run, "tune")[0]["loss"] == metrics_of(run, "project")[0]["loss"]


def test_it_trains_in_bf16(fit: Fit) -> None:
    run = fit("stages.project.steps=1", "stages.tune.steps=8", "precision=bf16")
    losses = [step["loss"] for step in metrics_of(run, "tune")]
    assert losses[-1] < losses[0]
    saved = load_file(model_folder(run, "tune") / "model.safetensors")
    assert {str(tensor.dtype) for tensor in saved.values()} == {"torch.bfloat16"}


@pytest.mark.slow
def test_two_processes_reach_the_losses_of_one(fit: Fit, build_path: Path, tmp_path: Path) -> None:
    """With another stage of ZeRO, text only on one of the two, and several micro-batches a step."""
    settings = [f"stages.{stage}.steps=6" for stage in ("project", "tune")]
    settings += ["stages.project.batch_samples=2", "stages.tune.batch_samples=7", "max_tokens=256"]
    assert text_only_ranks(build_path, batch_samples=2, steps=6, ranks=2) > 0
    one = fit(*settings, "zero_stage=1")
    command = ["fit", "tiny", "--data", str(build_path), "--out", str(tmp_path / "run")]
    for setting in (*SMALL, *settings, "zero_stage=2"):
        command += ["--set", setting]
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = run_python(*torchrun, "-m", "trainer", *command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("loss by step") == 1
    for stage in ("project", "tune"):
        alone = metrics_of(one, stage)
        together = metrics_of(tmp_path / "run", stage)
        for first, second in zip(alone, together, strict=True):
            assert second["loss"] == pytest.approx(first["loss"], abs=1e-3)
            assert second["label_tokens"] == first["label_tokens"]


def test_loader_processes_change_no_loss(fit: Fit) -> None:
    short = ("stages.project.steps=1", "stages.tune.steps=2")
    runs = [fit(*short, f"loader_processes={count}") for count in (0, 2)]
    first, second = ([step["loss"] for step in metrics_of(run, "tune")] for run in runs)
    assert first == second
