"""One stage of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.recipe import StageRecipe
from trainer.training.checkpoints.frozen import frozen_digests
from trainer.training.checkpoints.stage import SavedStage, StageCheckpoints
from trainer.training.engine import DTYPES, cast_weights, start_engine
from trainer.training.holding import held_folder
from trainer.training.loop import limits_of, stage_batches, train_steps
from trainer.training.metrics import StepMetrics
from trainer.training.ready import make_trainable
from trainer.training.recording import Recorder, forget_after
from trainer.training.run import Run, StageResult
from trainer.training.sample_log import FAULTY
from trainer.training.save import describe_stage, save_trained
from trainer.training.schedule import stage_steps
from trainer.training.starting import model_folder
from trainer.training.stopping import stopped
from trainer.training.trainable import TrainPlan, optimizer_groups
from trainer.training.watch.counts import Meter, make_meter
from trainer.training.watch.held_out import HELD_OUT_FILE, HeldOut, open_held_out
from trainer.training.watch.stage import watch_stage


def train_stage(
    run: Run,
    stage: StageRecipe,
    plan: TrainPlan,
    model: EncoderMixtureForConditionalGeneration,
) -> StageResult:
    """Trains what the plan says, from the newest checkpoint where there is one; saves all of it.

    Raises:
        StoppedError: a signal came; a checkpoint is written.
        OutputError: a checkpoint or the model cannot be written.
        TrainingError: the loss is no longer a number, or a checkpoint is not whole.
    """
    folder, data = run.out / stage.name, run.data[stage.name]
    target = model_folder(run.out, stage.name)
    steps = stage.steps or stage_steps(
        data.epoch_samples, batch_samples=stage.batch_samples, epochs=stage.epochs
    )
    with held_folder(folder, run.processes):
        if run.processes.is_main:
            describe_stage(folder, run.recipe, data)
        meter = make_meter(model, plan, run.recipe, run.processes)
        checkpoints = _prepare(run, stage, plan, model)
        saved = checkpoints.newest()
        _tell_stage(run, stage, steps, model, saved)
        engine = _start(run, stage, plan, model, saved)
        start = saved.step if saved else 0
        losses = _train(run, stage, range(start, steps), engine, checkpoints, meter)
        save_trained(target, model, run.processor, lora=stage.lora, processes=run.processes)
        engine.destroy()
    return StageResult(name=stage.name, losses=tuple(losses), model=target)


def _train(
    run: Run,
    stage: StageRecipe,
    todo: range,
    engine: Any,
    checkpoints: StageCheckpoints,
    meter: Meter,
) -> list[float]:
    """Does the steps that are left, counted from 0; returns the losses of all."""
    folder, data = run.out / stage.name, run.data[stage.name]
    processes, recipe = run.processes, run.recipe
    start, steps = todo.start, todo.stop
    if run.processes.is_main:
        for name in (FAULTY, HELD_OUT_FILE):
            forget_after(folder / name, start)
    run.processes.wait()
    batches = stage_batches(
        data,
        recipe=run.recipe,
        stage=stage,
        steps=steps,
        processes=run.processes,
        start_step=start,
    )
    held_out = open_held_out(
        folder,
        data,
        recipe=recipe,
        stage=stage,
        limits=limits_of(recipe, stage),
        processes=processes,
    )
    with Recorder(
        folder, stage.name, start=start, steps=steps, recipe=recipe, processes=processes
    ) as recorder:
        watch = watch_stage(
            folder,
            stage.name,
            spike_factor=recipe.spike_factor,
            most_faulty=int(recipe.max_faulty_share * steps * stage.batch_samples),
            before=recorder.losses,
            meter=meter,
            processes=processes,
        )
        metrics = train_steps(
            engine,
            batches,
            recipe=recipe,
            stage=stage,
            steps=steps,
            epoch_samples=data.epoch_samples,
            watch=watch,
            processes=processes,
            start_step=start,
        )
        _follow(run, engine, metrics, recorder, checkpoints, held_out)
        recorder.tell_losses(held_out.latest if held_out else {})
    return recorder.losses


def _prepare(
    run: Run, stage: StageRecipe, plan: TrainPlan, model: EncoderMixtureForConditionalGeneration
) -> StageCheckpoints:
    """Makes a model ready to train, all of it still in each process."""
    cast_weights(model, DTYPES[run.recipe.precision])
    frozen = frozen_digests(model, plan.pattern_of, run.processes)
    make_trainable(model, run.recipe, stage, plan, run.processes)
    return StageCheckpoints(
        folder=run.out / stage.name,
        stage=stage.name,
        identity=run.identity,
        frozen=frozen,
        keep=run.recipe.keep_checkpoints,
        processes=run.processes,
    )


def _start(
    run: Run,
    stage: StageRecipe,
    plan: TrainPlan,
    model: EncoderMixtureForConditionalGeneration,
    saved: SavedStage | None,
) -> Any:
    """The engine, as it was when the checkpoint was written."""
    if saved is not None:
        saved.load_weights(model)
    groups = optimizer_groups(model, plan, stage)
    engine = start_engine(model, groups, recipe=run.recipe, stage=stage, processes=run.processes)
    if saved is not None:
        saved.load_optimizer(engine)
    return engine


def _follow(
    run: Run,
    engine: Any,
    metrics: Iterator[StepMetrics],
    recorder: Recorder,
    checkpoints: StageCheckpoints,
    held_out: HeldOut | None,
) -> None:
    """Records each step, and evaluates and saves when it is time to or when the run shall stop."""
    every, evaluate_every = run.recipe.save_every_steps, run.recipe.eval_every_steps
    for step in metrics:
        recorder.add(step)
        is_last = step.step == recorder.steps
        if held_out and evaluate_every and (is_last or step.step % evaluate_every == 0):
            held_out.evaluate(engine, step.step)
            recorder.add_held_out(step.step, held_out.latest)
        number = run.stop.agreed(run.processes)
        if is_last:
            return  # the model itself is saved next
        if number or (every and step.step % every == 0):
            recorder.sync()
            checkpoints.save(engine, step.step)
        if number:
            where = f"stage {recorder.stage}, step {step.step:,} of {recorder.steps:,},"
            raise stopped(number, where=where)


def _tell_stage(
    run: Run,
    stage: StageRecipe,
    steps: int,
    model: EncoderMixtureForConditionalGeneration,
    saved: SavedStage | None,
) -> None:
    trained = sum(tensor.numel() for tensor in model.parameters() if tensor.requires_grad)
    again = f"; goes on after step {saved.step:,}" if saved else ""
    run.processes.tell(
        f"\nstage {stage.name}: {steps:,} steps of {stage.batch_samples} samples; "
        f"{trained / 1e6:.1f}M parameters train{again}"
    )
