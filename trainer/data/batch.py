"""The tensors of one forward, and those of one step.

Legend: B rows, N views of all rows, L tokens of the longest row, S side of a view in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain

import torch
from torch import Tensor

from trainer.data.faulty import FaultySample
from trainer.data.samples import Origin
from trainer.data.select import DroppedSample
from trainer.model.conversation import IGNORED_LABEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one forward takes: padded rows of a sample each, or one row with all of them.

    Attributes:
        input_ids, labels: (B, L).
        attention_mask: (B, L), 0 at padding; None where samples are packed.
        position_ids: (1, L), from 0 in each sample, where samples are packed: that is what keeps
            them apart. None where each has a row.
        pixel_values: uint8, (N, 3, S, S), in the order of their tokens; N may be 0.
        view_areas: (N, 4); see `View`.
        keys: of the samples; none where this process only keeps in step with others.
        origins: of the exchanges of all samples, each once.
        origin_of: (B, L), for each token that is learned its number in `origins`.
        num_tokens: padding not counted.
        squared_tokens: sum of the squares of the samples' lengths, to which attention's cost is
            proportional.
        num_images: that the views are of.
    """

    input_ids: Tensor
    labels: Tensor
    attention_mask: Tensor | None
    position_ids: Tensor | None
    pixel_values: Tensor
    view_areas: Tensor
    keys: tuple[str, ...]
    origins: tuple[Origin, ...]
    origin_of: Tensor
    num_tokens: int
    squared_tokens: int
    num_images: int

    @property
    def num_label_tokens(self) -> int:
        """Tokens that the model learns to write; the first of a sample is never predicted."""
        return int((self.labels[:, 1:] != IGNORED_LABEL).sum())

    def inputs_on(self, device: torch.device) -> dict[str, Tensor]:
        """What the model takes, on a device."""
        return {
            name: tensor.to(device, non_blocking=True) for name, tensor in self._tensors.items()
        }

    def pin_memory(self) -> Batch:
        """The same in memory that a GPU copies from; the loader calls it."""
        tensors = {**self._tensors, "origin_of": self.origin_of}
        pinned = {name: tensor.pin_memory() for name, tensor in tensors.items()}
        return replace(self, **pinned)  # type: ignore[arg-type]

    @property
    def num_forwarded_tokens(self) -> int:
        """Tokens, padding among them."""
        return self.input_ids.numel()

    @property
    def _tensors(self) -> dict[str, Tensor]:
        tensors = {
            "input_ids": self.input_ids,
            "labels": self.labels,
            "attention_mask": self.attention_mask,
            "position_ids": self.position_ids,
            "pixel_values": self.pixel_values,
            "view_areas": self.view_areas,
        }
        return {name: tensor for name, tensor in tensors.items() if tensor is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBatch:
    """One process's share of a step.

    Attributes:
        micro_batches: one forward each; every process has equally many.
        faulty: samples that could not be read.
        dropped: samples that were found too long, or without anything to learn, on the way.
    """

    micro_batches: tuple[Batch, ...]
    faulty: tuple[FaultySample, ...] = ()
    dropped: tuple[DroppedSample, ...] = ()

    @property
    def num_tokens(self) -> int:
        """Tokens, padding not counted."""
        return sum(batch.num_tokens for batch in self.micro_batches)

    @property
    def num_label_tokens(self) -> int:
        """Tokens that the model learns to write."""
        return sum(batch.num_label_tokens for batch in self.micro_batches)

    @property
    def num_views(self) -> int:
        """Views that the encoders see."""
        return sum(len(batch.pixel_values) for batch in self.micro_batches)

    @property
    def num_images(self) -> int:
        """Images that the views are of."""
        return sum(batch.num_images for batch in self.micro_batches)

    @property
    def num_forwarded_tokens(self) -> int:
        """Tokens, padding among them."""
        return sum(batch.num_forwarded_tokens for batch in self.micro_batches)

    @property
    def squared_tokens(self) -> int:
        """Sum of the squares of the samples' lengths."""
        return sum(batch.squared_tokens for batch in self.micro_batches)

    @property
    def keys(self) -> tuple[str, ...]:
        """Of the samples."""
        return tuple(chain.from_iterable(batch.keys for batch in self.micro_batches))

    def pin_memory(self) -> StepBatch:
        """The same in memory that a GPU copies from; the loader calls it."""
        return replace(self, micro_batches=tuple(b.pin_memory() for b in self.micro_batches))
