"""One stage of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from trainer.data.blend import StageData
from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.model.processor import EncoderMixtureProcessor
from trainer.recipe import Recipe, StageRecipe
from trainer.training.engine import start_engine
from trainer.training.faulty_log import FaultyLog
from trainer.training.loop import stage_batches, train_steps
from trainer.training.metrics import MetricsWriter, StepMetrics, console_line
from trainer.training.processes import Processes
from trainer.training.save import describe_stage, save_model
from trainer.training.schedule import stage_steps
from trainer.training.starting import model_folder
from trainer.training.trainable import TrainPlan, freeze_all_but, optimizer_groups

CONSOLE_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What the stages of a run share.

    Attributes:
        data: what each stage trains on, by its name.
    """

    recipe: Recipe
    data: Mapping[str, StageData]
    processor: EncoderMixtureProcessor
    out: Path
    processes: Processes


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """What one stage came to.

    Attributes:
        losses: of every step, in nats a learned token.
        model: folder that transformers loads.
    """

    name: str
    losses: tuple[float, ...]
    model: Path


def train_stage(
    run: Run,
    stage: StageRecipe,
    plan: TrainPlan,
    model: EncoderMixtureForConditionalGeneration,
) -> StageResult:
    """Trains what the plan says and saves the whole model."""
    folder = run.out / stage.name
    data = run.data[stage.name]
    if run.processes.is_main:
        describe_stage(folder, run.recipe, data)
    steps = stage.steps or stage_steps(
        data.epoch_samples, batch_samples=stage.batch_samples, epochs=stage.epochs
    )
    freeze_all_but(model, plan)
    engine = start_engine(
        model,
        optimizer_groups(model, plan, stage, run.recipe.weight_decay),
        recipe=run.recipe,
        steps=steps,
        processes=run.processes,
    )
    trained = sum(tensor.numel() for tensor in model.parameters() if tensor.requires_grad)
    run.processes.tell(
        f"\nstage {stage.name}: {steps:,} steps of {stage.batch_samples} samples; "
        f"{trained / 1e6:.1f}M parameters train"
    )
    batches = stage_batches(
        data, recipe=run.recipe, stage=stage, steps=steps, processes=run.processes
    )
    most_faulty = int(run.recipe.max_faulty_share * steps * stage.batch_samples)
    metrics = train_steps(
        engine,
        batches,
        stage=stage,
        epoch_samples=data.epoch_samples,
        faulty=FaultyLog(folder, most=most_faulty, processes=run.processes),
        processes=run.processes,
    )
    losses = _record(run, stage, steps, metrics)
    if run.processes.is_main:
        save_model(model_folder(run.out, stage.name), model, run.processor)
    engine.destroy()
    run.processes.wait()
    return StageResult(
        name=stage.name, losses=tuple(losses), model=model_folder(run.out, stage.name)
    )


def _record(
    run: Run, stage: StageRecipe, steps: int, metrics: Iterator[StepMetrics]
) -> list[float]:
    """Writes and prints metrics as they come; returns the losses."""
    if not run.processes.is_main:
        return [step.loss for step in metrics]
    every = max(steps // CONSOLE_LINES, 1)
    losses: list[float] = []
    recent: list[StepMetrics] = []
    with MetricsWriter(run.out / stage.name) as writer:
        for step in metrics:
            writer.write(step)
            losses.append(step.loss)
            recent.append(step)
            if step.step % every == 0 or step.step == steps:
                run.processes.tell(console_line(stage.name, steps, recent))
                recent = []
    return losses
