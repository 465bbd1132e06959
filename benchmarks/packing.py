"""What packing gives, and how fast samples are loaded, beside what the tiny model takes.

    python benchmarks/packing.py BUILD [PHOTOS]

BUILD is a folder that `datakit build` wrote, such as the quickstart's; in PHOTOS, a folder that is
made, lie JPEGs of 110 KB and a build of them. Everything runs on one thread. Ways are measured in
turn, each ROUNDS times, and the fastest round counts.
"""

from __future__ import annotations

import os
import platform
import random
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from photos import draw_photos

import datakit
from trainer.data.batch import Batch
from trainer.data.blend import StageData, join_builds
from trainer.data.collate import pack, pad
from trainer.data.loader import StepBatches, load_steps
from trainer.data.measure import measure_rows
from trainer.data.micro_batches import Limits, Size, deal_micro_batches
from trainer.data.open import open_builds
from trainer.data.order import SampleOrder
from trainer.data.samples import EncodedSample, build_texts, training_rows
from trainer.data.select import Selection
from trainer.data.sizes import SampleSizes
from trainer.model.build import ModelAndProcessor, build_model
from trainer.model.chat_template import load_chat_template
from trainer.model.tokenizer import train_tokenizer
from trainer.recipe import BuildChoice, load_recipe

ROUNDS = 3
SAMPLES = 64  # that every way takes
ROWS = 8  # of a padded batch
MAX_TOKENS = 512
PHOTO_BYTES = 110_000
PHOTOS = 300
SIDES_PX = (128, 448, 1024)


def stage_data(build: Path, model: ModelAndProcessor) -> StageData:
    """All of a build, measured."""
    choice = BuildChoice(build=str(build))
    builds = open_builds([(choice,)])
    (data,) = builds.values()
    rows = training_rows(data).tolist()
    started = time.perf_counter()
    sizes = SampleSizes.of(measure_rows(data, rows, model.processor, cut_tokens=None))
    rate = len(rows) / (time.perf_counter() - started)
    print(f"{build.name}: {len(rows):,} samples, sizes found at {rate:,.0f} samples/s")
    selection = Selection(max_tokens=10**6, max_views=None)
    return join_builds((choice,), builds, {choice.build: sizes}, model.processor, selection)


def to_length(samples: Sequence[EncodedSample], length: int) -> Batch:
    """Samples padded to a fixed length, as a trainer with static shapes has them."""
    batch = pad(samples, pad_token_id=0)
    missing = length - batch.input_ids.shape[1]
    for name, fill in (("input_ids", 0), ("labels", -100), ("attention_mask", 0)):
        padded = torch.nn.functional.pad(getattr(batch, name), (0, missing), value=fill)
        object.__setattr__(batch, name, padded)
    return batch


def ways_of(samples: list[EncodedSample]) -> dict[str, list[Batch]]:
    """The same samples in each kind of batch."""
    drawn = random.Random(0).sample(range(len(samples)), len(samples))
    chunks = [[samples[at] for at in drawn[i : i + ROWS]] for i in range(0, len(drawn), ROWS)]
    sizes = [Size(tokens=len(s.input_ids), views=len(s.pixel_values)) for s in samples]

    def dealt(limits: Limits, make: Callable[[list[EncodedSample]], Batch]) -> list[Batch]:
        (own,) = deal_micro_batches(sizes, limits, ranks=1)
        return [make([samples[at] for at in places]) for places in own]

    padded = Limits(packing=False, tokens=ROWS * 256)
    return {
        f"padded to {MAX_TOKENS} tokens": [to_length(chunk, MAX_TOKENS) for chunk in chunks],
        "padded to the longest": [pad(chunk, pad_token_id=0) for chunk in chunks],
        "of like length, padded": dealt(padded, lambda s: pad(s, pad_token_id=0)),
        "packed in 512 tokens": dealt(Limits(packing=True, tokens=512), pack),
        "packed in 1,024 tokens": dealt(Limits(packing=True, tokens=1024), pack),
    }


