"""Stops a run whose loss is no number any more, or far above what it was."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from datakit.io.atomic import write_whole
from trainer.data.batch import StepBatch
from trainer.errors import DivergedError
from trainer.training.processes import Processes

WINDOW_STEPS = 100  # whose median a loss is compared with
FIRST_STEPS = 20  # that are never a spike: the loss falls too fast to know


class LossGuard:
    """Looks at each step's loss; what it does not like, it writes down.

    Args:
        folder: of the stage.
        spike_factor: how many times the running median a loss may be; None for any.
        before: losses of the steps before the stage went on.
    """

    def __init__(
        self,
        folder: Path,
        stage: str,
        *,
        spike_factor: float | None,
        before: Sequence[float],
        processes: Processes,
    ) -> None:
        self.folder, self.stage = folder, stage
        self.spike_factor = spike_factor
        self.processes = processes
        self._recent = deque(before, maxlen=WINDOW_STEPS)

    def check(
        self,
        step: int,
        batch: StepBatch,
        *,
        loss: float,
        grad_norm: float,
        rates: Mapping[str, float],
    ) -> None:
        """Looks at one step; loss and norm are the same in all processes.

        Raises:
            DivergedError: it stops here; the batch is in `stopped-step-000123.json`.
        """
        usual = median(self._recent) if len(self._recent) >= FIRST_STEPS else None
        fault = self._fault(loss, grad_norm, usual)
        self._recent.append(loss)
        if not fault:
            return
        path = self.folder / f"stopped-step-{step:06}.json"
        told = {
            "stage": self.stage,
            "step": step,
            "reason": fault,
            "loss": _text(loss),
            "median_loss": usual,
            "grad_norm": _text(grad_norm),
            "lr": dict(rates),
            # By process and micro-batch.
            "sample_keys": self.processes.gather([part.keys for part in batch.micro_batches]),
        }
        if self.processes.is_main:
            write_whole(path, json.dumps(told, indent=2).encode() + b"\n")
        raise DivergedError(
            f"stage {self.stage!r}, step {step:,}: {fault}. The keys of its samples are in {path}; "
            "`datakit why DIR KEY` tells of one. A lower learning rate may help; the same command "
            "goes on from the last checkpoint."
        )

    def _fault(self, loss: float, grad_norm: float, usual: float | None) -> str:
        """What is wrong; empty where nothing is."""
        if not (math.isfinite(loss) and math.isfinite(grad_norm)):
            return f"the loss is {loss}, the norm of its gradient {grad_norm}"
        if self.spike_factor and usual is not None and loss > self.spike_factor * usual:
            return (
                f"the loss is {loss:.4g}, more than {self.spike_factor:g} times (spike_factor) the "
                f"median {usual:.4g} of {len(self._recent)} steps before"
            )
        return ""


def _text(number: float) -> Any:
    """A number, or its name: JSON has none that is not finite."""
    return number if math.isfinite(number) else str(number)
