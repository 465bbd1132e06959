"""All that watches the steps of one stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.data.batch import StepBatch
from trainer.training.processes import Processes
from trainer.training.sample_log import SampleLog
from trainer.training.watch.counts import Meter, StepCounts
from trainer.training.watch.guard import LossGuard


@dataclass(frozen=True, slots=True, kw_only=True)
class StageWatch:
    """What watches the steps of one stage.

    Attributes:
        log: where samples are noted that cannot be used.
    """

    log: SampleLog
    guard: LossGuard
    meter: Meter

    def note(self, step: int, batch: StepBatch, counts: StepCounts) -> None:
        """Notes the samples of a step that cannot be used.

        Raises:
            TrainingError: they are too many, in every process.
        """
        self.log.note_faulty(step, batch.faulty, counts.faulty)
        self.log.note_dropped(step, batch.dropped, counts.dropped)


def watch_stage(
    folder: Path,
    stage: str,
    *,
    spike_factor: float | None,
    most_faulty: int,
    before: Sequence[float],
    meter: Meter,
    processes: Processes,
) -> StageWatch:
    """What watches a stage; see `LossGuard` and `SampleLog`."""
    return StageWatch(
        log=SampleLog(folder, most_faulty=most_faulty, processes=processes),
        guard=LossGuard(
            folder, stage, spike_factor=spike_factor, before=before, processes=processes
        ),
        meter=meter,
    )
