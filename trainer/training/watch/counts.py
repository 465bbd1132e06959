"""What the processes did in a step, added up."""

from __future__ import annotations

import resource
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from time import monotonic
from typing import cast

import torch

from trainer.costs.devices import peak_flops_of
from trainer.costs.step_flops import StepFlops, count_step_flops
from trainer.data.batch import StepBatch
from trainer.model.configuration import EncoderMixtureConfig
from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.recipe import Recipe
from trainer.training.processes import Processes
from trainer.training.trainable import TrainPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCounts:
    """A step of all processes.

    Attributes:
        forwarded_tokens: padding among them.
        squared_tokens: sum of the squares of the samples' lengths.
        faulty, dropped: samples that are not used.
    """

    label_tokens: int
    tokens: int
    forwarded_tokens: int
    squared_tokens: int
    samples: int
    images: int
    views: int
    faulty: int
    dropped: int


def count_step(batch: StepBatch, processes: Processes) -> StepCounts:
    """Counts a step; all processes come here."""
    sums = processes.sums(
        batch.num_label_tokens,
        batch.num_tokens,
        batch.num_forwarded_tokens,
        batch.squared_tokens,
        len(batch.keys),
        batch.num_images,
        batch.num_views,
        len(batch.faulty),
        len(batch.dropped),
    )
    names = [field.name for field in fields(StepCounts)]
    return StepCounts(**{name: int(value) for name, value in zip(names, sums, strict=True)})


def timed(batches: Iterable[StepBatch]) -> Iterator[tuple[StepBatch, float]]:
    """Batches, each with the seconds that it took to come."""
    iterator = iter(batches)
    while True:
        asked = monotonic()
        batch = next(iterator, None)
        if batch is None:
            return
        yield batch, monotonic() - asked


class Meter:
    """Utilisation and memory of the devices.

    Args:
        flops: of the job's steps; None where nobody needs them.
        peak_flops: operations a second of one device at most; None where nobody knows them.
    """

    def __init__(
        self, processes: Processes, flops: StepFlops | None = None, peak_flops: float | None = None
    ) -> None:
        self.processes = processes
        self.flops = flops
        self.peak_flops = peak_flops

    def utilisation_share(self, counts: StepCounts, seconds: float) -> float | None:
        """What a step needs, of what all devices could do in its time.

        PaLM's (arXiv 2204.02311, appendix B), with the encoders; operations that recomputed
        activations take again are not counted.
        """
        if self.flops is None or self.peak_flops is None:
            return None
        needed = self.flops.of(
            views=counts.views, tokens=counts.tokens, squared_tokens=counts.squared_tokens
        )
        return needed / (seconds * self.peak_flops * self.processes.count)

    def start_step(self) -> None:
        """Begins a GPU's peak anew."""
        if self.processes.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.processes.device)

    def peak_memory_bytes(self) -> int:
        """The most that any process took; all come here."""
        if self.processes.device.type == "cuda":
            own = torch.cuda.max_memory_allocated(self.processes.device)
        else:
            own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # KiB on Linux
        return self.processes.largest(own)


def make_meter(
    model: EncoderMixtureForConditionalGeneration,
    plan: TrainPlan,
    recipe: Recipe,
    processes: Processes,
) -> Meter:
    """Counts what a job's steps cost, where it is known what the devices can do."""
    peak_flops = peak_flops_of(recipe, processes.device)
    if peak_flops is None:
        return Meter(processes)
    with torch.device("meta"):
        outline = EncoderMixtureForConditionalGeneration(
            cast(EncoderMixtureConfig, model.config)
        ).requires_grad_(False)
    return Meter(processes, count_step_flops(outline, plan), peak_flops)
