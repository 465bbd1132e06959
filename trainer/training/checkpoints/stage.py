"""The checkpoints of one stage: when a run goes on, and what it goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from trainer.training.checkpoints.folders import (
    FORMAT_VERSION,
    checkpoint_folder,
    read_state,
    remove_older,
    remove_unfinished,
    whole_checkpoints,
)
from trainer.training.checkpoints.frozen import check_frozen
from trainer.training.checkpoints.read import CheckpointTensors, load_optimizer, load_weights
from trainer.training.checkpoints.write import write_checkpoint
from trainer.training.identity import check_identity
from trainer.training.processes import Processes


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCheckpoints:
    """Writes and finds a stage's checkpoints.

    Attributes:
        folder: of the stage.
        identity: of the run; see `run_identity`.
        frozen: digest of each frozen tensor, by name.
        keep: how many stay, the newest; None for all.
    """

    folder: Path
    stage: str
    identity: Mapping[str, Any]
    frozen: Mapping[str, str]
    keep: int | None
    processes: Processes

    def save(self, engine: Any, step: int) -> None:
        """Writes the checkpoint after a step, counted from 1; every process calls it.

        Raises:
            OutputError: it cannot be written; those before it stay.
        """
        state = {
            "format_version": FORMAT_VERSION,
            "step": step,
            "stage": self.stage,
            "processes": self.processes.count,
            "identity": dict(self.identity),
            "frozen": dict(self.frozen),
        }
        write_checkpoint(checkpoint_folder(self.folder, step), engine, state, self.processes)
        if self.processes.is_main and self.keep is not None:
            remove_older(self.folder, self.keep)

    def newest(self) -> SavedStage | None:
        """The newest whole checkpoint, the same for every process; None where there is none.

        Raises:
            OutputError: it is another run's; the differences are listed.
            TrainingError: it cannot be read, or its frozen weights were others.
        """
        if self.processes.is_main:
            remove_unfinished(self.folder)
        found = self.processes.gather([str(path) for path in whole_checkpoints(self.folder)])[0]
        if not found:
            return None
        folder = Path(found[-1])
        state = read_state(folder)
        check_identity(state["identity"], self.identity, where=folder)
        check_frozen(state["frozen"], self.frozen, folder)
        return SavedStage(folder=folder, step=state["step"])


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedStage:
    """A checkpoint to go on from.

    Attributes:
        step: the last one that was done.
    """

    folder: Path
    step: int

    def load_weights(self, model: nn.Module) -> None:
        """Puts the weights into a model, before an engine has it."""
        with CheckpointTensors(self.folder) as tensors:
            load_weights(model, tensors)

    def load_optimizer(self, engine: Any) -> None:
        """Puts fp32 weights and moments into an engine; every process calls it."""
        with CheckpointTensors(self.folder) as tensors:
            load_optimizer(engine, tensors, step=self.step)
