"""What is seen of a run, and what stops it."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch

import datakit
import trainer
from tests.trainer.conftest import SMALL, Fit
from tests.trainer.scenes import write_scenes
from trainer.data.batch import StepBatch
from trainer.data.collate import nothing, pack, pad
from trainer.data.samples import encode_sample
from trainer.errors import DivergedError
from trainer.model.build import ModelAndProcessor
from trainer.training.processes import join_processes
from trainer.training.watch.by_origin import sums_by_origin
from trainer.training.watch.guard import LossGuard

SHORT = ("stages.project.steps=1", "stages.tune.steps=4", "max_tokens=512")
KEYS = {
    "step": int,
    "epoch": float,
    "loss": float,
    "loss_by_source": dict,
    "loss_by_template": dict,
    "lr": dict,
    "grad_norm": float,
    "tokens": int,
    "label_tokens": int,
    "padding_tokens": int,
    "samples": int,
    "images": int,
    "views": int,
    "seconds": float,
    "data_wait_seconds": float,
    "utilisation_share": float,
    "peak_memory_bytes": int,
    "samples_per_second": float,
    "tokens_per_second": float,
    "images_per_second": float,
    "data_wait_share": float,
    "padding_share": float,
}


@pytest.fixture(scope="module")
def two_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a build of two sources, of which a share is held out."""
    root = tmp_path_factory.mktemp("two")
    for name in ("first", "second"):
        write_scenes(root / name, count=32)
    sources = [
        f"{{name: {name}, dataset: llava-json, path: {name}/scenes.json}}"
        for name in ("first", "second")
    ]
    (root / "mixture.yaml").write_text(
        f"name: two\nroot: {root}\nholdout: {{share: 0.3}}\nsources: [{', '.join(sources)}]\n"
    )
    datakit.build(root / "mixture.yaml", out=root / "build")
    return root / "build"


@pytest.fixture(scope="module")
def watched(two_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over it; what it printed is in `console.txt`."""
    out = tmp_path_factory.mktemp("watched") / "run"
    settings = ["peak_tflops=0.05", "eval_every_steps=2", "eval_samples=3", "packing=false"]
    with redirect_stdout(StringIO()) as console:
        trainer.fit("tiny", data=two_sources, out=out, overrides=[*SMALL, *SHORT, *settings])
    (out.parent / "console.txt").write_text(console.getvalue())
    return out


def steps_of(run: Path, name: str = "metrics.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "tune" / name).read_text().splitlines()]


def test_every_step_has_every_metric(watched: Path) -> None:
    for step in steps_of(watched):
        assert {key: type(value) for key, value in step.items()} == KEYS
        assert step["samples"] == 8
        assert 0 < step["utilisation_share"] < 1
        assert 0 <= step["padding_share"] < 1
        assert 0 <= step["data_wait_share"] < 1
        assert step["images_per_second"] == pytest.approx(step["images"] / step["seconds"])
    assert any(step["padding_tokens"] for step in steps_of(watched))


def test_losses_of_sources_and_templates_make_the_loss(watched: Path) -> None:
    for step in steps_of(watched):
        assert set(step["loss_by_source"]) == {"first", "second"}
        for key in ("loss_by_source", "loss_by_template"):
            losses = step[key].values()
            tokens = sum(loss["label_tokens"] for loss in losses)
            nats = sum(loss["loss"] * loss["label_tokens"] for loss in losses)
            assert tokens == step["label_tokens"]
            assert nats / tokens == pytest.approx(step["loss"], abs=1e-5)


def test_the_held_out_loss_is_of_few_samples_of_each_source(watched: Path) -> None:
    found = steps_of(watched, "held_out.jsonl")
    assert [line["step"] for line in found] == [2, 4]
    assert all(line["samples"] == 6 and line["replaced_samples"] == 0 for line in found)
    assert all(set(line["loss_by_source"]) == {"first", "second"} for line in found)
    assert found[0]["label_tokens"] == found[1]["label_tokens"]
    assert found[0]["loss"] != found[1]["loss"]
    console = (watched.parent / "console.txt").read_text()
    assert f"held out, after step 4: loss {found[1]['loss']:.3f} of 6 samples" in console
    assert "tokens/s" in console and "% used" in console and "label tokens" in console


def test_evaluating_changes_no_loss(watched: Path, two_sources: Path, tmp_path: Path) -> None:
    settings = ["eval_every_steps=null", "packing=false"]
    trainer.fit(
        "tiny", data=two_sources, out=tmp_path / "run", overrides=[*SMALL, *SHORT, *settings]
    )
    losses = [[step["loss"] for step in steps_of(run)] for run in (watched, tmp_path / "run")]
    assert losses[0] == losses[1]
    assert not (tmp_path / "run" / "tune" / "held_out.jsonl").exists()


def test_sums_are_those_of_each_sample_alone(small: ModelAndProcessor, build_path: Path) -> None:
    data = datakit.open(build_path)
    samples = [encode_sample(data[row], small.processor, exchanges=9) for row in range(4)]
    batches = [pad(samples, pad_token_id=0), pack(samples)]
    batches += [pad([sample], pad_token_id=0) for sample in samples]
    with torch.no_grad():
        padded, packed, *alone = [
            sums_by_origin(
                batch, small.model(**batch.inputs_on(torch.device("cpu")), use_cache=False).logits
            )
            for batch in batches
        ]
    torch.testing.assert_close(padded, packed, atol=1e-3, rtol=1e-5)
    torch.testing.assert_close(padded.sum(0), torch.cat(alone).sum(0), atol=1e-3, rtol=1e-5)
    assert int(padded[:, 1].sum()) == batches[0].num_label_tokens
    assert nothing(pad_token_id=0, image_side_px=8).origins == ()


def test_a_loss_that_is_no_number_stops_with_its_batch_written_down(
    fit: Fit, tmp_path: Path, build_path: Path
) -> None:
    with pytest.raises(DivergedError, match=r"the loss is (nan|inf)") as caught:
        fit(*SHORT, "stages.tune.lr={'*': 1.0e+20}", out=tmp_path / "run")
    (stopped,) = (tmp_path / "run" / "tune").glob("stopped-step-*.json")
    assert str(stopped) in str(caught.value)
    told = json.loads(stopped.read_text())
    keys = [key for process in told["sample_keys"] for batch in process for key in batch]
    data = datakit.open(build_path)
    assert len(keys) == 8 and all(key in data for key in keys)
    assert stopped.stem == f"stopped-step-{told['step']:06}"
    assert len(steps_of(tmp_path / "run")) == told["step"] - 1


def test_a_spike_is_a_multiple_of_the_median_of_enough_steps(tmp_path: Path) -> None:
    """Nineteen steps are too few to know; the twentieth makes the next one a spike."""
    batch = StepBatch(micro_batches=())
    with join_processes() as processes:
        guard = LossGuard(
            tmp_path, "tune", spike_factor=3.0, before=[2.0] * 18, processes=processes
        )
        for step, loss in ((19, 7.0), (20, 7.0), (21, 6.0)):
            guard.check(step, batch, loss=loss, grad_norm=1.0, rates={})
        with pytest.raises(DivergedError, match=r"6.1, more than 3 times .* median 2 of 21 steps"):
            guard.check(22, batch, loss=6.1, grad_norm=1.0, rates={})
    assert json.loads((tmp_path / "stopped-step-000022.json").read_text())["median_loss"] == 2.0
