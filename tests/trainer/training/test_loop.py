"""How a global batch is cut changes neither loss nor gradient."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

import datakit
from tests.trainer.conftest import SMALL
from trainer.data.batch import Batch, StepBatch
from trainer.data.collate import nothing, pack, pad
from trainer.data.samples import EncodedSample, encode_sample
from trainer.model.build import ModelAndProcessor
from trainer.recipe import load_recipe
from trainer.training.engine import start_engine
from trainer.training.loop import train_step
from trainer.training.processes import Processes, join_processes

PAD = 0


@pytest.fixture(scope="module")
def samples(small: ModelAndProcessor, build_path: Path) -> list[EncodedSample]:
    """Eight samples: with one image, with two, and with none."""
    data = datakit.open(build_path)
    images = data.index["num_images"].to_list()
    rows = [images.index(0), images.index(2)]
    rows += [row for row, count in enumerate(images) if count == 1][:6]
    return [encode_sample(data[row], small.processor, exchanges=9) for row in rows]


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with join_processes() as joined:
        yield joined


def step(
    small: ModelAndProcessor, processes: Processes, *micro_batches: Batch
) -> tuple[float, dict[str, Tensor]]:
    """The loss of a first step and its gradients, as Adam's first moment has a tenth of them."""
    from deepspeed.utils import safe_get_full_optimizer_state

    model = copy.deepcopy(small.model).train()
    recipe = load_recipe("tiny", [*SMALL, "gradient_clipping=0"]).value
    groups: list[dict[str, object]] = [{"params": list(model.parameters()), "lr": 1e-3}]
    stage = recipe.stages[0]
    engine = start_engine(model, groups, recipe=recipe, stage=stage, processes=processes)
    batch = StepBatch(micro_batches=micro_batches)
    loss = train_step(engine, batch, label_tokens=batch.num_label_tokens, processes=processes)
    moments = {
        name: safe_get_full_optimizer_state(parameter, "exp_avg")
        for name, parameter in engine.module.named_parameters()
    }
    engine.destroy()
    return loss, {name: moment * 10 for name, moment in moments.items()}


def test_packed_padded_and_one_by_one_are_the_same(
    small: ModelAndProcessor, samples: list[EncodedSample], processes: Processes
) -> None:
    empty = nothing(pad_token_id=PAD, image_side_px=small.model.image_side_px)
    ways = {
        "packed": [pack(samples)],
        "one by one": [pad([sample], pad_token_id=PAD) for sample in samples],
        "text, images, nothing": [pack(samples[:1]), pack(samples[4:]), empty, pack(samples[1:4])],
    }
    expected_loss, expected = step(small, processes, pad(samples, pad_token_id=PAD))
    assert all(gradient.any() for gradient in expected.values())
    for way, micro_batches in ways.items():
        loss, gradients = step(small, processes, *micro_batches)
        assert loss == pytest.approx(expected_loss, abs=1e-5), way
        for name, gradient in gradients.items():
            torch.testing.assert_close(gradient, expected[name], atol=1e-6, rtol=1e-4, msg=name)
