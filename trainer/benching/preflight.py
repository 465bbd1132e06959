"""The public function behind `trainer check --data`: what a run will do, before it starts."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from datakit.errors import UsageError
from trainer.benching.longest import LongestRun, longest_micro_batches, run_longest_of
from trainer.benching.source_counts import EpochCounts, SourceCount, count_epoch, count_sources
from trainer.benching.work import Chosen, build_job, choose, data_of
from trainer.costs.memory import memory_per_gpu
from trainer.costs.step_flops import count_step_flops
from trainer.data.blend import StageData
from trainer.data.choose import GivenData
from trainer.model.outline import outline_model
from trainer.recipe import load_recipe
from trainer.training.jobs import Job
from trainer.training.processes import Processes, join_processes
from trainer.training.schedule import stage_steps
from trainer.training.trainable import TrainPlan

SECONDS_AN_HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePreflight:
    """What a stage, or an encoder's share of it, will do.

    Attributes:
        sources: of its builds; empty where it streams, for then nothing is known beforehand.
        epoch: what one epoch has; None where it streams.
        steps: of all of it.
        flops: of all of it, nothing recomputed; None where it streams.
        memory_bytes_per_gpu: of weights, gradients and optimizer; with activations where the
            longest micro-batch ran on a GPU.
        longest: what the longest micro-batch took; None where it did not run.
        hours: that all steps take on so many GPUs; None where no speed is known.
    """

    name: str
    sources: Sequence[SourceCount]
    epoch: EpochCounts | None
    steps: int
    batch_samples: int
    flops: float | None
    memory_bytes_per_gpu: int
    longest: LongestRun | None
    hours: float | None


def preflight(
    recipe: str | Path,
    *,
    data: GivenData = None,
    gpus: int = 8,
    tflops: float | None = None,
    run_longest: bool | None = None,
    overrides: Sequence[str] = (),
) -> list[StagePreflight]:
    """Reads the builds of a recipe as training would, and says what each stage will do.

    Every text is read and encoded, and its placeholders are counted; no image is decoded, but
    those of the longest micro-batch where that runs.

    Args:
        recipe: a file, or the name of a shipped one.
        data: as for `fit`.
        gpus: that training will have.
        tflops: 10^12 operations a second that one of them will do; None for what the longest
            micro-batch did.
        run_longest: whether the longest micro-batch runs, forward and backward, in this process;
            None for: on a GPU.
        overrides: `key.key=value`, over the recipe.

    Raises:
        UsageError, ConfigError, DataError: as `fit`, before its first step.
    """
    loaded = load_recipe(recipe, overrides)
    chosen = choose(loaded, data, None)
    if not chosen.blends:
        raise UsageError("there is no data to read: give --data DIR, or `data` in the recipe.")
    with join_processes() as processes, tempfile.TemporaryDirectory() as folder:
        if processes.count > 1:
            raise UsageError("the check runs in one process: start it without a launcher.")
        runs = torch.cuda.is_available() if run_longest is None else run_longest
        return [
            _preflight(chosen, job, plan, Path(folder), processes, gpus, tflops, runs)
            for job, plan in zip(chosen.jobs, chosen.plans, strict=True)
        ]


def _preflight(
    chosen: Chosen,
    job: Job,
    plan: TrainPlan,
    folder: Path,
    processes: Processes,
    gpus: int,
    tflops: float | None,
    runs: bool,
) -> StagePreflight:
    recipe, stage = chosen.recipe, job.stage
    built = build_job(chosen, job, folder, processes)
    data = data_of(chosen, job, built, processes)
    assert data is not None, "builds are chosen"
    steps = stage.steps or stage_steps(
        data.epoch_samples, batch_samples=stage.batch_samples, epochs=stage.epochs
    )
    model = built.model
    sizes = {name: parameter.numel() for name, parameter in model.named_parameters()}
    sizes |= plan.adapter_sizes
    all_, trained = sum(sizes.values()), sum(sizes[name] for name in plan.pattern_of)

    def held_bytes(on_gpus: int) -> int:
        return memory_per_gpu(
            parameters=all_,
            trained=trained,
            gpus=on_gpus,
            zero_stage=recipe.zero_stage,
            precision=recipe.precision,
        ).total_bytes

    flops = longest = epoch = None
    if isinstance(data, StageData):
        per_step = count_step_flops(outline_model(job.model), plan)
        epoch = count_epoch(data, seed=recipe.seed)
        a_epoch = per_step.of(
            views=epoch.views, tokens=epoch.tokens, squared_tokens=epoch.squared_tokens
        )
        flops = a_epoch * steps * stage.batch_samples / epoch.samples
        if runs:
            found = longest_micro_batches(data, recipe, stage, steps=steps, ranks=gpus)
            longest = run_longest_of(chosen, job, plan, built, data, found, per_step, processes)
    activations = 0
    if longest is not None and processes.device.type == "cuda":
        activations = max(longest.peak_memory_bytes - held_bytes(1), 0)
    speed = longest.flops_per_second if longest and tflops is None else (tflops or 0) * 1e12
    return StagePreflight(
        name=job.name,
        sources=count_sources(data) if isinstance(data, StageData) else (),
        epoch=epoch,
        steps=steps,
        batch_samples=stage.batch_samples,
        flops=flops,
        memory_bytes_per_gpu=held_bytes(gpus) + activations,
        longest=longest,
        hours=flops / (speed * gpus) / SECONDS_AN_HOUR if flops and speed else None,
    )
