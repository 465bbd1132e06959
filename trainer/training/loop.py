"""The steps of one stage."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from datakit.errors import UsageError
from trainer.data.batch import StepBatch
from trainer.data.collate import collate
from trainer.data.loader import StepBatches, load_steps
from trainer.data.micro_batches import Limits
from trainer.data.order import SampleOrder
from trainer.data.streaming import StreamedBatches, StreamedData
from trainer.model.processor import EncoderMixtureProcessor
from trainer.recipe import Recipe, StageRecipe
from trainer.training.metrics import StepMetrics
from trainer.training.processes import Processes
from trainer.training.schedule import set_rates
from trainer.training.stage_data import AnyData
from trainer.training.trainable import set_modes
from trainer.training.watch.by_origin import OriginLosses, by_source, by_template
from trainer.training.watch.counts import count_step, timed
from trainer.training.watch.stage import StageWatch


def stage_batches(
    data: AnyData,
    *,
    recipe: Recipe,
    stage: StageRecipe,
    steps: int,
    processes: Processes,
    start_step: int = 0,
) -> Iterable[StepBatch]:
    """This process's part of each global batch of a stage.

    Args:
        start_step: the first one, counted from 0; nothing before it is read. What is streamed
            starts anywhere.
    """
    limits = limits_of(recipe, stage)
    load = partial(
        load_steps,
        processes=recipe.loader_processes,
        pin_memory=processes.device.type == "cuda",
    )
    rank, ranks = processes.rank, processes.count
    if isinstance(data, StreamedData):
        own = len(range(stage.batch_samples)[rank::ranks])
        if stage.batch_samples < ranks:
            raise UsageError(
                f"stage {stage.name!r} streams {stage.batch_samples:,} samples a step over {ranks} "
                "processes: give each at least one."
            )
        stream = load(StreamedBatches(data, limits=limits, own_samples=own), None)
        return evenly_many(islice(stream, steps - start_step), data.processor, processes)
    order = SampleOrder(draws=data.draws, seed=recipe.seed, batch_samples=stage.batch_samples)
    batches = StepBatches(data, order=order, limits=limits, rank=rank, ranks=ranks)
    return load(batches, range(start_step, steps))


def limits_of(recipe: Recipe, stage: StageRecipe) -> Limits:
    """What one forward may take."""
    return Limits(
        packing=recipe.packing,
        tokens=recipe.micro_batch_tokens or stage.max_tokens,
        views=recipe.micro_batch_views,
    )


def evenly_many(
    batches: Iterable[StepBatch], processor: EncoderMixtureProcessor, processes: Processes
) -> Iterator[StepBatch]:
    """Gives every process as many micro-batches as the one that has most, empty ones behind."""
    empty = collate([], processor, packing=False)
    for batch in batches:
        own = batch.micro_batches
        most = max(processes.gather(len(own)))
        yield replace(batch, micro_batches=own + (empty,) * (most - len(own)))


def train_steps(
    engine: Any,
    batches: Iterable[StepBatch],
    *,
    recipe: Recipe,
    stage: StageRecipe,
    steps: int,
    epoch_samples: int,
    watch: StageWatch,
    processes: Processes,
    start_step: int = 0,
) -> Iterator[StepMetrics]:
    """Trains, and yields each step's metrics.

    Args:
        steps: of the whole stage.
        epoch_samples: that an epoch has.
        start_step: steps that are done already.

    Raises:
        DivergedError: the loss is no longer a number, or a spike.
        TrainingError: too many samples cannot be read.
    """
    set_modes(engine.module)
    losses = OriginLosses()
    started = time.monotonic()
    for step, (batch, wait_seconds) in enumerate(timed(batches), start=start_step + 1):
        counts = count_step(batch, processes)
        watch.note(step, batch, counts)
        watch.meter.start_step()
        groups = engine.optimizer.param_groups
        set_rates(groups, step - 1, steps=steps, schedule=stage.schedule)
        seed_step(recipe.seed, stage.name, step, processes.rank)
        rates = {group["pattern"]: group["lr"] for group in groups}
        label_tokens = max(counts.label_tokens, 1)
        loss = train_step(
            engine, batch, label_tokens=label_tokens, processes=processes, losses=losses
        )
        grad_norm = float(engine.get_global_grad_norm())
        watch.guard.check(step, batch, loss=loss, grad_norm=grad_norm, rates=rates)
        of_origins = losses.over_all(processes)
        (waited,) = processes.sums(wait_seconds)
        peak_memory_bytes = watch.meter.peak_memory_bytes()
        now = time.monotonic()
        yield StepMetrics(
            step=step,
            epoch=step * stage.batch_samples / epoch_samples,
            loss=loss,
            loss_by_source=by_source(of_origins),
            loss_by_template=by_template(of_origins),
            lr=rates,
            grad_norm=grad_norm,
            tokens=counts.tokens,
            label_tokens=counts.label_tokens,
            padding_tokens=counts.forwarded_tokens - counts.tokens,
            samples=counts.samples,
            images=counts.images,
            views=counts.views,
            seconds=now - started,
            data_wait_seconds=waited / processes.count,
            utilisation_share=watch.meter.utilisation_share(counts, now - started),
            peak_memory_bytes=peak_memory_bytes,
        )
        started = time.monotonic()


def seed_step(seed: int, stage: str, step: int, rank: int) -> None:
    """Seeds torch for a step, so that its random state follows from where it is."""
    digest = blake2b(f"step {seed} {stage} {step} {rank}".encode(), digest_size=8).digest()
    torch.manual_seed(int.from_bytes(digest, "big", signed=True))


def train_step(
    engine: Any,
    batch: StepBatch,
    *,
    label_tokens: int,
    processes: Processes,
    losses: OriginLosses | None = None,
) -> float:
    """One step; returns the mean loss of all label tokens of the global batch.

    Every token weighs the same, whichever process and micro-batch has it: each divides its summed
    loss by the tokens of all, gradients add up over micro-batches, and as DeepSpeed averages them
    over processes, the loss is multiplied by their count first.

    Args:
        losses: takes those of each origin.
    """
    parts: list[Tensor] = []
    for number, micro_batch in enumerate(batch.micro_batches, start=1):
        engine.set_gradient_accumulation_boundary(number == len(batch.micro_batches))
        inputs = micro_batch.inputs_on(processes.device)
        outputs = engine(**inputs, num_items_in_batch=label_tokens, use_cache=False)
        loss = outputs.loss
        if losses is not None:
            losses.add(micro_batch, outputs.logits)
        del outputs  # the logits would stay for the backward pass
        engine.backward(loss * processes.count)
        engine.step()
        parts.append(loss.detach())
    return processes.sums(float(torch.stack(parts).sum()))[0]
