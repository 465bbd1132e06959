"""The metrics of a stage as they come, and those of the steps before it went on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from datakit.io.atomic import sync, write_whole
from trainer.recipe import Recipe
from trainer.training.metrics import METRICS_FILE, MetricsWriter, StepMetrics
from trainer.training.processes import Processes
from trainer.training.watch.boards import open_boards
from trainer.training.watch.by_origin import Loss
from trainer.training.watch.console import console_line, loss_table

CONSOLE_LINES = 20


class Recorder:
    """Writes and prints metrics in one process, and keeps the losses in every one.

    Attributes:
        losses: of all steps, those before the stage went on among them.
    """

    def __init__(
        self,
        folder: Path,
        stage: str,
        *,
        start: int,
        steps: int,
        recipe: Recipe,
        processes: Processes,
    ) -> None:
        """Takes up a stage after its first `start` steps: later ones are done again.

        Raises:
            UsageError: a board cannot be opened.
        """
        own = keep_steps(folder / METRICS_FILE, start) if processes.is_main else []
        self.losses: list[float] = processes.gather(own)[0]
        self.stage, self.steps = stage, steps
        self.processes = processes
        self._recent: list[StepMetrics] = []
        self._told: list[StepMetrics] = []
        self._open = ExitStack()
        self._writer: MetricsWriter | None = None

        def open_writer() -> None:
            if processes.is_main:
                name = f"{recipe.name}/{stage}"
                boards = open_boards(folder, start=start, wandb=recipe.wandb, name=name)
                self._writer = self._open.enter_context(MetricsWriter(folder, boards))

        processes.gather_or_raise(open_writer)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.close()

    def add(self, metrics: StepMetrics) -> None:
        """Takes one step."""
        self.losses.append(metrics.loss)
        if self._writer is None:
            return
        self._writer.write(metrics)
        self._recent.append(metrics)
        every = max(self.steps // CONSOLE_LINES, 1)
        if metrics.step % every == 0 or metrics.step == self.steps:
            self.processes.tell(console_line(self.stage, self.steps, self._recent))
            self._told, self._recent = self._recent, []

    def add_held_out(self, step: int, losses: Mapping[str, Loss]) -> None:
        """Takes the held-out losses after a step, by source."""
        if self._writer is not None:
            self._writer.write_held_out(step, losses)

    def tell_losses(self, held_out: Mapping[str, Loss]) -> None:
        """Prints the losses of sources and templates over the steps of the last console line."""
        table = loss_table(self._told, held_out)
        if table:
            self.processes.tell(table)

    def sync(self) -> None:
        """Puts what was written on the disk: a checkpoint must not be ahead of its metrics."""
        if self._writer is not None:
            sync(self._writer.path)


def keep_steps(file: Path, steps: int | None) -> list[float]:
    """Cuts a file of metrics after so many steps, None for all, and returns their losses.

    A kill may have left a last line that is not whole; it is of a later step.
    """
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.is_file() else []
    kept = lines[:steps]
    if len(kept) < len(lines):
        write_whole(file, "".join(kept).encode())
    return [json.loads(line)["loss"] for line in kept]


def forget_after(file: Path, step: int) -> None:
    """Removes lines of steps after `step` from a file: they will be done again."""
    if not file.is_file():
        return
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    whole = (line for line in lines if line.endswith("\n"))
    kept = [line for line in whole if json.loads(line)["step"] <= step]
    if len(kept) < len(lines):
        write_whole(file, "".join(kept).encode())
