"""The steps of one stage."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, cast

from torch.utils.data import DataLoader, Dataset

from trainer.data.collate import Batch, collate
from trainer.data.order import global_batches, rank_batches
from trainer.data.samples import EncodedSamples
from trainer.errors import TrainingError
from trainer.recipe import Recipe, StageRecipe
from trainer.training.metrics import StepMetrics
from trainer.training.processes import Processes
from trainer.training.trainable import set_modes


def stage_batches(
    samples: EncodedSamples,
    *,
    recipe: Recipe,
    stage: StageRecipe,
    steps: int,
    processes: Processes,
) -> Iterable[Batch]:
    """This process's part of each global batch of a stage."""
    batches = global_batches(
        len(samples), batch_samples=stage.batch_samples, steps=steps, seed=recipe.seed
    )
    own = rank_batches(batches, rank=processes.rank, ranks=processes.count)
    return DataLoader(
        cast(Dataset[Batch], samples),  # a batch is what its collation makes of samples
        batch_sampler=list(own),
        collate_fn=partial(collate, pad_token_id=samples.processor.tokenizer.pad_token_id),
        num_workers=recipe.loader_processes,
        # Forking would copy the locks of threads that torch and polars have running.
        multiprocessing_context="forkserver" if recipe.loader_processes else None,
    )


def train_steps(
    engine: Any,
    batches: Iterable[Batch],
    *,
    stage: StageRecipe,
    num_samples: int,
    processes: Processes,
) -> Iterator[StepMetrics]:
    """Trains, and yields each step's metrics.

    Raises:
        TrainingError: the loss is no longer a number.
    """
    set_modes(engine.module)
    started = time.monotonic()
    for step, batch in enumerate(batches, start=1):
        counts = processes.sums(
            batch.num_label_tokens, batch.num_tokens, len(batch.keys), len(batch.pixel_values)
        )
        label_tokens, tokens, samples, images = (int(count) for count in counts)
        rates = {group["pattern"]: group["lr"] for group in engine.optimizer.param_groups}
        loss = train_step(engine, batch, label_tokens=label_tokens, processes=processes)
        grad_norm = float(engine.get_global_grad_norm())
        if not (math.isfinite(loss) and math.isfinite(grad_norm)):
            raise TrainingError(
                f"stage {stage.name!r}, step {step}: the loss is {loss}, the norm of its "
                f"gradient {grad_norm}. Samples of rank "
                f"{processes.rank}: {', '.join(batch.keys)}. A lower learning rate may help."
            )
        now = time.monotonic()
        yield StepMetrics(
            step=step,
            epoch=step * stage.batch_samples / num_samples,
            loss=loss,
            lr=rates,
            grad_norm=grad_norm,
            tokens=tokens,
            label_tokens=label_tokens,
            samples=samples,
            images=images,
            seconds=now - started,
        )
        started = now


def train_step(engine: Any, batch: Batch, *, label_tokens: int, processes: Processes) -> float:
    """One step; returns the mean loss of all label tokens of the global batch.

    Every token weighs the same, whichever process has it: each process divides its summed loss by
    the tokens of all, and as DeepSpeed averages gradients over processes, the loss is multiplied
    by their count first.
    """
    inputs = batch.inputs_on(processes.device)
    loss = engine(**inputs, num_items_in_batch=label_tokens, use_cache=False).loss
    engine.backward(loss * processes.count)
    engine.step()
    return processes.sums(float(loss.detach()))[0]
