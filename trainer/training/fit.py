"""A whole run: a recipe and builds in, trained models out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import transformers
from transformers import PreTrainedTokenizerBase

from trainer.data.choose import GivenData
from trainer.model.build import ModelAndProcessor
from trainer.recipe import load_recipe
from trainer.training.chosen import Chosen, choose
from trainer.training.identity import run_identity
from trainer.training.jobs import Job
from trainer.training.packing_check import check_packing
from trainer.training.prepare import claim_folder, make_tokenizer
from trainer.training.processes import Processes, deterministic, join_processes
from trainer.training.run import Run, StageResult, finished_stage
from trainer.training.stage import train_stage
from trainer.training.stage_data import AnyData
from trainer.training.starting import check_starts, starting_model
from trainer.training.stopping import StopRequest, stop_requests
from trainer.training.watch.boards import check_wandb
from trainer.training.watch.console import loss_curve


def fit(
    recipe: Path | str,
    *,
    data: GivenData = None,
    out: Path | str,
    overrides: Sequence[str] = (),
    stage: str | None = None,
) -> list[StageResult]:
    """Trains the stages of a recipe on builds.

    Under a launcher every process calls it; each returns the same.

    Args:
        recipe: a file, or the name of a shipped one.
        data: folder or URL of a build, for every stage; or such by the names that stages have as
            `data`, in place of the recipe's own.
        out: folder of the run; each stage gets a folder in it.
        overrides: `key.key=value`, over the recipe.
        stage: the only one to train, or `STAGE/ENCODER` of one with `each_encoder`; all of them
            where it is None.

    Raises:
        UsageError: the recipe, the build's path or the output folder is wrong; before training.
        DataError: the build is faulty, or no sample is left to train on.
        TrainingError: the loss is no longer a number.
    """
    loaded = load_recipe(recipe, overrides)
    chosen = choose(loaded, data, stage)
    check_starts(chosen.jobs, Path(out))
    check_wandb(chosen.recipe.wandb)
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with (
        join_processes() as processes,
        stop_requests() as stop,
        deterministic(loaded.value.deterministic),
    ):
        results = _train(chosen, Path(out), processes, stop)
        _tell_results(results, processes)
    return results


def _train(chosen: Chosen, out: Path, processes: Processes, stop: StopRequest) -> list[StageResult]:
    identity = run_identity(chosen.recipe, chosen.blends, chosen.builds)
    claim_folder(out, identity, processes)
    tokenizer = make_tokenizer(
        chosen.recipe.model,
        list(chosen.builds.values()),
        folder=out / "tokenizer",
        embeddings_train=chosen.embeddings_train,
        processes=processes,
    )
    work = _Work(
        chosen=chosen,
        tokenizer=tokenizer,
        out=out,
        processes=processes,
        identity=identity,
        stop=stop,
    )
    return [work.result_of(job) for job in chosen.jobs]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What the jobs of a run share."""

    chosen: Chosen
    tokenizer: PreTrainedTokenizerBase
    out: Path
    processes: Processes
    identity: Mapping[str, Any]
    stop: StopRequest
    data: dict[str | None, Mapping[str, AnyData]] = field(default_factory=dict)

    def result_of(self, job: Job) -> StageResult:
        """Trains what is not trained yet. Its model goes when it is done."""
        result = finished_stage(self.out, job.name, self.processes)
        if result is not None:
            self.processes.tell(f"\nstage {job.name}: done before")
            return result
        recipe = self.chosen.recipe
        built = starting_model(job, self.tokenizer, seed=recipe.seed, out=self.out)
        if job.encoder not in self.data:
            self.data[job.encoder] = self._prepare(job, built)
        run = Run(
            recipe=recipe,
            data=self.data[job.encoder],
            processor=built.processor,
            out=self.out,
            processes=self.processes,
            identity=self.identity,
            stop=self.stop,
        )
        return train_stage(run, job.stage, self.chosen.plans[job.name], built.model)

    def _prepare(self, job: Job, built: ModelAndProcessor) -> Mapping[str, AnyData]:
        """The data of this job and those that are alike."""
        _tell_model(built, self.processes)
        if self.chosen.recipe.packing:
            check_packing(built.model)
        return self.chosen.data_of(self.chosen.alike(job), built.processor, self.processes)


def _tell_model(built: ModelAndProcessor, processes: Processes) -> None:
    config = built.model.config
    size = sum(parameter.numel() for parameter in built.model.parameters())
    processes.tell(
        f"model: {' + '.join(built.model.encoders)} -> {config.fusion['type']} -> "
        f"{config.projector['type']} -> {config.text_config.model_type}; "
        f"{size / 1e6:.1f}M parameters, {built.processor.tokens_per_view} visual tokens a view"
    )


def _tell_results(results: Sequence[StageResult], processes: Processes) -> None:
    processes.tell("\nloss by step")
    width = max(len(result.name) for result in results)
    for result in results:
        processes.tell(
            f"  {result.name:<{width}}  {result.losses[0]:.3f} {loss_curve(result.losses)} "
            f"{result.losses[-1]:.3f}"
        )
    processes.tell(f"model: {results[-1].model}")
