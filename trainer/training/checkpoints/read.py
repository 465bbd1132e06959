"""Reads a checkpoint into a model, and into its engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from trainer.errors import TrainingError
from trainer.training.checkpoints.engine_state import (
    KINDS,
    WEIGHT,
    make_moments,
    write_tensor,
)
from trainer.training.checkpoints.write import trained_parameters


class CheckpointTensors:
    """The tensors of a checkpoint, by kind and name, read when they are asked for."""

    def __init__(self, folder: Path) -> None:
        """Opens all files.

        Raises:
            TrainingError: one of them cannot be read.
        """
        self.folder = folder
        self._files = ExitStack()
        self._file_of: dict[str, Any] = {}
        try:
            for path in sorted(folder.glob("trained-*.safetensors")):
                file = self._files.enter_context(safe_open(path, framework="pt"))
                self._file_of |= dict.fromkeys(file.keys(), file)
        except (OSError, SafetensorError) as error:
            raise TrainingError(
                f"{path} cannot be read: {error}. Remove {folder}; the checkpoint before it serves."
            ) from error

    def __enter__(self) -> CheckpointTensors:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def weights(self) -> Iterator[tuple[str, Tensor]]:
        """Name and fp32 weight of all that trained."""
        for key in self._file_of:
            kind, _, name = key.partition("/")
            if kind == WEIGHT:
                yield name, self.tensor(kind, name)

    def tensor(self, kind: str, name: str) -> Tensor:
        """One tensor."""
        key = f"{kind}/{name}"
        tensor: Tensor = self._file_of[key].get_tensor(key)
        return tensor

    def check(self, model: nn.Module) -> None:
        """Checks that it holds what trains in a model, and no more.

        Raises:
            TrainingError: it does not.
        """
        wanted = {f"{kind}/{name}" for name, _ in trained_parameters(model) for kind in KINDS}
        wrong = sorted(wanted ^ set(self._file_of))
        if wrong:
            raise TrainingError(
                f"{self.folder} holds other tensors than those that train: {', '.join(wrong[:5])}."
            )


@torch.no_grad()
def load_weights(model: nn.Module, tensors: CheckpointTensors) -> None:
    """Puts the trained weights into a model that is not spread over processes yet."""
    tensors.check(model)
    for name, parameter in trained_parameters(model):
        parameter.copy_(tensors.tensor(WEIGHT, name))


def load_optimizer(engine: Any, tensors: CheckpointTensors, *, step: int) -> None:
    """Puts fp32 weights and moments into an engine after `step` steps; every process calls it."""
    make_moments(engine, step=step)
    for name, parameter in trained_parameters(engine.module):
        for kind in KINDS:
            value = tensors.tensor(kind, name).to(parameter.device)
            write_tensor(engine, parameter, kind, value)