def seconds(work: Callable[[], object]) -> float:
    """How long a piece of work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def forward_backward(model: Any, batches: Iterable[Batch], *, with_images: bool) -> None:
    """All of a model's work on some batches but the optimizer's."""
    for batch in batches:
        inputs = batch.inputs_on(torch.device("cpu"))
        if not with_images:
            inputs = {name: tensor for name, tensor in inputs.items() if "view" not in name}
            inputs.pop("pixel_values")
        module = model if with_images else model.language_model
        module(**inputs, use_cache=False).loss.backward()
    model.zero_grad()


def compare_ways(model: ModelAndProcessor, data: StageData) -> float:
    """Prints tokens/s of every way; returns samples/s of the whole model, packed."""
    own = random.Random(1).sample(range(len(data.samples)), SAMPLES)
    samples = [data.samples[at] for at in own]
    lengths = data.sizes.tokens[own]
    spread = ", ".join(f"{at}: {np.percentile(lengths, at):.0f}" for at in (0, 25, 50, 75, 100))
    print(f"tokens of {SAMPLES} samples by percentile: {spread}; mean {lengths.mean():.0f}")
    ways = ways_of(samples)
    model.model.train()
    best: dict[tuple[str, bool], float] = {}
    for _ in range(ROUNDS):
        for name, batches in ways.items():
            for whole in (False, True):
                taken = seconds(
                    lambda batches=batches, whole=whole: forward_backward(
                        model.model, batches, with_images=whole
                    )
                )
                best[name, whole] = min(taken, best.get((name, whole), taken))
    print(f"{'':28}{'tokens that count':>20}{'language model':>24}{'whole model':>24}")
    base = "padded to the longest"
    for name, batches in ways.items():
        cells = sum(batch.input_ids.numel() for batch in batches)
        print(f"{name:28}{lengths.sum() / cells:>20.1%}", end="")
        for whole in (False, True):
            rate = lengths.sum() / best[name, whole]
            print(f"{rate:>11,.0f} tok/s {best[base, whole] / best[name, whole]:>5.2f}x", end="")
        print()
    fixed = f"padded to {MAX_TOKENS} tokens"
    packed = "packed in 512 tokens"
    for whole, what in ((False, "language model"), (True, "whole model")):
        ratio = best[fixed, whole] / best[packed, whole]
        print(f"{packed} over {fixed}, {what}: {ratio:.2f}x")
    return len(samples) / best[packed, True]


def load_rate(data: StageData, *, samples: int, processes: int) -> float:
    """Samples/s that the loader alone delivers."""
    steps = samples // ROWS
    order = SampleOrder(draws=data.draws, seed=1, batch_samples=ROWS)
    limits = Limits(packing=True, tokens=1024)
    batches = StepBatches(data, order=order, limits=limits, rank=0, ranks=1)

    def work() -> None:
        for _ in load_steps(batches, range(steps), processes=processes, pin_memory=False):
            pass

    return steps * ROWS / min(seconds(work) for _ in range(ROUNDS))


def tiny_model(build: Path) -> ModelAndProcessor:
    """The tiny recipe's model, with random weights and a tokenizer of the build's text."""
    tokenizer = train_tokenizer(
        build_texts([datakit.open(build)]), vocab_size=1024, template=load_chat_template("chatml")
    )
    return build_model(load_recipe("tiny").value.model, tokenizer, seed=1)


def main(build: Path, photos: Path) -> None:
    torch.set_num_threads(1)
    names = ("torch", "transformers", "pillow")
    print(platform.platform(), ", ".join(f"{name} {version(name)}" for name in names))
    print(f"{os.cpu_count()} cores, load of the machine {os.getloadavg()[0]:.1f}\n")
    model = tiny_model(build)
    data = stage_data(build, model)
    consumed = compare_ways(model, data)
    loaded = load_rate(data, samples=len(data.samples), processes=0)
    print(f"\nthe tiny model takes {consumed:.1f} samples/s (forward and backward), one core loads")
    print(f"{loaded:.1f} samples/s: {loaded / consumed:.1f}x\n")
    photo_rates(model, photos)


def photo_rates(model: ModelAndProcessor, photos: Path) -> None:
    """Prints how fast one core loads large JPEGs, for views of several sizes."""
    draw_photos(photos, PHOTOS, PHOTO_BYTES)
    if not (photos / "build" / "manifest.json").is_file():
        datakit.build(photos / "photos.yaml", root=photos, out=photos / "build")
    for side in SIDES_PX:
        model.processor.image_processor.side_px = side
        data = stage_data(photos / "build", model)
        rate = load_rate(data, samples=100, processes=0)
        print(f"JPEGs of 110 KB, 640 x 480, views of {side} px: {rate:.1f} samples/s/core")


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else Path(made))
