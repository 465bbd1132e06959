"""The loss of samples that nothing is learned from."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import datakit
from trainer.data.blend import StageData
from trainer.data.held_out import FixedOrder, held_out_rows, join_held_out
from trainer.data.loader import StepBatches, load_steps
from trainer.data.micro_batches import Limits
from trainer.data.select import Selection
from trainer.data.streaming import StreamedData
from trainer.recipe import Recipe, StageRecipe
from trainer.training.processes import Processes
from trainer.training.stage_data import AnyData, measure_rows_together
from trainer.training.trainable import set_modes
from trainer.training.watch.by_origin import Loss, OriginLosses, by_source, by_template, overall
from trainer.training.watch.console import held_out_line

HELD_OUT_FILE = "held_out.jsonl"


class HeldOut:
    """Evaluates a stage's model, all processes together, and writes what it finds.

    Attributes:
        latest: losses by source of the last evaluation; empty before the first.
    """

    def __init__(
        self,
        folder: Path,
        data: StageData,
        *,
        recipe: Recipe,
        limits: Limits,
        processes: Processes,
        batch_samples: int,
    ) -> None:
        self.path = folder / HELD_OUT_FILE
        self.recipe, self.processes = recipe, processes
        self.order = FixedOrder(samples=len(data.sizes), batch_samples=batch_samples)
        self.batches = StepBatches(
            data,
            order=self.order,
            limits=limits,
            rank=processes.rank,
            ranks=processes.count,
        )
        self.latest: dict[str, Loss] = {}

    def evaluate(self, engine: Any, step: int) -> None:
        """Finds the losses after a step, and writes and prints them."""
        losses, samples, faulty = OriginLosses(), 0, 0
        _set_for_evaluation(engine.module)
        with torch.no_grad():
            for batch in load_steps(
                self.batches, range(self.order.steps), processes=0, pin_memory=False
            ):
                samples, faulty = samples + len(batch.keys), faulty + len(batch.faulty)
                for micro_batch in batch.micro_batches:
                    inputs = micro_batch.inputs_on(self.processes.device)
                    losses.add(micro_batch, engine(**inputs, use_cache=False).logits)
        set_modes(engine.module)
        found = losses.over_all(self.processes)
        all_samples, all_faulty = map(int, self.processes.sums(samples, faulty))
        all_, self.latest = overall(found), by_source(found)
        self.processes.tell(held_out_line(step, all_samples, all_, self.latest))
        told = {
            "step": step,
            **asdict(all_),
            "samples": all_samples,
            "replaced_samples": all_faulty,
            "loss_by_source": {name: asdict(loss) for name, loss in self.latest.items()},
            "loss_by_template": {name: asdict(own) for name, own in by_template(found).items()},
        }
        if self.processes.is_main:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(told) + "\n")


def open_held_out(
    folder: Path,
    data: AnyData,
    *,
    recipe: Recipe,
    stage: StageRecipe,
    limits: Limits,
    processes: Processes,
) -> HeldOut | None:
    """What a stage is evaluated on; None where it is not, which is told.

    Raises:
        DataError: a held-out sample is damaged.
    """
    if recipe.eval_every_steps is None:
        return None
    if isinstance(data, StreamedData):
        builds, processor = [datakit.open(str(build.path)) for build in data.builds], data.processor
    else:
        builds, processor = list(data.samples.builds), data.samples.processor
    rows = [held_out_rows(build, samples_of_source=recipe.eval_samples) for build in builds]
    cut_tokens = stage.max_tokens if recipe.over_long == "cut" else None
    sizes = [
        measure_rows_together(build, own, processor, cut_tokens=cut_tokens, processes=processes)
        for build, own in zip(builds, rows, strict=True)
    ]
    selection = Selection(max_tokens=stage.max_tokens, max_views=recipe.micro_batch_views)
    joined = join_held_out(builds, rows, sizes, processor, selection)
    if joined is None:
        processes.tell("held out: the builds have no samples of the split val, so no such loss")
        return None
    return HeldOut(
        folder,
        joined,
        recipe=recipe,
        limits=limits,
        processes=processes,
        batch_samples=stage.batch_samples,
    )


def _set_for_evaluation(model: torch.nn.Module) -> None:
    """Dropout off; but the model itself still sends a blank view through the encoders where there
    is no image, for at ZeRO-3 processes gather weights together."""
    model.eval()
    model.training = True
