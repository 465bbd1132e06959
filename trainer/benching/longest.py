"""The longest micro-batch of a stage: found by sizes alone, and run once."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

from trainer.benching.work import ready
from trainer.costs.step_flops import StepFlops
from trainer.data.batch import StepBatch
from trainer.data.blend import StageData
from trainer.data.collate import collate
from trainer.data.micro_batches import deal_micro_batches
from trainer.data.order import SampleOrder
from trainer.model.build import ModelAndProcessor
from trainer.recipe import Recipe, StageRecipe
from trainer.training.chosen import Chosen
from trainer.training.jobs import Job
from trainer.training.loop import limits_of, train_step
from trainer.training.processes import Processes
from trainer.training.trainable import set_modes

STEPS_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class LongestRun:
    """What the longest micro-batches took, forward and backward and a step of the optimizer.

    Attributes:
        tokens: of the one with most, padding among them.
        views: of the one with most.
        seconds: of the first of them, the second time that it ran.
        peak_memory_bytes: of the GPU; without one of the process since it began.
    """

    tokens: int
    views: int
    seconds: float
    flops_per_second: float
    peak_memory_bytes: int


def longest_micro_batches(
    data: StageData, recipe: Recipe, stage: StageRecipe, *, steps: int, ranks: int
) -> list[list[int]]:
    """Positions of the samples of the micro-batch with most tokens and of that with most views.

    They are looked for in the first 1,000 steps; one where both are the same.
    """
    order = SampleOrder(draws=data.draws, seed=recipe.seed, batch_samples=stage.batch_samples)
    limits = limits_of(recipe, stage)
    most_tokens: tuple[int, int, list[int]] = (0, 0, [])
    most_views: tuple[int, int, list[int]] = (0, 0, [])
    for step in range(min(steps, STEPS_LOOKED_AT)):
        positions = order.batch(step)
        sizes = [data.sizes[position] for position in positions]
        for own in deal_micro_batches(sizes, limits, ranks=ranks):
            for places in own:
                lengths = [sizes[place].tokens for place in places]
                packed = sum(lengths)
                tokens = packed if limits.packing else len(places) * max(lengths, default=0)
                views = sum(sizes[place].views for place in places)
                chosen = [positions[place] for place in places]
                most_tokens = max(most_tokens, (tokens, views, chosen))
                most_views = max(most_views, (views, tokens, chosen))
    both = [most_tokens[2], most_views[2]]
    return both if both[0] != both[1] else both[:1]


def run_longest_of(
    chosen: Chosen,
    job: Job,
    built: ModelAndProcessor,
    data: StageData,
    micro_batches: list[list[int]],
    flops: StepFlops,
    processes: Processes,
) -> LongestRun:
    """Runs micro-batches, the first twice: once to warm up, once to be measured.

    Raises:
        DataError: a sample of them cannot be read.
    """
    batches = [
        collate(
            [data.samples[position] for position in positions],
            built.processor,
            packing=chosen.recipe.packing,
        )
        for positions in micro_batches
    ]
    with ready(chosen, job, built, processes) as work:
        set_modes(work.engine.module)
        for batch in (*reversed(batches), batches[0]):
            started = monotonic()
            step = StepBatch(micro_batches=(batch,))
            label_tokens = max(batch.num_label_tokens, 1)
            train_step(work.engine, step, label_tokens=label_tokens, processes=processes)
            seconds = monotonic() - started
        first = batches[0]
        done = flops.of(
            views=len(first.pixel_values),
            tokens=first.num_tokens,
            squared_tokens=first.squared_tokens,
        )
        return LongestRun(
            tokens=max(batch.num_forwarded_tokens for batch in batches),
            views=max(len(batch.pixel_values) for batch in batches),
            seconds=seconds,
            flops_per_second=done / seconds,
            peak_memory_bytes=work.watch.meter.peak_memory_bytes(),
        )
