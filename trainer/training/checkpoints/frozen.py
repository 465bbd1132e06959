"""Digests of what does not train, which a checkpoint leaves out."""

from __future__ import annotations

from collections.abc import Container, Mapping
from hashlib import blake2b
from pathlib import Path

import torch
from torch import Tensor, nn

from trainer.errors import TrainingError
from trainer.training.processes import Processes

SHOWN = 5


def frozen_digests(
    model: nn.Module, trained: Container[str], processes: Processes
) -> dict[str, str]:
    """A digest of each tensor that is saved and does not train, the same in every process.

    The work is shared out; the model must not be spread over the processes yet.
    """
    tensors = [pair for pair in model.state_dict().items() if pair[0] not in trained]
    own = [(name, tensor_digest(tensor)) for name, tensor in processes.share_of(tensors)]
    return dict(sorted(pair for part in processes.gather(own) for pair in part))


def check_frozen(saved: Mapping[str, str], found: Mapping[str, str], checkpoint: Path) -> None:
    """Checks that a stage goes on from the frozen weights that it began with.

    Raises:
        TrainingError: it does not; the tensors are named.
    """
    changed = [name for name in {**saved, **found} if saved.get(name) != found.get(name)]
    if changed:
        more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
        raise TrainingError(
            f"{checkpoint} was written with other frozen weights: {', '.join(changed[:SHOWN])}"
            f"{more}. Put back the weights that the stage started from, or remove its folder to "
            "train it anew."
        )


def tensor_digest(tensor: Tensor) -> str:
    """A digest of a tensor's bytes."""
    whole = tensor.detach().to("cpu").contiguous().reshape(-1)
    return blake2b(whole.view(torch.uint8).numpy().data, digest_size=16).hexdigest()
