"""The public function behind `trainer check --data`: what a run will do, before it starts."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerBase

from datakit.errors import UsageError
from trainer.benching.longest import LongestRun, longest_micro_batches, run_longest_of
from trainer.benching.source_counts import EpochCounts, SourceCount, count_epoch, count_sources
from trainer.benching.work import tokenizer_of
from trainer.costs.memory import memory_per_gpu
from trainer.costs.step_flops import StepFlops, count_step_flops
from trainer.data.blend import StageData
from trainer.data.choose import GivenData
from trainer.model.build import build_model, build_processor
from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.model.outline import outline_model
from trainer.recipe import load_recipe
from trainer.training.chosen import Chosen, choose
from trainer.training.jobs import Job
from trainer.training.processes import Processes, join_processes
from trainer.training.schedule import stage_steps
from trainer.training.stage_data import AnyData
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
    with join_processes() as processes, tempfile.TemporaryDirectory() as folder:
        if processes.count > 1:
            raise UsageError("the check runs in one process: start it without a launcher.")
        runs = torch.cuda.is_available() if run_longest is None else run_longest
        tokenizer = tokenizer_of(chosen, Path(folder), processes)
        counter = _Counter(
            chosen=chosen,
            tokenizer=tokenizer,
            processes=processes,
            gpus=gpus,
            tflops=tflops,
            runs=runs,
        )
        return [counter.count(job, chosen.plans[job.name]) for job in chosen.jobs]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counter:
    """Counts the jobs of a recipe, which share tokenizer and data."""

    chosen: Chosen
    tokenizer: PreTrainedTokenizerBase
    processes: Processes
    gpus: int
    tflops: float | None
    runs: bool
    data: dict[str | None, Mapping[str, AnyData]] = field(default_factory=dict)

    def count(self, job: Job, plan: TrainPlan) -> StagePreflight:
        """Counts one job."""
        recipe, stage = self.chosen.recipe, job.stage
        outline = outline_model(job.model)
        data = self._data(job, outline)
        steps = stage.steps or stage_steps(
            data.epoch_samples, batch_samples=stage.batch_samples, epochs=stage.epochs
        )
        flops = longest = epoch = None
        if isinstance(data, StageData):
            per_step = count_step_flops(outline, plan)
            epoch = count_epoch(data, seed=recipe.seed)
            of_epoch = per_step.of(
                views=epoch.views, tokens=epoch.tokens, squared_tokens=epoch.squared_tokens
            )
            flops = of_epoch * steps * stage.batch_samples / epoch.samples
            if self.runs:
                longest = self._run_longest(job, data, per_step, steps)
        return StagePreflight(
            name=job.name,
            sources=count_sources(data) if isinstance(data, StageData) else (),
            epoch=epoch,
            steps=steps,
            batch_samples=stage.batch_samples,
            flops=flops,
            memory_bytes_per_gpu=self._memory(outline, plan, longest),
            longest=longest,
            hours=self._hours(flops, longest),
        )

    def _data(self, job: Job, outline: EncoderMixtureForConditionalGeneration) -> AnyData:
        if job.encoder not in self.data:
            processor = build_processor(job.model, self.tokenizer, outline)
            alike = self.chosen.alike(job)
            self.data[job.encoder] = self.chosen.data_of(alike, processor, self.processes)
        return self.data[job.encoder][job.name]

    def _run_longest(self, job: Job, data: StageData, flops: StepFlops, steps: int) -> LongestRun:
        recipe = self.chosen.recipe
        found = longest_micro_batches(data, recipe, job.stage, steps=steps, ranks=self.gpus)
        built = build_model(job.model, self.tokenizer, seed=recipe.seed)
        return run_longest_of(self.chosen, job, built, data, found, flops, self.processes)

    def _memory(
        self,
        outline: EncoderMixtureForConditionalGeneration,
        plan: TrainPlan,
        longest: LongestRun | None,
    ) -> int:
        """What one of the GPUs holds; with what the longest micro-batch took on one besides."""
        sizes = {name: parameter.numel() for name, parameter in outline.named_parameters()}
        sizes |= plan.adapter_sizes
        held = {
            gpus: memory_per_gpu(
                parameters=sum(sizes.values()),
                trained=sum(sizes[name] for name in plan.pattern_of),
                gpus=gpus,
                zero_stage=self.chosen.recipe.zero_stage,
                precision=self.chosen.recipe.precision,
            ).total_bytes
            for gpus in (1, self.gpus)
        }
        if longest is None or self.processes.device.type != "cuda":
            return held[self.gpus]
        return held[self.gpus] + max(longest.peak_memory_bytes - held[1], 0)

    def _hours(self, flops: float | None, longest: LongestRun | None) -> float | None:
        speed = self.tflops and self.tflops * 1e12
        if speed is None and longest is not None:
            speed = longest.flops_per_second
        return flops / (speed * self.gpus) / SECONDS_AN_HOUR if flops and speed else None
