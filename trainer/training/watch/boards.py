"""Where the curves of a stage are drawn: TensorBoard, and Weights & Biases where it is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from torch.utils.tensorboard import SummaryWriter

from datakit.errors import UsageError

WANDB_ID_FILE = "wandb-id"


class Board(Protocol):
    """Draws values over steps."""

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Takes the values after a step, counted from 1, by name."""

    def close(self) -> None:
        """Writes what is left."""


class TensorBoard:
    """TensorBoard's files in the folder of a stage."""

    def __init__(self, folder: Path, *, start: int) -> None:
        """Goes on after the first `start` steps; what it had of later ones is forgotten."""
        self._writer = SummaryWriter(str(folder), purge_step=start + 1 if start else None)

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """See `Board`."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """See `Board`."""
        self._writer.close()


class WeightsAndBiases:
    """A run of Weights & Biases; `WANDB_MODE=offline` keeps it in the folder of the stage.

    A stage that goes on is the same run. Steps that are done again are drawn again.
    """

    def __init__(self, folder: Path, *, project: str, name: str) -> None:
        """Starts the run, or takes it up; `check_wandb` was called.

        Raises:
            UsageError: it cannot be started; without a key, for example.
        """
        import wandb

        try:
            self._run = wandb.init(
                project=project,
                name=name,
                dir=folder,
                id=_run_id(folder),
                resume="allow",
                settings=wandb.Settings(silent=True),
            )
        except wandb.Error as error:
            raise UsageError(f"wandb: {project}: {error}") from error
        self._run.define_metric("*", step_metric="step")

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """See `Board`."""
        self._run.log({"step": step, **values})

    def close(self) -> None:
        """See `Board`."""
        self._run.finish()


def open_boards(folder: Path, *, start: int, wandb: str | None, name: str) -> list[Board]:
    """The boards of a stage, which goes on after its first `start` steps.

    Args:
        wandb: project of Weights & Biases, None for no run there.
        name: of the run there.

    Raises:
        UsageError: a run of Weights & Biases cannot be started.
    """
    boards: list[Board] = [TensorBoard(folder, start=start)]
    if wandb is not None:
        boards.append(WeightsAndBiases(folder, project=wandb, name=name))
    return boards


def check_wandb(project: str | None) -> None:
    """Checks that what `wandb` asks for is installed.

    Raises:
        UsageError: it is not.
    """
    if project is not None and find_spec("wandb") is None:
        raise UsageError(
            f"wandb: {project}, but wandb is not installed (pip install wandb). "
            "Leave the key out for TensorBoard alone."
        )


def _run_id(folder: Path) -> str:
    """Of the run that shows this stage, drawn when it first starts."""
    file = folder / WANDB_ID_FILE
    if not file.is_file():
        file.write_text(uuid4().hex[:12])
    return file.read_text()
